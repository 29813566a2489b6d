"""Offerings over HTTP, for those who write them."""

from typing import Annotated, Any

from fastapi import Depends, Query, Response

from catalog_api.offerings import actions, queries, rules
from catalog_api.offerings.queries import OfferingFilters
from catalog_api.offerings.rules import OfferingState
from catalog_api.offerings.schemas import (
    OfferingCreate,
    OfferingOut,
    OfferingPatch,
    OfferingSummary,
    OfferingVersionOut,
)
from shared.kit.auth import Principal, requires
from shared.kit.database import Session
from shared.kit.etag import IfMatch, set_etag
from shared.kit.idempotency import Idempotent
from shared.kit.pagination import PageQuery, page_of
from shared.kit.problems import problem_responses
from shared.kit.routing import Router
from shared.schemas.common import Key, Page, ShortText

router = Router(prefix="/v1", tags=["offerings"])

CatalogRead = Annotated[Principal, requires("catalog:read")]
CatalogWrite = Annotated[Principal, requires("catalog:write")]


async def offering_filters(
    service: Annotated[Key | None, Query()] = None,
    portfolio: Annotated[Key | None, Query(description="of the service")] = None,
    state: OfferingState | None = None,
    tag: Annotated[ShortText | None, Query()] = None,
    customer: Annotated[
        Key | None, Query(description="those for this customer, or for everyone")
    ] = None,
) -> OfferingFilters:
    return OfferingFilters(
        service=service, portfolio=portfolio, state=state, tag=tag, customer=customer
    )


Filters = Annotated[OfferingFilters, Depends(offering_filters)]


@router.post(
    "/services/{key}/offerings",
    status_code=201,
    operation_id="create_offering",
    response_model=OfferingOut,
    responses=problem_responses(404, 409),
)
async def create_offering(
    key: Key,
    body: OfferingCreate,
    session: Session,
    caller: CatalogWrite,
    response: Response,
    _: Idempotent,
) -> Any:
    """Add an offering of the service, as a draft; without a key it gets the slug of its title."""
    offering = await actions.create_offering(session, caller, key, body)
    response.headers["Location"] = f"/v1/offerings/{offering.key}"
    return _tagged(offering, response)


@router.get("/offerings", operation_id="list_offerings", response_model=Page[OfferingSummary])
async def list_offerings(
    session: Session, caller: CatalogRead, filters: Filters, page: PageQuery
) -> Any:
    """Offerings in any state, by key."""
    found = page_of(await queries.list_offerings(session, filters, page), page, lambda r: (r.key,))
    return {**found, "items": [_judged(row) for row in found["items"]]}


@router.get(
    "/offerings/{key}",
    operation_id="get_offering",
    response_model=OfferingOut,
    responses=problem_responses(404),
)
async def get_offering(key: Key, session: Session, caller: CatalogRead, response: Response) -> Any:
    """An offering with its form and fulfilment plan, and what it needs to be published."""
    return _tagged(await queries.get_offering(session, key), response)


@router.patch(
    "/offerings/{key}",
    operation_id="change_offering",
    response_model=OfferingOut,
    responses=problem_responses(404, 409, 412, 428),
)
async def change_offering(
    key: Key,
    body: OfferingPatch,
    session: Session,
    caller: CatalogWrite,
    expected: IfMatch,
    response: Response,
) -> Any:
    """Change the fields that are named. Requests keep the form and plan they were made under."""
    return _tagged(await actions.change_offering(session, caller, key, body, expected), response)


@router.post(
    "/offerings/{key}/publish",
    operation_id="publish_offering",
    response_model=OfferingOut,
    responses=problem_responses(404, 409),
)
async def publish_offering(
    key: Key, session: Session, caller: CatalogWrite, response: Response
) -> Any:
    """Show it to customers: its service is live, it has a form and a step to fulfil it."""
    return _tagged(await actions.publish_offering(session, caller, key), response)


@router.post(
    "/offerings/{key}/withdraw",
    operation_id="withdraw_offering",
    response_model=OfferingOut,
    responses=problem_responses(404, 409),
)
async def withdraw_offering(
    key: Key, session: Session, caller: CatalogWrite, response: Response
) -> Any:
    """Take it out of the catalog; it can be published again."""
    return _tagged(await actions.withdraw_offering(session, caller, key), response)


@router.get(
    "/offerings/{key}/versions",
    operation_id="list_offering_versions",
    response_model=Page[OfferingVersionOut],
    responses=problem_responses(404),
)
async def list_offering_versions(
    key: Key, session: Session, caller: CatalogRead, page: PageQuery
) -> Any:
    """Every form and fulfilment plan it had, the newest first."""
    await queries.service_of(session, key)
    return page_of(await queries.list_versions(session, key, page), page, lambda r: (r.version,))


def _tagged(offering: Any, response: Response) -> Any:
    set_etag(response, offering.revision)
    missing = rules.missing_to_publish(offering.form, offering.steps)
    return {**_judged(offering), "missing": missing}


def _judged(offering: Any) -> dict[str, Any]:
    """An offering, and whether customers can request it."""
    reason = rules.obstacle(offering.state, offering.stage)
    return {**offering._mapping, "requestable": reason is None, "obstacle": reason}
