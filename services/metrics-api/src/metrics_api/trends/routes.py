"""Trends over HTTP."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Query, Request

from metrics_api.indicators.kpis import KPIS
from metrics_api.indicators.parameters import AsOf, TimeZone
from metrics_api.indicators.periods import Grain, parse_zone
from metrics_api.trends import actions, queries, rules
from metrics_api.trends.queries import TrendFilter
from metrics_api.trends.rules import Direction
from metrics_api.trends.schemas import ServiceTrends, StoredTrend, TrendOut
from shared.errors import Invalid
from shared.kit.auth import Principal, requires
from shared.kit.clock import now
from shared.kit.database import Session
from shared.kit.pagination import PageQuery, page_of
from shared.kit.problems import problem_responses
from shared.kit.routing import Router
from shared.schemas.common import Day, Key, Page
from shared.schemas.metrics import KpiId

router = Router(prefix="/v1", tags=["trends"])

MetricsRead = Annotated[Principal, requires("metrics:read")]


@router.get(
    "/services/{key}/trends",
    operation_id="get_service_trends",
    responses=problem_responses(404),
)
async def get_service_trends(
    *,
    key: Key,
    request: Request,
    session: Session,
    caller: MetricsRead,
    kpi: Annotated[KpiId | None, Query(description="absent: every KPI")] = None,
    grain: Grain = Grain.MONTH,
    periods: Annotated[
        int | None,
        Query(
            ge=1,
            le=200,
            description="the last full ones; absent: 36 months, 104 weeks, 91 days,"
            " 20 quarters or 10 years",
        ),
    ] = None,
    timezone: TimeZone = "UTC",
    until: Annotated[
        Day | None,
        Query(description="last day to look at, and whose target; absent: today, or that of as_of"),
    ] = None,
    as_of: AsOf = None,
) -> ServiceTrends:
    """Whether each KPI of a service gets better or worse, tested now on its last full periods."""
    zone = parse_zone(timezone)
    rules.check_until(until, zone, as_of)
    shape = (grain, periods or rules.PERIODS[grain], zone)
    kpis = [one for one in KPIS if kpi in (None, one)]
    asked = actions.Asked(key, kpis, shape, until, now(), as_of)
    read = await actions.read_service(session, request.app.state.engine, asked)
    trends = [
        TrendOut.model_validate(_shown({**result, "service": key, "kpi": one}))
        for one, result in await actions.trends_of(key, read)
    ]
    return ServiceTrends(service=key, name=read.name, timezone=timezone, as_of=as_of, trends=trends)


@router.get("/trends", operation_id="list_trends", response_model=Page[StoredTrend])
async def list_trends(
    session: Session,
    caller: MetricsRead,
    page: PageQuery,
    service: Key | None = None,
    kpi: KpiId | None = None,
    direction: Direction | None = None,
    crossing_before: Annotated[
        Day | None, Query(description="that lead to a breach of the target before this day")
    ] = None,
    as_of: AsOf = None,
) -> Any:
    """The latest trend of each service and KPI, found daily: by months of UTC, or by weeks where
    a service has too few months and half a year of weeks.

    As of a moment: as the daily looks that had begun by then left them.
    """
    if as_of is not None and as_of > now():
        raise Invalid("as_of lies in the future", pointer="/query/as_of")
    wanted = TrendFilter(service, kpi, direction, crossing_before)
    rows = await queries.list_trends(session, wanted, page, as_of)
    found = page_of(rows, page, lambda row: (row.service, row.kpi))
    return {**found, "items": [_shown(row._mapping) for row in found["items"]]}


def _shown(trend: Mapping[str, Any]) -> dict[str, Any]:
    kpi = KPIS[KpiId(trend["kpi"])]
    target = None
    if trend["target_id"] is not None:
        target = {
            "id": trend["target_id"],
            "comparator": trend["comparator"],
            "value": trend["target_value"],
        }
    return {
        **trend,
        "unit": kpi.unit,
        "better": kpi.better,
        "reason": rules.reason_of(trend["direction"], trend["n"]),
        "crossing": {
            "state": trend["crossing"],
            "on": trend["crosses_on"],
            "earliest": trend["crosses_earliest"],
            "latest": trend["crosses_latest"],
        },
        "target": target,
        "formula": rules.FORMULA,
    }
