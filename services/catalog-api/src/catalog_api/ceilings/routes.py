"""Ceilings and exceptions to them over HTTP."""

from typing import Annotated, Any

from fastapi import Query, Response

from catalog_api.ceilings import actions, queries
from catalog_api.ceilings.schemas import CeilingExceptionCreate, CeilingExceptionOut, CeilingsOut
from catalog_api.registry.queries import require_service
from shared.kit.auth import Principal, requires
from shared.kit.clock import now
from shared.kit.database import Session
from shared.kit.idempotency import Idempotent
from shared.kit.pagination import PageQuery, page_of
from shared.kit.problems import problem_responses
from shared.kit.routing import Router
from shared.schemas.common import Key, Page

router = Router(prefix="/v1/services/{key}", tags=["ceilings"])

CatalogRead = Annotated[Principal, requires("catalog:read")]
ExceptionWrite = Annotated[Principal, requires("approvals:write")]


@router.get("/ceilings", operation_id="get_service_ceilings", responses=problem_responses(404))
async def get_service_ceilings(key: Key, session: Session, caller: CatalogRead) -> CeilingsOut:
    """What a service's hard dependencies, however deep, allow it to promise, and who limits it.

    Availability is the product of theirs, as agreed; recovery is the longest of its own recovery
    time and theirs. Where one of them has no figure the ceiling is unknown.
    """
    await require_service(session, key)
    return await actions.ceilings_of(session, key)


@router.post(
    "/ceiling-exceptions",
    status_code=201,
    operation_id="record_ceiling_exception",
    response_model=CeilingExceptionOut,
    responses=problem_responses(404, 409),
)
async def record_ceiling_exception(
    key: Key,
    body: CeilingExceptionCreate,
    session: Session,
    caller: ExceptionWrite,
    response: Response,
    _: Idempotent,
) -> Any:
    """Let the service promise more than its ceiling, with a reason, a risk owner and an end."""
    row = await actions.record_ceiling_exception(session, caller, key, body)
    response.headers["Location"] = f"/v1/services/{key}/ceiling-exceptions"
    return row


@router.get(
    "/ceiling-exceptions",
    operation_id="list_ceiling_exceptions",
    response_model=Page[CeilingExceptionOut],
    responses=problem_responses(404),
)
async def list_ceiling_exceptions(
    key: Key,
    session: Session,
    caller: CatalogRead,
    page: PageQuery,
    valid: Annotated[bool, Query(description="only those that have not expired")] = False,
) -> Any:
    """Exceptions as they were recorded."""
    await require_service(session, key)
    valid_on = now().date() if valid else None
    rows = await queries.list_exceptions(session, key, page, valid_on=valid_on)
    return page_of(rows, page, key=lambda row: (row.recorded_at, row.id))
