"""Samples over HTTP."""

from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import Header, Query, Request

from metrics_api.indicators.parameters import AsOf
from metrics_api.intake.bodies import media_type, records_of
from metrics_api.samples import actions, queries
from metrics_api.samples.schemas import SampleOut, SamplesReply
from metrics_api.slis.queries import get_sli
from metrics_api.slis.rules import RatioParts
from metrics_api.slis.schemas import ObjectKey
from shared.errors import Invalid
from shared.kit.auth import Principal, requires
from shared.kit.clock import now
from shared.kit.database import Session
from shared.kit.pagination import PageQuery, page_of
from shared.kit.problems import problem_responses
from shared.kit.routing import Router
from shared.schemas.common import Page, Timestamp

router = Router(prefix="/v1/slis", tags=["slis"])

MetricsRead = Annotated[Principal, requires("metrics:read")]
SlosWrite = Annotated[Principal, requires("slos:write")]

_RATIO = {"at": "2026-03-01T08:30:00Z", "good": 998, "total": 1000}
_SAMPLE = {
    "type": "object",
    "required": ["at"],
    "additionalProperties": False,
    "properties": {
        "at": {"type": "string", "format": "date-time"},
        "series": {"type": "string", "maxLength": 200},
        **{name: {"type": ["number", "null"]} for name in ("good", "bad", "total", "value")},
    },
}
BODY = {
    "required": True,
    "content": {
        "application/json": {
            "schema": {"type": "array", "items": _SAMPLE, "maxItems": 10_000},
            "example": [_RATIO],
        },
        "application/x-ndjson": {
            "schema": {"type": "string", "description": "one such object a line"},
        },
    },
}


@router.post(
    "/{key}/samples",
    operation_id="push_samples",
    openapi_extra={"requestBody": BODY},
    responses=problem_responses(400, 404, 409, 413, 415),
)
async def push_samples(
    key: ObjectKey,
    request: Request,
    session: Session,
    caller: SlosWrite,
    content_type: Annotated[str | None, Header(include_in_schema=False)] = None,
    content_encoding: Annotated[
        str | None, Header(description="gzip, or absent", examples=["gzip"])
    ] = None,
) -> SamplesReply:
    """Take in samples of an SLI: NDJSON, or a JSON array of up to 10,000; 16 MiB at most.

    A sample is known by `at` and `series`: sending it again is harmless, another value replaces
    it, a late one counts where it belongs. Those that are not accepted are listed.
    """
    records = records_of(_body_of(request), media_type(content_type), content_encoding)
    push = await actions.begin_push(session, key)
    async for some in records:
        await actions.take_in(session, push, some)
    return await actions.end_push(session, push)


async def _body_of(request: Request) -> AsyncIterator[bytes]:
    yield await request.body()


@router.get(
    "/{key}/samples",
    operation_id="list_samples",
    response_model=Page[SampleOut],
    responses=problem_responses(404),
)
async def list_samples(
    key: ObjectKey,
    session: Session,
    caller: MetricsRead,
    page: PageQuery,
    since: Annotated[Timestamp | None, Query(alias="from")] = None,
    until: Annotated[Timestamp | None, Query(alias="to", description="exclusive")] = None,
    as_of: AsOf = None,
) -> Any:
    """Samples of an SLI as they were sent last, or had been by a moment, the newest first."""
    sli = await get_sli(session, key)
    if as_of is not None and as_of > now():
        raise Invalid("as_of lies in the future", pointer="/query/as_of")
    rows = await queries.list_samples(session, key, (since, until), page, as_of)
    found = page_of(rows, page, lambda row: (row.at, row.series))
    return {**found, "items": [_out(row, sli.parts) for row in found["items"]]}


def _out(row: Any, parts: str | None) -> SampleOut:
    return SampleOut(
        at=row.at,
        series=row.series,
        good=row.part if parts == RatioParts.GOOD_TOTAL else None,
        bad=row.part if parts == RatioParts.BAD_TOTAL else None,
        total=row.total,
        value=row.value,
        received_at=row.received_at,
    )
