"""Reports over HTTP, in the form the caller asks for."""

from typing import Annotated, Any

from fastapi import Header, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from metrics_api.indicators.kpis import KPIS
from metrics_api.indicators.parameters import AsOf, PeriodList, TimeZone
from metrics_api.indicators.periods import parse_periods, parse_zone
from metrics_api.reports.answers import FORMS, headers_of
from metrics_api.reports.csv_table import as_csv
from metrics_api.reports.making import ReportAsked, make_report
from metrics_api.reports.page import PageFacts, as_page
from metrics_api.reports.queries import ReportFilter
from shared.kit.auth import Principal, requires
from shared.kit.clock import now
from shared.kit.database import Session
from shared.kit.forms import Form, accepted_form
from shared.kit.pagination import PageParams, PageQuery, bad_cursor
from shared.kit.problems import problem_responses
from shared.kit.routing import Router
from shared.schemas.common import Key
from shared.schemas.metrics import KpiId, PerformanceReport

router = Router(prefix="/v1/reports", tags=["reports"])

MetricsRead = Annotated[Principal, requires("metrics:read")]


@router.get(
    "/performance",
    operation_id="get_performance_report",
    response_model=PerformanceReport,
    responses={**FORMS, **problem_responses(400)},
)
async def get_performance_report(
    *,
    request: Request,
    response: Response,
    session: Session,
    caller: MetricsRead,
    page: PageQuery,
    kpi: KpiId,
    periods: PeriodList,
    timezone: TimeZone = "UTC",
    portfolio: Key | None = None,
    as_of: AsOf = None,
    form: Annotated[
        Form | None, Query(alias="format", description="stands above the Accept header")
    ] = None,
    accept: Annotated[str, Header(include_in_schema=False)] = "",
) -> Any:
    """A row for each service with a record in any asked period, or a target for the KPI, by key.

    `met` judges the last asked period against the target that holds on its last day.
    """
    moment = now()
    asked = parse_periods(periods.split(","), parse_zone(timezone), as_of or moment)
    wanted = ReportFilter(portfolio, _after(page), page.limit)
    report = await make_report(
        session,
        request.app.state.engine,
        ReportAsked(kpi, asked, timezone, moment, as_of),
        wanted,
    )
    labels = [period.label for period in asked]
    match form or accepted_form(accept):
        case Form.CSV:
            body, media_type = as_csv(report, labels), "text/csv; charset=utf-8; header=present"
        case Form.HTML:
            facts = PageFacts(KPIS[kpi], labels, portfolio, moment)
            body = await run_in_threadpool(as_page, report, facts)
            media_type = "text/html; charset=utf-8"
        case Form.JSON:
            response.headers["Vary"] = "Accept"
            return report
    return Response(body, headers=headers_of(request, report.next_cursor), media_type=media_type)


def _after(page: PageParams) -> str | None:
    """The service whose row was the last one of the page before."""
    if page.after is None:
        return None
    if len(page.after) != 1 or not isinstance(page.after[0], str):
        raise bad_cursor()
    return page.after[0]
