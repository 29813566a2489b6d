"""Touchpoints and the services offered at them over HTTP."""

from typing import Annotated, Any

from fastapi import Depends, Query, Response

from catalog_api.registry.queries import require_service
from catalog_api.touchpoints import actions, queries
from catalog_api.touchpoints.queries import TouchpointFilters
from catalog_api.touchpoints.rules import Channel
from catalog_api.touchpoints.schemas import (
    OfferedAtOut,
    OfferOut,
    TouchpointCreate,
    TouchpointOut,
    TouchpointPatch,
)
from shared.kit.auth import Principal, requires
from shared.kit.database import Session
from shared.kit.etag import IfMatch, set_etag
from shared.kit.idempotency import Idempotent
from shared.kit.pagination import PageParams, PageQuery, page_of
from shared.kit.problems import problem_responses
from shared.kit.routing import Router
from shared.schemas.common import Key, Page

router = Router(prefix="/v1", tags=["touchpoints"])

CatalogRead = Annotated[Principal, requires("catalog:read")]
CatalogWrite = Annotated[Principal, requires("catalog:write")]


async def touchpoint_filters(
    channel: Channel | None = None,
    service: Annotated[Key | None, Query(description="this service is offered there")] = None,
    active: bool | None = None,
) -> TouchpointFilters:
    return TouchpointFilters(channel, service, active)


Filters = Annotated[TouchpointFilters, Depends(touchpoint_filters)]


@router.post(
    "/touchpoints",
    status_code=201,
    operation_id="create_touchpoint",
    response_model=TouchpointOut,
    responses=problem_responses(409),
)
async def create_touchpoint(
    body: TouchpointCreate,
    session: Session,
    caller: CatalogWrite,
    response: Response,
    _: Idempotent,
) -> Any:
    """Add a touchpoint; surveys and records name it by its key."""
    touchpoint = await actions.create_touchpoint(session, caller, body)
    response.headers["Location"] = f"/v1/touchpoints/{touchpoint.key}"
    return _tagged(touchpoint, response)


@router.get("/touchpoints", operation_id="list_touchpoints", response_model=Page[TouchpointOut])
async def list_touchpoints(
    session: Session, caller: CatalogRead, filters: Filters, page: PageQuery
) -> Any:
    """Touchpoints by key."""
    return _by_key(await queries.list_touchpoints(session, filters, page), page)


@router.get(
    "/touchpoints/{key}",
    operation_id="get_touchpoint",
    response_model=TouchpointOut,
    responses=problem_responses(404),
)
async def get_touchpoint(
    key: Key, session: Session, caller: CatalogRead, response: Response
) -> Any:
    """A touchpoint with its channel, address and hours."""
    return _tagged(await queries.get_touchpoint(session, key), response)


@router.patch(
    "/touchpoints/{key}",
    operation_id="change_touchpoint",
    response_model=TouchpointOut,
    responses=problem_responses(404, 412, 428),
)
async def change_touchpoint(
    key: Key,
    body: TouchpointPatch,
    session: Session,
    caller: CatalogWrite,
    expected: IfMatch,
    response: Response,
) -> Any:
    """Change the fields that are named; hours are said in words or by a calendar."""
    return _tagged(await actions.change_touchpoint(session, caller, key, body, expected), response)


@router.get(
    "/touchpoints/{key}/services",
    operation_id="list_touchpoint_services",
    response_model=Page[OfferOut],
    responses=problem_responses(404),
)
async def list_touchpoint_services(
    key: Key, session: Session, caller: CatalogRead, page: PageQuery
) -> Any:
    """The services offered at a touchpoint, by key."""
    await queries.get_touchpoint(session, key)
    rows = await queries.list_offers(session, key, page)
    return page_of(rows, page, key=lambda row: (row.service,))


@router.put(
    "/touchpoints/{key}/services/{service}",
    operation_id="offer_service_at_touchpoint",
    response_model=OfferOut,
    responses=problem_responses(404, 409),
)
async def offer_service_at_touchpoint(
    key: Key, service: Key, session: Session, caller: CatalogWrite
) -> Any:
    """Offer a service at the touchpoint; saying it again changes nothing."""
    return await actions.offer_service(session, caller, key, service)


@router.delete(
    "/touchpoints/{key}/services/{service}",
    status_code=204,
    operation_id="end_offer_at_touchpoint",
    responses=problem_responses(404),
)
async def end_offer_at_touchpoint(
    key: Key, service: Key, session: Session, caller: CatalogWrite
) -> None:
    """Offer the service at the touchpoint no longer."""
    await actions.end_offer(session, caller, key, service)


@router.get(
    "/services/{key}/touchpoints",
    operation_id="list_service_touchpoints",
    response_model=Page[OfferedAtOut],
    responses=problem_responses(404),
)
async def list_service_touchpoints(
    key: Key, session: Session, caller: CatalogRead, page: PageQuery
) -> Any:
    """The touchpoints at which a service is offered, by key."""
    await require_service(session, key)
    return _by_key(await queries.list_offered_at(session, key, page), page)


def _by_key(rows: Any, page: PageParams) -> Any:
    return page_of(rows, page, key=lambda row: (row.key,))


def _tagged(touchpoint: Any, response: Response) -> Any:
    set_etag(response, touchpoint.revision)
    return touchpoint
