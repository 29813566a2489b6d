"""Service requirements over HTTP."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Response

from catalog_api.registry.queries import require_service
from catalog_api.requirements import actions, queries
from catalog_api.requirements.queries import RequirementFilters
from catalog_api.requirements.rules import Priority, RequirementState
from catalog_api.requirements.schemas import (
    RequirementCreate,
    RequirementMove,
    RequirementOut,
    RequirementPatch,
)
from shared.kit.auth import Principal, requires
from shared.kit.database import Session
from shared.kit.etag import IfMatch, set_etag
from shared.kit.idempotency import Idempotent
from shared.kit.pagination import PageParams, PageQuery, page_of
from shared.kit.problems import problem_responses
from shared.kit.routing import Router
from shared.schemas.common import Key, Page

router = Router(prefix="/v1", tags=["requirements"])

CatalogRead = Annotated[Principal, requires("catalog:read")]
CatalogWrite = Annotated[Principal, requires("catalog:write")]


@router.post(
    "/services/{key}/requirements",
    status_code=201,
    operation_id="create_requirement",
    response_model=RequirementOut,
    responses=problem_responses(404, 409),
)
async def create_requirement(
    key: Key,
    body: RequirementCreate,
    session: Session,
    caller: CatalogWrite,
    response: Response,
    _: Idempotent,
) -> Any:
    """Propose what a customer needs of the service, with the feedback it comes from."""
    requirement = await actions.create_requirement(session, caller, key, body)
    response.headers["Location"] = f"/v1/services/{key}/requirements/{requirement.id}"
    return _tagged(requirement, response)


@router.get(
    "/services/{key}/requirements",
    operation_id="list_service_requirements",
    response_model=Page[RequirementOut],
    responses=problem_responses(404),
)
async def list_service_requirements(
    key: Key,
    session: Session,
    caller: CatalogRead,
    page: PageQuery,
    customer: Key | None = None,
    state: RequirementState | None = None,
    priority: Priority | None = None,
) -> Any:
    """What customers need of the service, the oldest first."""
    await require_service(session, key)
    return await _page(session, RequirementFilters(key, customer, state, priority), page)


@router.get("/requirements", operation_id="list_requirements", response_model=Page[RequirementOut])
async def list_requirements(
    session: Session,
    caller: CatalogRead,
    page: PageQuery,
    service: Key | None = None,
    customer: Key | None = None,
    state: RequirementState | None = None,
    priority: Priority | None = None,
) -> Any:
    """What customers need of all services, the oldest first."""
    return await _page(session, RequirementFilters(service, customer, state, priority), page)


@router.get(
    "/services/{key}/requirements/{requirement_id}",
    operation_id="get_requirement",
    response_model=RequirementOut,
    responses=problem_responses(404),
)
async def get_requirement(
    key: Key, requirement_id: UUID, session: Session, caller: CatalogRead, response: Response
) -> Any:
    """One requirement with its state and the target that answers it."""
    return _tagged(await queries.get_requirement(session, key, requirement_id), response)


@router.patch(
    "/services/{key}/requirements/{requirement_id}",
    operation_id="change_requirement",
    response_model=RequirementOut,
    responses=problem_responses(404, 409, 412, 428),
)
async def change_requirement(
    key: Key,
    requirement_id: UUID,
    body: RequirementPatch,
    session: Session,
    caller: CatalogWrite,
    expected: IfMatch,
    response: Response,
) -> Any:
    """Change the fields that are named, as long as it is proposed."""
    changed = await actions.change_requirement(session, caller, key, requirement_id, body, expected)
    return _tagged(changed, response)


@router.post(
    "/services/{key}/requirements/{requirement_id}/state",
    operation_id="move_requirement",
    response_model=RequirementOut,
    responses=problem_responses(404, 409, 412, 428),
)
async def move_requirement(
    key: Key,
    requirement_id: UUID,
    body: RequirementMove,
    session: Session,
    caller: CatalogWrite,
    expected: IfMatch,
    response: Response,
) -> Any:
    """Accept, answer with a target, reject or withdraw; an answer that is gone is accepted again.

    From proposed to accepted, rejected, withdrawn; from accepted to answered, rejected, withdrawn;
    from answered to accepted, withdrawn.
    """
    moved = await actions.move_requirement(session, caller, key, requirement_id, body, expected)
    return _tagged(moved, response)


async def _page(session: Session, filters: RequirementFilters, page: PageParams) -> Any:
    rows = await queries.list_requirements(session, filters, page)
    return page_of(rows, page, key=lambda row: (row.created_at, row.id))


def _tagged(requirement: Any, response: Response) -> Any:
    set_etag(response, requirement.revision)
    return requirement
