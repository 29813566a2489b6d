"""The report on quality and cost over HTTP, in the form the caller asks for."""

from typing import Annotated, Any

from fastapi import Header, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from metrics_api.indicators.parameters import AsOf, TimeZone
from metrics_api.indicators.periods import parse_period, parse_zone
from metrics_api.quality_reports.actions import Asked, quality_and_cost
from metrics_api.quality_reports.csv_table import as_csv
from metrics_api.quality_reports.page import PageFacts, as_page
from metrics_api.quality_reports.queries import ServiceFilter
from metrics_api.quality_reports.schemas import QualityAndCostReport
from metrics_api.reports.answers import FORMS, headers_of
from shared.kit.auth import Principal, requires
from shared.kit.clock import now
from shared.kit.database import Session
from shared.kit.forms import Form, accepted_form
from shared.kit.pagination import PageQuery
from shared.kit.problems import problem_responses
from shared.kit.routing import Router
from shared.schemas.common import Key
from shared.schemas.metrics import KpiId

router = Router(prefix="/v1/reports", tags=["reports"])

MetricsRead = Annotated[Principal, requires("metrics:read")]
Kpis = Annotated[
    list[KpiId],
    Query(min_length=1, max_length=len(KpiId), description="once for each KPI, in this order"),
]
PeriodLabel = Annotated[
    str,
    Query(
        max_length=40,
        description="2026, 2026-Q1, 2026-03, 2026-W05 (ISO) or 2026-03-01",
        examples=["2026-Q1"],
    ),
]


@router.get(
    "/quality-and-cost",
    operation_id="get_quality_and_cost_report",
    response_model=QualityAndCostReport,
    responses={**FORMS, **problem_responses(400)},
)
async def get_quality_and_cost_report(
    *,
    request: Request,
    response: Response,
    session: Session,
    caller: MetricsRead,
    page: PageQuery,
    kpi: Kpis,
    period: PeriodLabel,
    timezone: TimeZone = "UTC",
    portfolio: Key | None = None,
    as_of: AsOf = None,
    form: Annotated[
        Form | None, Query(alias="format", description="stands above the Accept header")
    ] = None,
    accept: Annotated[str, Header(include_in_schema=False)] = "",
) -> Any:
    """A row for each service, by key: KPIs against targets, costs against benchmarks.

    Costs are of the period asked for where it is the last whole month, quarter or year, else of
    the last twelve whole months; they say which. They are as the catalog reckoned them last, or
    had when the moment came that `as_of` names.
    """
    moment = now()
    asked = Asked(
        list(dict.fromkeys(kpi)),
        parse_period(period, parse_zone(timezone), as_of or moment, "/query/period"),
        timezone,
        moment,
        as_of,
    )
    engine = request.app.state.engine
    report = await quality_and_cost(session, engine, asked, ServiceFilter(portfolio), page)
    match form or accepted_form(accept):
        case Form.CSV:
            body, media_type = as_csv(report), "text/csv; charset=utf-8; header=present"
        case Form.HTML:
            facts = PageFacts(portfolio, moment)
            body = await run_in_threadpool(as_page, report, facts)
            media_type = "text/html; charset=utf-8"
        case Form.JSON:
            response.headers["Vary"] = "Accept"
            return report
    return Response(body, headers=headers_of(request, report.next_cursor), media_type=media_type)
