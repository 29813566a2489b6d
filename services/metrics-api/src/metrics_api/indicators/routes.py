"""KPIs over HTTP: what they mean, and their figures for a service."""

from datetime import date
from typing import Annotated

from fastapi import Query

from metrics_api.indicators import actions, queries
from metrics_api.indicators.kpis import KPIS
from metrics_api.indicators.parameters import PeriodList, TimeZone
from metrics_api.indicators.periods import (
    Grain,
    labels_between,
    parse_periods,
    parse_zone,
)
from metrics_api.indicators.schemas import KpiDefinition, KpiDefinitions, ServiceKpis
from shared.errors import Invalid
from shared.kit.auth import Principal, requires
from shared.kit.clock import now
from shared.kit.database import Session
from shared.kit.problems import problem_responses
from shared.kit.routing import Router
from shared.schemas.common import Key
from shared.schemas.metrics import KpiId

router = Router(prefix="/v1", tags=["kpis"])

MetricsRead = Annotated[Principal, requires("metrics:read")]


@router.get("/kpis", operation_id="list_kpis")
async def list_kpis(caller: MetricsRead) -> KpiDefinitions:
    """What each KPI means: unit, formula, which way is better, what is excluded."""
    return KpiDefinitions(
        items=[
            KpiDefinition(
                id=kpi.id,
                name=kpi.name,
                unit=kpi.unit,
                better=kpi.better,
                formula=kpi.formula,
                source=kpi.source,
                exclusions=list(kpi.exclusions),
            )
            for kpi in KPIS.values()
        ]
    )


@router.get(
    "/services/{key}/kpis", operation_id="get_service_kpis", responses=problem_responses(404)
)
async def get_service_kpis(
    *,
    key: Key,
    session: Session,
    caller: MetricsRead,
    kpi: Annotated[
        list[KpiId] | None, Query(description="may be repeated; all, when left out")
    ] = None,
    periods: PeriodList | None = None,
    grain: Annotated[Grain | None, Query(description="a series, instead of periods")] = None,
    first: Annotated[date | None, Query(alias="from", description="a day of the first")] = None,
    last: Annotated[date | None, Query(alias="to", description="a day of the last")] = None,
    timezone: TimeZone = "UTC",
) -> ServiceKpis:
    """KPIs of one service, by `periods` or by `grain`, `from` and `to` (at most 400 periods)."""
    labels = _labels(periods, grain, first, last)
    asked = parse_periods(labels, parse_zone(timezone), now())
    name = await queries.get_service_name(session, key)
    chosen = list(dict.fromkeys(kpi or KPIS))
    series = await actions.kpis_of_service(session, key, chosen, asked)
    return ServiceKpis(service=key, name=name, timezone=timezone, kpis=series)


def _labels(
    periods: str | None, grain: Grain | None, first: date | None, last: date | None
) -> list[str]:
    if periods is None and grain and first and last:
        return labels_between(grain, first, last)
    if periods is not None and not (grain or first or last):
        return periods.split(",")
    raise Invalid("Ask by periods, or by grain, from and to", pointer="/query/periods")
