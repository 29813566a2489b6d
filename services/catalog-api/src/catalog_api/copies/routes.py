"""Lists over everything of a kind: what others copy, page by page, in the order of its keys."""

from typing import Annotated, Any

from catalog_api.copies import actions, queries
from catalog_api.copies.schemas import CostSummaryOut, SchemeHolding, ServiceBenchmarkOut
from catalog_api.vital_activities.schemas import SupportOut
from shared.kit.auth import Principal, requires
from shared.kit.clock import now
from shared.kit.database import Session
from shared.kit.pagination import PageQuery, page_of
from shared.kit.routing import Router
from shared.schemas.agreements import AgreementVersionOut, CalendarVersionOut, SchemeVersionOut
from shared.schemas.common import Page

router = Router(prefix="/v1", tags=["copies"])

CatalogRead = Annotated[Principal, requires("catalog:read")]


@router.get(
    "/calendar-versions",
    operation_id="list_all_calendar_versions",
    response_model=Page[CalendarVersionOut],
)
async def list_all_calendar_versions(session: Session, caller: CatalogRead, page: PageQuery) -> Any:
    """Versions of all calendars, with their closed days."""
    rows = await queries.list_calendar_versions(session, page)
    return page_of(rows, page, key=lambda row: (row.calendar, row.version))


@router.get(
    "/priority-scheme-versions",
    operation_id="list_all_priority_scheme_versions",
    response_model=Page[SchemeVersionOut],
)
async def list_all_priority_scheme_versions(
    session: Session, caller: CatalogRead, page: PageQuery
) -> Any:
    """Versions of all priority schemes."""
    rows = await queries.list_scheme_versions(session, page)
    return page_of(rows, page, key=lambda row: (row.scheme, row.version))


@router.get(
    "/priority-scheme-choices",
    operation_id="list_priority_scheme_choices",
    response_model=Page[SchemeHolding],
)
async def list_priority_scheme_choices(
    session: Session, caller: CatalogRead, page: PageQuery
) -> Any:
    """Which scheme is the default, and which services have another one."""
    rows = await queries.list_scheme_holdings(session, page)
    return page_of(rows, page, key=lambda row: (row.at,))


@router.get(
    "/agreement-versions",
    operation_id="list_all_agreement_versions",
    response_model=Page[AgreementVersionOut],
)
async def list_all_agreement_versions(
    session: Session, caller: CatalogRead, page: PageQuery
) -> Any:
    """Versions of all agreements, whole and in whatever state."""
    rows = await queries.list_agreement_versions(session, page)
    return page_of(rows, page, key=lambda row: (row.agreement, row.version))


@router.get(
    "/vital-activity-supports",
    operation_id="list_vital_activity_supports",
    response_model=Page[SupportOut],
)
async def list_vital_activity_supports(
    session: Session, caller: CatalogRead, page: PageQuery
) -> Any:
    """Which service supports which vital activity."""
    rows = await queries.list_supports(session, page)
    return page_of(rows, page, key=lambda row: (row.vital_activity, row.service))


@router.get(
    "/benchmarks",
    operation_id="list_all_benchmarks",
    response_model=Page[ServiceBenchmarkOut],
)
async def list_all_benchmarks(session: Session, caller: CatalogRead, page: PageQuery) -> Any:
    """Benchmarks of all services."""
    rows = await queries.list_benchmarks(session, page)
    return page_of(rows, page, key=lambda row: (row.id,))


@router.get(
    "/cost-summaries",
    operation_id="list_cost_summaries",
    response_model=Page[CostSummaryOut],
)
async def list_cost_summaries(session: Session, caller: CatalogRead, page: PageQuery) -> Any:
    """What each service costs in the last whole twelve months, month, quarter and year.

    Full cost (TCO), unit cost and recovery, and how far they are from the benchmarks.
    """
    found = await actions.cost_summaries(session, page, now().date())
    return page_of(found, page, key=lambda row: (row.service,))
