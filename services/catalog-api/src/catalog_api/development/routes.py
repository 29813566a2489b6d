"""Development records over HTTP."""

from typing import Annotated, Any

from fastapi import Path, Response

from catalog_api.development import actions, queries, rules
from catalog_api.development.schemas import (
    ChecklistTick,
    DefaultChecklist,
    DevelopmentCreate,
    DevelopmentOut,
    DevelopmentPatch,
    TestResult,
)
from shared.kit.auth import Principal, requires
from shared.kit.database import Session
from shared.kit.etag import IfMatch, set_etag
from shared.kit.idempotency import Idempotent
from shared.kit.problems import problem_responses
from shared.kit.routing import Router
from shared.schemas.common import Key

router = Router(prefix="/v1", tags=["development"])

CatalogRead = Annotated[Principal, requires("catalog:read")]
CatalogWrite = Annotated[Principal, requires("catalog:write")]

_RECORD = "/services/{key}/development"


@router.get(
    "/development-checklist",
    operation_id="get_default_checklist",
    response_model=DefaultChecklist,
)
async def get_default_checklist(caller: CatalogRead) -> Any:
    """The transition readiness checklist that is taken where a record brings none."""
    return {"checklist": actions.default_checklist()}


@router.post(
    _RECORD,
    status_code=201,
    operation_id="create_development_record",
    response_model=DevelopmentOut,
    responses=problem_responses(404, 409),
)
async def create_development_record(
    key: Key,
    body: DevelopmentCreate,
    session: Session,
    caller: CatalogWrite,
    response: Response,
    _: Idempotent,
) -> Any:
    """Begin the development record of a service; a product skips it (409 `not_applicable`)."""
    record = await actions.create_record(session, caller, key, body)
    response.headers["Location"] = f"/v1/services/{key}/development"
    return _tagged(response, record)


@router.get(
    _RECORD,
    operation_id="get_development_record",
    response_model=DevelopmentOut,
    responses=problem_responses(404),
)
async def get_development_record(
    key: Key, session: Session, caller: CatalogRead, response: Response
) -> Any:
    """The parts of the record, whether they are ready for transition, and what is missing."""
    return _tagged(response, await queries.get_record(session, key))


@router.patch(
    _RECORD,
    operation_id="change_development_record",
    response_model=DevelopmentOut,
    responses=problem_responses(404, 409, 412, 428),
)
async def change_development_record(
    key: Key,
    body: DevelopmentPatch,
    session: Session,
    caller: CatalogWrite,
    expected: IfMatch,
    response: Response,
) -> Any:
    """Replace the parts that are named."""
    return _tagged(response, await actions.change_record(session, caller, key, body, expected))


@router.put(
    _RECORD + "/tests/{test}",
    operation_id="record_development_test",
    response_model=DevelopmentOut,
    responses=problem_responses(404, 409),
)
async def record_development_test(
    key: Key,
    test: Annotated[Key, Path(description="id of the test")],
    body: TestResult,
    session: Session,
    caller: CatalogWrite,
    response: Response,
) -> Any:
    """Keep the last run of one test, as a pipeline does; safe to repeat."""
    return _tagged(response, await actions.put_test(session, caller, key, test, body))


@router.put(
    _RECORD + "/checklist/{item}",
    operation_id="tick_checklist_item",
    response_model=DevelopmentOut,
    responses=problem_responses(404, 409),
)
async def tick_checklist_item(
    key: Key,
    item: Annotated[Key, Path(description="id of the item")],
    body: ChecklistTick,
    session: Session,
    caller: CatalogWrite,
    response: Response,
) -> Any:
    """Say that an item is done, or not any more; the record keeps who said so."""
    return _tagged(response, await actions.tick_item(session, caller, key, item, body))


def _tagged(response: Response, record: Any) -> dict[str, Any]:
    set_etag(response, record.revision)
    parts = record._asdict()
    missing = rules.missing_of(parts)
    return {**parts, "ready": not missing, "missing": [vars(one) for one in missing]}
