"""The audit trail over HTTP, newest entry first."""

from typing import Annotated, Any

from catalog_api.changes import PORTFOLIO, SERVICE
from catalog_api.portfolios.queries import get_portfolio
from catalog_api.registry.queries import require_service
from shared.kit import audit
from shared.kit.audit import AuditEntryOut, AuditFilters
from shared.kit.auth import Principal, requires
from shared.kit.database import Session
from shared.kit.pagination import PageParams, PageQuery, page_of
from shared.kit.problems import problem_responses
from shared.kit.routing import Router
from shared.schemas.common import Key, Page

router = Router(prefix="/v1", tags=["audit"])

AuditRead = Annotated[Principal, requires("audit:read")]


@router.get(
    "/services/{key}/audit",
    operation_id="list_service_audit",
    response_model=Page[AuditEntryOut],
    responses=problem_responses(404),
)
async def list_service_audit(key: Key, session: Session, caller: AuditRead, page: PageQuery) -> Any:
    """Who changed the service, its owners, references or stage; from what to what."""
    await require_service(session, key)
    return await _page(session, (SERVICE, key), page)


@router.get(
    "/portfolios/{key}/audit",
    operation_id="list_portfolio_audit",
    response_model=Page[AuditEntryOut],
    responses=problem_responses(404),
)
async def list_portfolio_audit(
    key: Key, session: Session, caller: AuditRead, page: PageQuery
) -> Any:
    """Who changed the portfolio; from what to what."""
    await get_portfolio(session, key)
    return await _page(session, (PORTFOLIO, key), page)


async def _page(session: Session, subject: tuple[str, str], page: PageParams) -> Any:
    rows = await audit.entries(session, AuditFilters(*subject), page)
    return page_of(rows, page, key=lambda row: (row.id,))
