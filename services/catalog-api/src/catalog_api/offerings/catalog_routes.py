"""The customer-facing catalog over HTTP."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Depends, Query

from catalog_api.offerings import queries, rules
from catalog_api.offerings.comparison import behind_offering
from catalog_api.offerings.queries import OfferingFilters
from catalog_api.offerings.schemas import AnnouncementOut, CatalogEntry, CatalogItem
from shared.kit.auth import Principal, requires
from shared.kit.clock import now
from shared.kit.database import Session
from shared.kit.pagination import PageQuery, page_of
from shared.kit.problems import problem_responses
from shared.kit.routing import Router
from shared.schemas.catalog import Role
from shared.schemas.common import Key, Page, ShortText

router = Router(prefix="/v1/catalog", tags=["catalog"])

CatalogRead = Annotated[Principal, requires("catalog:read")]


async def catalog_filters(
    service: Annotated[Key | None, Query()] = None,
    portfolio: Annotated[Key | None, Query()] = None,
    tag: Annotated[ShortText | None, Query()] = None,
    customer: Annotated[Key | None, Query(description="for this customer, or for everyone")] = None,
    unit: Annotated[Key | None, Query(description="for this unit, or for everyone")] = None,
    role: Annotated[Role | None, Query(description="for this role, or for everyone")] = None,
) -> OfferingFilters:
    return OfferingFilters(
        service=service, portfolio=portfolio, tag=tag, customer=customer, unit=unit, role=role
    )


@router.get("", operation_id="browse_catalog", response_model=Page[CatalogItem])
async def browse_catalog(
    session: Session,
    caller: CatalogRead,
    filters: Annotated[OfferingFilters, Depends(catalog_filters)],
    page: PageQuery,
    q: Annotated[
        ShortText | None,
        Query(description="words to find in title, summary and description; near misses count"),
    ] = None,
) -> Any:
    """What customers can request now: by key, or with `q` the best match first.

    The filters of the audience widen each other: they are ways in which somebody belongs to it.
    """
    if q is None:
        rows = await queries.list_catalog(session, filters, page)
        found = page_of(rows, page, key=lambda row: (row.key,))
    else:
        rows = await queries.search_catalog(session, q, filters, page)
        found = page_of(rows, page, key=lambda row: (row.rank, row.key))
    return {**found, "items": [_shown(row) for row in found["items"]]}


@router.get(
    "/{key}",
    operation_id="get_catalog_entry",
    response_model=CatalogEntry,
    responses=problem_responses(404),
)
async def get_catalog_entry(key: Key, session: Session, caller: CatalogRead) -> Any:
    """A published offering: what the customer is promised and pays, and what stands behind it.

    Costs are those of the last twelve whole months.
    """
    row = await queries.get_catalog_item(session, key)
    behind = await behind_offering(session, row.service)
    return {**_shown(row), "provider": behind}


def _shown(row: Any) -> Mapping[str, Any]:
    """The entry with its announcement if it is time for it, and whether it can be requested."""
    reason, news = rules.obstacle(row.state, row.stage), None
    if row.announcement is not None:
        news = AnnouncementOut.model_validate(row.announcement)
    if news is not None and not rules.is_announced(news.starts_at, news.ends_at, now()):
        news = None
    own = {**row._mapping, "announcement": news}
    return {**own, "requestable": reason is None, "obstacle": reason}
