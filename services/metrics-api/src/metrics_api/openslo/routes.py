"""HTTP of OpenSLO documents."""

from typing import Annotated, Any

import orjson
from fastapi import Query, Request, Response
from starlette.concurrency import run_in_threadpool

from metrics_api.openslo import actions
from metrics_api.openslo.reading import documents_of
from metrics_api.openslo.schemas import OpenSloReply
from metrics_api.openslo.yaml_text import objects_of, text_of
from metrics_api.slis.schemas import ObjectKey
from shared.errors import BadRequest
from shared.kit.auth import Principal, requires
from shared.kit.database import Session
from shared.kit.problems import problem_responses
from shared.kit.routing import Router
from shared.schemas.common import Key

router = Router(prefix="/v1/openslo", tags=["openslo"])

MetricsRead = Annotated[Principal, requires("metrics:read")]
SlosWrite = Annotated[Principal, requires("slos:write")]
_PUSHED = {"type": "Tollgate", "spec": {"feed": {"kind": "samples"}}}
_EXAMPLE = {
    "apiVersion": "openslo/v1",
    "kind": "SLO",
    "metadata": {"name": "checkout-answers"},
    "spec": {
        "service": "erp",
        "indicator": {
            "metadata": {"name": "checkout-answered"},
            "spec": {
                "ratioMetric": {
                    "good": {"metricSource": _PUSHED},
                    "total": {"metricSource": _PUSHED},
                }
            },
        },
        "budgetingMethod": "Occurrences",
        "timeWindow": [{"duration": "28d", "isRolling": True}],
        "objectives": [{"target": 0.99}],
    },
}
_TEXT: dict[str, Any] = {
    "schema": {
        "type": "string",
        "description": "OpenSLO v1 objects: YAML documents, lists of objects, or JSON",
    },
    "example": text_of([_EXAMPLE]),
}
_DOCUMENTS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "OpenSLO v1 objects",
        "content": {
            "application/yaml": {"schema": {"type": "string"}},
            "application/json": {"schema": {"type": "array", "items": {"type": "object"}}},
        },
    }
}


@router.post(
    "",
    operation_id="import_openslo",
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/yaml": _TEXT,
                "application/json": {"schema": {}, "example": [_EXAMPLE]},
            },
        }
    },
    responses=problem_responses(400, 413),
)
async def import_openslo(
    request: Request,
    session: Session,
    caller: SlosWrite,
    dry_run: Annotated[bool, Query(description="say what would come of it, write nothing")] = False,
) -> OpenSloReply:
    """Import SLIs, SLOs, alert policies and data sources, all of them or none.

    Importing the same documents again changes nothing, so it needs no Idempotency-Key.
    """
    objects = await run_in_threadpool(objects_of, _text(await request.body()))
    documents = await run_in_threadpool(documents_of, objects)
    if not dry_run:
        return await actions.import_documents(session, caller, documents, dry_run=False)
    async with session.begin_nested() as tried:
        reply = await actions.import_documents(session, caller, documents, dry_run=True)
        await tried.rollback()
    return reply


def _text(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError:
        raise BadRequest("The documents are not UTF-8", code="bad_yaml") from None


@router.get(
    "",
    operation_id="export_openslo",
    response_class=Response,
    responses={**_DOCUMENTS, **problem_responses(404)},
)
async def export_openslo(
    session: Session,
    caller: MetricsRead,
    service: Annotated[Key | None, Query(description="of this service only")] = None,
    slo: Annotated[ObjectKey | None, Query(description="this SLO only")] = None,
    as_json: Annotated[bool, Query(alias="json", description="JSON in place of YAML")] = False,
) -> Response:
    """Export SLIs, SLOs and alert policies as OpenSLO v1. What it has no word for stands in
    annotations that begin with `tollgate/`; importing it again changes nothing."""
    objects = await actions.export_documents(session, service, slo)
    if as_json:
        return Response(orjson.dumps(objects), media_type="application/json")
    body = await run_in_threadpool(text_of, objects)
    return Response(body, media_type="application/yaml")
