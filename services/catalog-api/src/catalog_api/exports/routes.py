"""Export over HTTP, page by page."""

from typing import Annotated, Any

from fastapi import Depends

from catalog_api.exports.schemas import ExportedPortfolio, ExportedService
from catalog_api.portfolios.queries import list_portfolios
from catalog_api.registry.queries import ServiceFilters, list_services
from catalog_api.registry.routes import service_filters
from shared.kit.auth import Principal, requires
from shared.kit.database import Session
from shared.kit.pagination import PageQuery, page_of
from shared.kit.routing import Router
from shared.schemas.common import Page

router = Router(prefix="/v1/export", tags=["export"])

CatalogRead = Annotated[Principal, requires("catalog:read")]


@router.get("/portfolios", operation_id="export_portfolios", response_model=Page[ExportedPortfolio])
async def export_portfolios(session: Session, caller: CatalogRead, page: PageQuery) -> Any:
    """Portfolios by key; `items` is a body of POST /v1/portfolios/bulk."""
    rows = await list_portfolios(session, page)
    return page_of(rows, page, key=lambda row: (row.key,))


@router.get("/services", operation_id="export_services", response_model=Page[ExportedService])
async def export_services(
    session: Session,
    caller: CatalogRead,
    filters: Annotated[ServiceFilters, Depends(service_filters)],
    page: PageQuery,
) -> Any:
    """Services by key; `items` is a body of POST /v1/services/bulk. The stage is not exported."""
    rows = await list_services(session, filters, page)
    return page_of(rows, page, key=lambda row: (row.key,))
