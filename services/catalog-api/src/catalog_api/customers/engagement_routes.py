"""Engagements of customers with services over HTTP, and the retention computed from them."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Response

from catalog_api.customers import engagement_actions, engagement_queries, rules
from catalog_api.customers.engagement_queries import EngagementFilters
from catalog_api.customers.queries import get_customer
from catalog_api.customers.schemas import (
    EngagementCreate,
    EngagementEnd,
    EngagementOut,
    RetentionReport,
)
from catalog_api.registry.queries import require_service
from shared.errors import Invalid
from shared.kit.auth import Principal, requires
from shared.kit.database import Session
from shared.kit.etag import IfMatch, set_etag
from shared.kit.idempotency import Idempotent
from shared.kit.pagination import PageParams, PageQuery, page_of
from shared.kit.problems import problem_responses
from shared.kit.routing import Router
from shared.schemas.common import Day, Key, Page

router = Router(prefix="/v1", tags=["customers"])

CatalogRead = Annotated[Principal, requires("catalog:read")]
CatalogWrite = Annotated[Principal, requires("catalog:write")]
OnDay = Annotated[Day | None, Query(description="that run on this day; absent: all ever")]


@router.post(
    "/customers/{key}/engagements",
    status_code=201,
    operation_id="engage_customer",
    response_model=EngagementOut,
    responses=problem_responses(404, 409),
)
async def engage_customer(
    key: Key,
    body: EngagementCreate,
    session: Session,
    caller: CatalogWrite,
    response: Response,
    _: Idempotent,
) -> Any:
    """Say from when the customer uses a service.

    Its periods with one service do not overlap, and to use a live one it has a representative.
    """
    engagement = await engagement_actions.engage_customer(session, caller, key, body)
    response.headers["Location"] = f"/v1/customers/{key}/engagements/{engagement.id}"
    return _tagged(engagement, response)


@router.get(
    "/customers/{key}/engagements",
    operation_id="list_customer_engagements",
    response_model=Page[EngagementOut],
    responses=problem_responses(404),
)
async def list_customer_engagements(
    key: Key, session: Session, caller: CatalogRead, page: PageQuery, on: OnDay = None
) -> Any:
    """What the customer uses and used, by beginning."""
    await get_customer(session, key)
    return await _page(session, EngagementFilters(key, None, on), page)


@router.get(
    "/services/{key}/engagements",
    operation_id="list_service_engagements",
    response_model=Page[EngagementOut],
    responses=problem_responses(404),
)
async def list_service_engagements(
    key: Key, session: Session, caller: CatalogRead, page: PageQuery, on: OnDay = None
) -> Any:
    """Who uses and used the service, by beginning."""
    await require_service(session, key)
    return await _page(session, EngagementFilters(None, key, on), page)


@router.get("/engagements", operation_id="list_engagements", response_model=Page[EngagementOut])
async def list_engagements(
    session: Session,
    caller: CatalogRead,
    page: PageQuery,
    customer: Key | None = None,
    service: Key | None = None,
    on: OnDay = None,
) -> Any:
    """Engagements of all customers, by beginning."""
    return await _page(session, EngagementFilters(customer, service, on), page)


@router.get(
    "/customers/{key}/engagements/{engagement_id}",
    operation_id="get_engagement",
    response_model=EngagementOut,
    responses=problem_responses(404),
)
async def get_engagement(
    key: Key, engagement_id: UUID, session: Session, caller: CatalogRead, response: Response
) -> Any:
    """One engagement of the customer."""
    return _tagged(await engagement_queries.get_engagement(session, key, engagement_id), response)


@router.post(
    "/customers/{key}/engagements/{engagement_id}/end",
    operation_id="end_engagement",
    response_model=EngagementOut,
    responses=problem_responses(404, 409, 412, 428),
)
async def end_engagement(
    key: Key,
    engagement_id: UUID,
    body: EngagementEnd,
    session: Session,
    caller: CatalogWrite,
    expected: IfMatch,
    response: Response,
) -> Any:
    """Say when and why the customer stops using the service."""
    ended = await engagement_actions.end_engagement(
        session, caller, key, engagement_id, body, expected
    )
    return _tagged(ended, response)


@router.get("/reports/customer-retention", operation_id="get_customer_retention")
async def get_customer_retention(
    session: Session,
    caller: CatalogRead,
    first_day: Annotated[Day, Query(alias="from", description="customers of this day")],
    last_day: Annotated[Day, Query(alias="to", description="who still are on this day")],
    service: Annotated[Key | None, Query(description="of one service; absent: of any")] = None,
) -> RetentionReport:
    """Share of the customers engaged on one day who still are on a later one."""
    if last_day < first_day:
        raise Invalid("to must not be before from", code="ends_before_start", pointer="/query/to")
    counts = await engagement_queries.count_retained(session, first_day, last_day, service)
    found = vars(rules.retention(*counts))
    days = {"first_day": first_day, "last_day": last_day, "service": service}
    return RetentionReport.model_validate({**days, **found})


async def _page(session: Session, filters: EngagementFilters, page: PageParams) -> Any:
    rows = await engagement_queries.list_engagements(session, filters, page)
    return page_of(rows, page, key=lambda row: (row.engaged_from, row.id))


def _tagged(engagement: Any, response: Response) -> Any:
    set_etag(response, engagement.revision)
    return engagement
