"""Vendor products over HTTP."""

from datetime import date
from typing import Annotated, Any

from fastapi import Depends, Query, Response

from catalog_api.vendors import actions, queries
from catalog_api.vendors.queries import ProductFilters
from catalog_api.vendors.rules import ProductState
from catalog_api.vendors.schemas import VendorProductCreate, VendorProductOut, VendorProductPatch
from shared.kit.auth import Principal, requires
from shared.kit.clock import now
from shared.kit.database import Session
from shared.kit.etag import IfMatch, set_etag
from shared.kit.idempotency import Idempotent
from shared.kit.pagination import PageQuery, page_of
from shared.kit.problems import problem_responses
from shared.kit.routing import Router
from shared.schemas.common import Day, Key, Page, ShortText

router = Router(prefix="/v1", tags=["vendor products"])

CatalogRead = Annotated[Principal, requires("catalog:read")]
CatalogWrite = Annotated[Principal, requires("catalog:write")]


async def product_filters(
    vendor: Annotated[ShortText | None, Query(description="name of the vendor")] = None,
    state: Annotated[ProductState | None, Query(description="its state today")] = None,
    contract_ends_by: Annotated[Day | None, Query(description="that day or before")] = None,
    end_of_life_by: Annotated[Day | None, Query(description="that day or before")] = None,
) -> ProductFilters:
    return ProductFilters(vendor, state, contract_ends_by, end_of_life_by)


Filters = Annotated[ProductFilters, Depends(product_filters)]


@router.post(
    "/vendor-products",
    status_code=201,
    operation_id="create_vendor_product",
    response_model=VendorProductOut,
    responses=problem_responses(409),
)
async def create_vendor_product(
    body: VendorProductCreate,
    session: Session,
    caller: CatalogWrite,
    response: Response,
    _: Idempotent,
) -> Any:
    """Record a vendor product; without a key it gets the slug of its name."""
    product = await actions.create_vendor_product(session, caller, body)
    response.headers["Location"] = f"/v1/vendor-products/{product.key}"
    return _tagged(product, response)


@router.get(
    "/vendor-products",
    operation_id="list_vendor_products",
    response_model=Page[VendorProductOut],
)
async def list_vendor_products(
    session: Session, caller: CatalogRead, filters: Filters, page: PageQuery
) -> Any:
    """Vendor products by key."""
    rows = await queries.list_products(session, filters, _today(), page)
    return page_of(rows, page, key=lambda row: (row.key,))


@router.get(
    "/vendor-products/{key}",
    operation_id="get_vendor_product",
    response_model=VendorProductOut,
    responses=problem_responses(404),
)
async def get_vendor_product(
    key: Key, session: Session, caller: CatalogRead, response: Response
) -> Any:
    """A vendor product with the state that today's date puts it in."""
    return _tagged(await queries.get_product(session, key, _today()), response)


@router.patch(
    "/vendor-products/{key}",
    operation_id="change_vendor_product",
    response_model=VendorProductOut,
    responses=problem_responses(404, 409, 412, 428),
)
async def change_vendor_product(
    key: Key,
    body: VendorProductPatch,
    session: Session,
    caller: CatalogWrite,
    expected: IfMatch,
    response: Response,
) -> Any:
    """Change the fields that are named.

    A recovery time with which a service can no longer keep its promise is refused.
    """
    product = await actions.change_vendor_product(session, caller, key, body, expected)
    return _tagged(product, response)


def _today() -> date:
    return now().date()


def _tagged(product: Any, response: Response) -> Any:
    set_etag(response, product.revision)
    return product
