"""Services over HTTP: create, onboard, find, read, change, upsert in bulk."""

from typing import Annotated, Any

from fastapi import Body, Depends, Query, Response

from catalog_api.registry import actions, queries, upserts
from catalog_api.registry.queries import ServiceFilters
from catalog_api.registry.schemas import ServicePatch, UpsertItems, UpsertReply
from shared.kit.auth import Principal, requires
from shared.kit.database import Session
from shared.kit.etag import IfMatch, set_etag
from shared.kit.idempotency import Idempotent
from shared.kit.pagination import PageQuery, page_of
from shared.kit.problems import problem_responses
from shared.kit.routing import Router
from shared.schemas.catalog import (
    Criticality,
    ServiceCreate,
    ServiceKind,
    ServiceOnboard,
    ServiceOut,
    Stage,
)
from shared.schemas.common import Key, Page, ShortText

router = Router(prefix="/v1/services", tags=["services"])

CatalogRead = Annotated[Principal, requires("catalog:read")]
CatalogWrite = Annotated[Principal, requires("catalog:write")]
ServiceOnboarder = Annotated[Principal, requires("services:onboard")]


async def service_filters(
    portfolio: Annotated[Key | None, Query(description="key of a portfolio")] = None,
    stage: Stage | None = None,
    kind: ServiceKind | None = None,
    criticality: Criticality | None = None,
    owner: Annotated[ShortText | None, Query(description="holds any role now")] = None,
    tag: Annotated[ShortText | None, Query(description="one of the service's tags")] = None,
) -> ServiceFilters:
    return ServiceFilters(portfolio, stage, kind, criticality, owner, tag)


Filters = Annotated[ServiceFilters, Depends(service_filters)]


@router.post(
    "",
    status_code=201,
    operation_id="create_service",
    response_model=ServiceOut,
    responses=problem_responses(409),
)
async def create_service(
    body: ServiceCreate, session: Session, caller: CatalogWrite, response: Response, _: Idempotent
) -> Any:
    """Create a service at stage `strategy`, with its owners and external references."""
    return _created(await actions.create_service(session, caller, body), response)


@router.post(
    "/onboard",
    status_code=201,
    operation_id="onboard_service",
    response_model=ServiceOut,
    responses=problem_responses(409),
)
async def onboard_service(
    body: ServiceOnboard,
    session: Session,
    caller: ServiceOnboarder,
    response: Response,
    _: Idempotent,
) -> Any:
    """Record a service that already runs at the stage it is at; the audit trail says so."""
    return _created(await actions.onboard_service(session, caller, body), response)


@router.post(
    "/bulk",
    operation_id="upsert_services",
    response_model=UpsertReply,
    responses=problem_responses(409),
)
async def upsert_services(
    body: Annotated[UpsertItems, Body()],
    session: Session,
    caller: CatalogWrite,
    dry_run: Annotated[bool, Query(description="only show what would change")] = False,
) -> UpsertReply:
    """Create and change services by key: all of them, or none and every bad item is named.

    Repeating it changes nothing. Only the fields an item names are changed; owners and external
    references are replaced as a whole. It takes what `GET /v1/export/services` gives.
    """
    return await upserts.upsert_services(session, caller, body, dry_run=dry_run)


@router.get("", operation_id="list_services", response_model=Page[ServiceOut])
async def list_services(
    session: Session,
    caller: CatalogRead,
    filters: Filters,
    page: PageQuery,
    q: Annotated[
        ShortText | None,
        Query(description="words to find in key, name and description; near misses count"),
    ] = None,
) -> Any:
    """Services by key, or with `q` the best match first."""
    if q is None:
        rows = await queries.list_services(session, filters, page)
        return page_of(rows, page, key=lambda row: (row.key,))
    rows = await queries.search_services(session, q, filters, page)
    return page_of(rows, page, key=lambda row: (row.rank, row.key))


@router.get(
    "/{key}",
    operation_id="get_service",
    response_model=ServiceOut,
    responses=problem_responses(404),
)
async def get_service(key: Key, session: Session, caller: CatalogRead, response: Response) -> Any:
    """A service with its portfolio, present owners and external references."""
    return _tagged(await queries.get_service(session, key), response)


@router.patch(
    "/{key}",
    operation_id="change_service",
    response_model=ServiceOut,
    responses=problem_responses(404, 412, 428),
)
async def change_service(
    key: Key,
    body: ServicePatch,
    session: Session,
    caller: CatalogWrite,
    expected: IfMatch,
    response: Response,
) -> Any:
    """Change the fields that are named. The stage moves only through a transition."""
    return _tagged(await actions.change_service(session, caller, key, body, expected), response)


def _created(service: Any, response: Response) -> Any:
    response.headers["Location"] = f"/v1/services/{service.key}"
    return _tagged(service, response)


def _tagged(service: Any, response: Response) -> Any:
    set_etag(response, service.revision)
    return service
