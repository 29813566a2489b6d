"""KPIs over HTTP: what they mean, and their figures for a service and for more than one."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Protocol

from fastapi import Depends, Query, Request

from metrics_api.as_of.knowing import lay_out, opened
from metrics_api.as_of.relations import THEN
from metrics_api.indicators import actions, scope_queries
from metrics_api.indicators.definitions import Kpi
from metrics_api.indicators.kpis import KPIS
from metrics_api.indicators.parameters import AsOf, PeriodList, TimeZone
from metrics_api.indicators.periods import (
    Grain,
    labels_between,
    parse_periods,
    parse_zone,
)
from metrics_api.indicators.schemas import (
    KpiDefinition,
    KpiDefinitions,
    NoNumber,
    ScopeKpis,
    ServiceKpis,
)
from metrics_api.indicators.scope_queries import Named
from metrics_api.indicators.scopes import LIVE, Relations, Slice
from shared.errors import Invalid
from shared.kit.auth import Principal, requires
from shared.kit.clock import now
from shared.kit.database import Session
from shared.kit.problems import problem_responses
from shared.kit.routing import Router
from shared.schemas.common import Day, Key
from shared.schemas.metrics import KpiId

router = Router(prefix="/v1", tags=["kpis"])

MetricsRead = Annotated[Principal, requires("metrics:read")]


class FindScope(Protocol):
    """How a kind of scope is found by its key, now or as of a moment."""

    async def __call__(
        self, session: Session, key: str, as_of: datetime | None = None
    ) -> Named: ...


@dataclass(frozen=True)
class Wanted:
    """Which figures: `periods`, or the `labels` of a series."""

    kpis: list[KpiId]
    labels: list[str]
    timezone: str
    slice_by: Slice | None
    as_of: datetime | None


async def wanted(
    kpi: Annotated[
        list[KpiId] | None, Query(description="may be repeated; all, when left out")
    ] = None,
    periods: PeriodList | None = None,
    grain: Annotated[Grain | None, Query(description="a series, instead of periods")] = None,
    first: Annotated[Day | None, Query(alias="from", description="a day of the first")] = None,
    last: Annotated[Day | None, Query(alias="to", description="a day of the last")] = None,
    timezone: TimeZone = "UTC",
    slice_by: Annotated[
        Slice | None,
        Query(
            alias="slice",
            description="also divided so; an incident's touchpoint is its channel if it names none",
        ),
    ] = None,
    as_of: AsOf = None,
) -> Wanted:
    labels = _labels(periods, grain, first, last)
    return Wanted(list(dict.fromkeys(kpi or KPIS)), labels, timezone, slice_by, as_of)


WantedQuery = Annotated[Wanted, Depends(wanted)]


@router.get("/kpis", operation_id="list_kpis")
async def list_kpis(caller: MetricsRead) -> KpiDefinitions:
    """What each KPI means: unit, formula, which way is better, what is excluded."""
    return KpiDefinitions(items=[_definition(kpi) for kpi in KPIS.values()])


# Before /kpis/{kpi}, which would take `all` for the id of a KPI.
@router.get("/kpis/all", operation_id="get_all_kpis")
async def get_all_kpis(
    request: Request, session: Session, caller: MetricsRead, asked: WantedQuery
) -> ScopeKpis:
    """KPIs over all records there are, also those that are attributed to nothing."""
    return await _kpis(request, session, asked, scope_queries.all_scope, "")


@router.get("/kpis/{kpi}", operation_id="get_kpi")
async def get_kpi(kpi: KpiId, caller: MetricsRead) -> KpiDefinition:
    """What one KPI means."""
    return _definition(KPIS[kpi])


@router.get(
    "/services/{key}/kpis", operation_id="get_service_kpis", responses=problem_responses(404)
)
async def get_service_kpis(
    key: Key, request: Request, session: Session, caller: MetricsRead, asked: WantedQuery
) -> ServiceKpis:
    """KPIs of one service, by `periods` or by `grain`, `from` and `to` (at most 400 periods)."""
    found = await _kpis(request, session, asked, scope_queries.service_scope, key)
    return ServiceKpis(service=key, **dict(found))


@router.get(
    "/portfolios/{key}/kpis", operation_id="get_portfolio_kpis", responses=problem_responses(404)
)
async def get_portfolio_kpis(
    key: Key, request: Request, session: Session, caller: MetricsRead, asked: WantedQuery
) -> ScopeKpis:
    """KPIs over the services that are in a portfolio now."""
    return await _kpis(request, session, asked, scope_queries.portfolio_scope, key)


@router.get(
    "/customers/{key}/kpis", operation_id="get_customer_kpis", responses=problem_responses(404)
)
async def get_customer_kpis(
    key: Key, request: Request, session: Session, caller: MetricsRead, asked: WantedQuery
) -> ScopeKpis:
    """KPIs over the services that a customer is or was engaged with."""
    return await _kpis(request, session, asked, scope_queries.customer_scope, key)


@router.get(
    "/vendor-products/{key}/kpis",
    operation_id="get_vendor_product_kpis",
    responses=problem_responses(404),
)
async def get_vendor_product_kpis(
    key: Key, request: Request, session: Session, caller: MetricsRead, asked: WantedQuery
) -> ScopeKpis:
    """KPIs over the records that are attributed to a vendor product, of whatever service."""
    return await _kpis(request, session, asked, scope_queries.vendor_product_scope, key)


async def _kpis(
    request: Request, session: Session, asked: Wanted, find: FindScope, key: str
) -> ScopeKpis:
    """As things stand, or as of a moment: then the same is read from what was known."""
    moment = now()
    if asked.as_of is None:
        return await _figures(session, asked, await find(session, key), moment, LIVE)
    async with opened(request.app.state.engine, asked.as_of, moment) as then:
        named = await find(then, key, asked.as_of)
        await lay_out(then, asked.as_of, asked.kpis, named.scope.services)
        return await _figures(then, asked, named, asked.as_of, THEN)


async def _figures(
    session: Session, asked: Wanted, named: Named, moment: datetime, relations: Relations
) -> ScopeKpis:
    periods = parse_periods(asked.labels, parse_zone(asked.timezone), moment)
    figures = actions.Asked(named.scope, asked.kpis, periods, asked.slice_by, moment, relations)
    ask_name = {} if isinstance(named.name, str) else {"name": named.name}
    series, said = await actions.kpis_and(session, figures, ask_name)
    return ScopeKpis(
        scope=named.scope.kind,
        key=named.scope.key,
        name=said.get("name", named.name),
        timezone=asked.timezone,
        slice=asked.slice_by,
        as_of=asked.as_of,
        kpis=series,
    )


def _definition(kpi: Kpi) -> KpiDefinition:
    return KpiDefinition(
        id=kpi.id,
        name=kpi.name,
        unit=kpi.unit,
        better=kpi.better,
        formula=kpi.formula,
        source=kpi.source,
        of=kpi.of,
        exclusions=list(kpi.exclusions),
        nothing=NoNumber(code=kpi.nothing.code, text=kpi.nothing.text),
    )


def _labels(
    periods: str | None, grain: Grain | None, first: date | None, last: date | None
) -> list[str]:
    if periods is None and grain and first and last:
        return labels_between(grain, first, last)
    if periods is not None and not (grain or first or last):
        return periods.split(",")
    raise Invalid("Ask by periods, or by grain, from and to", pointer="/query/periods")
