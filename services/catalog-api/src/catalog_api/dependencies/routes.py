"""Dependencies over HTTP."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Body, Depends, Query, Response

from catalog_api.dependencies import actions, bulk, queries
from catalog_api.dependencies.queries import DependencyFilters
from catalog_api.dependencies.rules import NodeKind, Strength
from catalog_api.dependencies.schemas import (
    DependencyCreate,
    DependencyItems,
    DependencyOut,
    DependencyPatch,
    DependencyUpsertReply,
)
from catalog_api.registry.queries import require_service
from shared.kit.auth import Principal, requires
from shared.kit.database import Session
from shared.kit.etag import IfMatch, set_etag
from shared.kit.idempotency import Idempotent
from shared.kit.pagination import PageQuery, page_of
from shared.kit.problems import problem_responses
from shared.kit.routing import Router
from shared.schemas.common import Key, Page

router = Router(prefix="/v1", tags=["dependencies"])

CatalogRead = Annotated[Principal, requires("catalog:read")]
CatalogWrite = Annotated[Principal, requires("catalog:write")]
OfService = Annotated[Strength | None, Query(description="hard or soft ones only")]


async def dependency_filters(
    consumer: Annotated[Key | None, Query(description="key of a service")] = None,
    provider_kind: NodeKind | None = None,
    provider: Annotated[Key | None, Query(description="key of what is depended on")] = None,
    strength: Strength | None = None,
) -> DependencyFilters:
    return DependencyFilters(consumer, provider_kind, provider, strength)


Filters = Annotated[DependencyFilters, Depends(dependency_filters)]


@router.post(
    "/dependencies/bulk",
    operation_id="upsert_dependencies",
    response_model=DependencyUpsertReply,
    responses=problem_responses(409),
)
async def upsert_dependencies(
    body: Annotated[DependencyItems, Body()],
    session: Session,
    caller: CatalogWrite,
    dry_run: Annotated[bool, Query(description="only show what would change")] = False,
) -> DependencyUpsertReply:
    """Create and change dependencies by consumer and provider: all of them, or none.

    Repeating it changes nothing. Only the fields an item names are changed. A dry run refuses
    whatever the real one would.
    """
    return await bulk.upsert_dependencies(session, caller, body, dry_run=dry_run)


@router.get(
    "/dependencies",
    operation_id="list_dependencies",
    response_model=Page[DependencyOut],
)
async def list_dependencies(
    session: Session, caller: CatalogRead, filters: Filters, page: PageQuery
) -> Any:
    """Every dependency by consumer, in the order of creation."""
    return await _page(session, filters, page)


@router.post(
    "/services/{key}/dependencies",
    status_code=201,
    operation_id="create_dependency",
    response_model=DependencyOut,
    responses=problem_responses(404, 409),
)
async def create_dependency(
    key: Key,
    body: DependencyCreate,
    session: Session,
    caller: CatalogWrite,
    response: Response,
    _: Idempotent,
) -> Any:
    """Let the service depend on another service or on a vendor product.

    Refused where it would close a cycle, share out more than the provider's whole cost, or leave
    a promise beyond its ceiling.
    """
    dependency = await actions.create_dependency(session, caller, key, body)
    response.headers["Location"] = f"/v1/services/{key}/dependencies/{dependency.id}"
    return _tagged(dependency, response)


@router.get(
    "/services/{key}/dependencies",
    operation_id="list_service_dependencies",
    response_model=Page[DependencyOut],
    responses=problem_responses(404),
)
async def list_service_dependencies(
    key: Key,
    session: Session,
    caller: CatalogRead,
    page: PageQuery,
    strength: OfService = None,
    provider_kind: NodeKind | None = None,
) -> Any:
    """What the service depends on directly, in the order of creation."""
    await require_service(session, key)
    return await _page(session, DependencyFilters(key, provider_kind, None, strength), page)


@router.get(
    "/services/{key}/dependencies/{dependency}",
    operation_id="get_dependency",
    response_model=DependencyOut,
    responses=problem_responses(404),
)
async def get_dependency(
    key: Key, dependency: UUID, session: Session, caller: CatalogRead, response: Response
) -> Any:
    """One dependency of the service."""
    return _tagged(await queries.get_dependency(session, key, dependency), response)


@router.patch(
    "/services/{key}/dependencies/{dependency}",
    operation_id="change_dependency",
    response_model=DependencyOut,
    responses=problem_responses(404, 409, 412, 428),
)
async def change_dependency(
    key: Key,
    dependency: UUID,
    body: DependencyPatch,
    session: Session,
    caller: CatalogWrite,
    expected: IfMatch,
    response: Response,
) -> Any:
    """Change strength, cost share or description."""
    changed = await actions.change_dependency(session, caller, (key, dependency), body, expected)
    return _tagged(changed, response)


@router.delete(
    "/services/{key}/dependencies/{dependency}",
    status_code=204,
    operation_id="remove_dependency",
    responses=problem_responses(404, 409),
)
async def remove_dependency(
    key: Key, dependency: UUID, session: Session, caller: CatalogWrite
) -> None:
    """Remove a dependency; the audit trail keeps what it was."""
    await actions.remove_dependency(session, caller, key, dependency)


async def _page(session: Session, filters: DependencyFilters, page: PageQuery) -> Any:
    rows = await queries.list_dependencies(session, filters, page)
    return page_of(rows, page, key=lambda row: (row.consumer, row.created_at, row.id))


def _tagged(dependency: Any, response: Response) -> Any:
    set_etag(response, dependency.revision)
    return dependency
