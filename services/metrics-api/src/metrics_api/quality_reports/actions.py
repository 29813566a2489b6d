"""Making the report: figures of the KPIs, then copies of costs and benchmarks for one page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from metrics_api.as_of.knowing import lay_out, opened
from metrics_api.as_of.relations import LIVE_BOOKS, THEN_BOOKS, Books
from metrics_api.copies.queries import benchmarks_of, copies_of
from metrics_api.copies.schemas import (
    BenchmarkCopy,
    ComparisonCopy,
    CostSummaryCopy,
    FigureCopy,
    PeriodCostsCopy,
)
from metrics_api.indicators.figures import meets
from metrics_api.indicators.kpis import KPIS
from metrics_api.indicators.periods import Period
from metrics_api.judgements.figure_queries import Figures, figures, figures_then
from metrics_api.judgements.rules import Measured
from metrics_api.quality_reports import queries, rules
from metrics_api.quality_reports.queries import ServiceFilter
from metrics_api.quality_reports.schemas import (
    BenchmarkResult,
    CostFigure,
    CostResult,
    KpiColumn,
    KpiResult,
    QualityAndCostReport,
    QualityRow,
    ReportPeriod,
)
from metrics_api.targets.queries import targets_on
from metrics_api.targets.rules import HoldingTarget
from shared.kit.database import Engine, Session
from shared.kit.pagination import PageParams, page_of
from shared.schemas.metrics import KpiId, ReportTarget


@dataclass(frozen=True)
class Asked:
    """What the report is of; `timezone` names the zone of the period; no `as_of`: as it stands."""

    kpis: Sequence[KpiId]
    period: Period
    timezone: str
    now: datetime
    as_of: datetime | None = None

    @property
    def books(self) -> Books:
        return LIVE_BOOKS if self.as_of is None else THEN_BOOKS


async def quality_and_cost(
    session: Session, engine: Engine, asked: Asked, wanted: ServiceFilter, page: PageParams
) -> QualityAndCostReport:
    """A page of the report; as of a moment it is read in a transaction of its own."""
    if asked.as_of is None:
        return await _page(session, asked, wanted, page)
    async with opened(engine, asked.as_of, asked.now) as then:
        return await _page(then, asked, wanted, page)


async def _page(
    session: Session, asked: Asked, wanted: ServiceFilter, page: PageParams
) -> QualityAndCostReport:
    """A few statements a KPI, however many services the page has."""
    services = await queries.list_services(session, wanted, page, asked.books)
    found = page_of(services, page, key=lambda row: (row.key,))
    keys = [row.key for row in found["items"]]
    if asked.as_of is not None:
        await lay_out(session, asked.as_of, asked.kpis, frozenset(keys))
    results = await _kpi_results(session, asked, keys)
    summaries = await copies_of(
        session, "cost_summary", CostSummaryCopy, keys=keys, as_of=asked.as_of
    )
    benchmarks = await benchmarks_of(session, keys, asked.as_of)
    rows = [
        _row(asked, row, results[row.key], summaries.get(row.key), benchmarks.get(row.key, {}))
        for row in found["items"]
    ]
    return _report(asked, rows, found["next_cursor"])


def _row(
    asked: Asked,
    service: Any,
    kpis: list[KpiResult],
    summary: CostSummaryCopy | None,
    benchmarks: Mapping[UUID, BenchmarkCopy],
) -> QualityRow:
    costs = None if summary is None else rules.costs_for(asked.period.label, summary)
    return QualityRow(
        service=service.key,
        name=service.name,
        kpis=kpis,
        costs=None if costs is None else _costs(costs),
        benchmarks=_benchmarks(benchmarks, costs),
    )


def _report(asked: Asked, rows: list[QualityRow], next_cursor: str | None) -> QualityAndCostReport:
    kpis = [KPIS[kpi] for kpi in asked.kpis]
    return QualityAndCostReport(
        period=ReportPeriod.model_validate(asked.period),
        timezone=asked.timezone,
        kpis=[
            KpiColumn(kpi=kpi.id, name=kpi.name, unit=kpi.unit, better=kpi.better) for kpi in kpis
        ],
        rows=rows,
        next_cursor=next_cursor,
    )


async def _kpi_results(
    session: Session, asked: Asked, services: Sequence[str]
) -> dict[str, list[KpiResult]]:
    """The results of each service, in the order of the KPIs."""
    day = asked.period.last_day
    targets = await targets_on(session, day, services, asked.kpis, asked.books)
    results: dict[str, list[KpiResult]] = {service: [] for service in services}
    for kpi in asked.kpis:
        found = await _figures(session, asked, kpi, services)
        for service in services:
            target = targets.get((service, kpi))
            results[service].append(_kpi_result(kpi, found[service, 0], target))
    return results


async def _figures(session: Session, asked: Asked, kpi: KpiId, services: Sequence[str]) -> Figures:
    if asked.as_of is None:
        return await figures(session, kpi, services, [asked.period], asked.now)
    return await figures_then(session, kpi, services, [asked.period], asked.as_of)


def _kpi_result(kpi: KpiId, measured: Measured, target: HoldingTarget | None) -> KpiResult:
    value = measured.value
    judged = target is not None and value is not None
    return KpiResult(
        kpi=kpi,
        value=value,
        count=measured.count,
        reason=measured.reason,
        target=None
        if target is None
        else ReportTarget(comparator=target.comparator, value=float(target.value)),
        met=meets(value, target.comparator, target.value) if judged else None,  # type: ignore[arg-type, union-attr]
    )


def _costs(costs: PeriodCostsCopy) -> CostResult:
    period = costs.period
    return CostResult(
        period=period.label,
        first_day=period.first_day,
        last_day=period.last_day,
        currency=costs.currency,
        full_cost=_figure(costs.full),
        month_cost=_figure(costs.month_cost),
        unit_cost=_figure(costs.unit_cost),
        user_cost=_figure(costs.user_cost),
        recovery_ratio=_figure(costs.recovery_ratio),
    )


def _benchmarks(
    benchmarks: Mapping[UUID, BenchmarkCopy], costs: PeriodCostsCopy | None
) -> list[BenchmarkResult]:
    compared = {one.benchmark: one for one in costs.comparisons} if costs is not None else {}
    return [
        _benchmark(identity, copy, rules.own_figure(copy.measure, costs), compared.get(identity))
        for identity, copy in rules.newest(benchmarks).items()
    ]


def _benchmark(
    identity: UUID, copy: BenchmarkCopy, own: FigureCopy, compared: ComparisonCopy | None
) -> BenchmarkResult:
    off, relative = rules.NOT_COMPARED, rules.NOT_COMPARED
    if compared is not None:
        off, relative = compared.difference, compared.relative_difference
    facts: dict[str, Any] = copy.model_dump(exclude={"service"})
    return BenchmarkResult(
        id=identity,
        **facts,
        own=_figure(own),
        relative_difference=_figure(relative),
        standing=rules.standing_of(copy.measure, off),
    )


def _figure(figure: FigureCopy) -> CostFigure:
    return CostFigure(value=figure.value, reason=figure.reason)
