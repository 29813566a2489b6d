"""Cost items over HTTP."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Query, Response

from catalog_api.costs import actions, queries
from catalog_api.costs.queries import CostItemFilters
from catalog_api.costs.rules import CostCategory, CostKind
from catalog_api.costs.schemas import CostItemCreate, CostItemOut, CostItemPatch
from catalog_api.registry.queries import require_service
from shared.kit.auth import Principal, requires
from shared.kit.database import Session
from shared.kit.etag import IfMatch, set_etag
from shared.kit.idempotency import Idempotent
from shared.kit.pagination import PageQuery, page_of
from shared.kit.problems import problem_responses
from shared.kit.routing import Router
from shared.schemas.common import Day, Key, Page

router = Router(prefix="/v1/services/{key}/cost-items", tags=["financials"])

CatalogRead = Annotated[Principal, requires("catalog:read")]
FinanceWrite = Annotated[Principal, requires("finance:write")]


async def item_filters(
    kind: CostKind | None = None,
    category: CostCategory | None = None,
    on: Annotated[Day | None, Query(description="begun by this day and not ended")] = None,
) -> CostItemFilters:
    return CostItemFilters(kind, category, on)


Filters = Annotated[CostItemFilters, Depends(item_filters)]


@router.post(
    "",
    status_code=201,
    operation_id="create_cost_item",
    response_model=CostItemOut,
    responses=problem_responses(404),
)
async def create_cost_item(
    key: Key,
    body: CostItemCreate,
    session: Session,
    caller: FinanceWrite,
    response: Response,
    _: Idempotent,
) -> Any:
    """Record a running cost or an investment of the service."""
    item = await actions.create_item(session, caller, key, body)
    response.headers["Location"] = f"/v1/services/{key}/cost-items/{item.id}"
    return _tagged(item, response)


@router.get(
    "",
    operation_id="list_cost_items",
    response_model=Page[CostItemOut],
    responses=problem_responses(404),
)
async def list_cost_items(
    key: Key, session: Session, caller: CatalogRead, filters: Filters, page: PageQuery
) -> Any:
    """Cost items by first day, also those that have ended."""
    await require_service(session, key)
    found = await queries.list_items(session, key, filters, page)
    return page_of(found, page, key=lambda row: (row.starts_on, row.id))


@router.get(
    "/{item}",
    operation_id="get_cost_item",
    response_model=CostItemOut,
    responses=problem_responses(404),
)
async def get_cost_item(
    key: Key, item: UUID, session: Session, caller: CatalogRead, response: Response
) -> Any:
    """One cost item."""
    return _tagged(await queries.get_item(session, key, item), response)


@router.patch(
    "/{item}",
    operation_id="change_cost_item",
    response_model=CostItemOut,
    responses=problem_responses(404, 412, 428),
)
async def change_cost_item(
    key: Key,
    item: UUID,
    body: CostItemPatch,
    session: Session,
    caller: FinanceWrite,
    expected: IfMatch,
    response: Response,
) -> Any:
    """Correct an item, or end it by `ends_on`. A new price is a new item from its own day on."""
    changed = await actions.change_item(session, caller, (key, item), body, expected)
    return _tagged(changed, response)


def _tagged(item: Any, response: Response) -> Any:
    set_etag(response, item.revision)
    return item
