"""Making the performance report: a statement or two, then one division a figure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from metrics_api.indicators.definitions import Kpi, Shape
from metrics_api.indicators.figures import NOTHING, Figure, meets, quotient
from metrics_api.indicators.kpis import KPIS
from metrics_api.indicators.periods import Period, Span, spans_up_to
from metrics_api.indicators.scopes import Scope, ScopeKind
from metrics_api.indicators.values import figure_of_parts
from metrics_api.record_kpis.queries import Question, record_sums
from metrics_api.reports import queries
from metrics_api.reports.queries import ReportFilter
from shared.kit.database import Session
from shared.kit.pagination import encode_cursor
from shared.schemas.metrics import (
    Comparator,
    KpiId,
    PerformanceReport,
)


@dataclass(frozen=True)
class Asked:
    """What the table is of, as of now."""

    kpi: KpiId
    periods: Sequence[Period]
    now: datetime


async def performance_report(
    session: Session, asked: Asked, timezone: str, wanted: ReportFilter
) -> PerformanceReport:
    """The service performance table (rules, "The performance report")."""
    kpi, periods = KPIS[asked.kpi], asked.periods
    spans = _spans(kpi, periods)
    if kpi.of_incidents:
        found = await queries.rows_of_incidents(session, kpi, periods, spans, wanted)
        rows = [
            row_of(periods, _figures(kpi, periods, spans, _sums_by_span(row)), row)
            for row in found[: wanted.limit]
        ]
    else:
        known = queries.Known(asked.now)
        found = await queries.rows_of_records(session, kpi, periods, spans, wanted, known)
        figures = await _figures_of_records(session, asked, spans, found[: wanted.limit])
        rows = [row_of(periods, figures[row.key], row) for row in found[: wanted.limit]]
    return page_of_report(kpi, timezone, rows, more=len(found) > wanted.limit)


def page_of_report(
    kpi: Kpi, timezone: str, rows: Sequence[Mapping[str, Any]], *, more: bool
) -> PerformanceReport:
    report = {
        "kpi": kpi.id,
        "unit": kpi.unit,
        "timezone": timezone,
        "rows": rows,
        "next_cursor": encode_cursor((rows[-1]["service"],)) if more else None,
    }
    return PerformanceReport.model_validate(report)


async def _figures_of_records(
    session: Session, asked: Asked, spans: Sequence[Span], rows: Sequence[Any]
) -> dict[str, list[Figure]]:
    """The figures of each service of the page, in the order of the periods."""
    scope = Scope(ScopeKind.PORTFOLIO, None, tuple(row.key for row in rows))
    wanted = Question(scope, spans, asked.now, by_service=True)
    found = await record_sums(session, asked.kpi, wanted)
    parts = {(one.service, one.n): one for one in found}
    return {
        row.key: [figure_of_parts(KPIS[asked.kpi], parts.get((row.key, n))) for n, *_ in spans]
        for row in rows
    }


def _spans(kpi: Kpi, periods: Sequence[Period]) -> list[Span]:
    """The periods themselves; for a level at their ends, all the time before."""
    if kpi.shape is Shape.LEVEL:
        return spans_up_to(period.end for period in periods)
    return [Span(n, period.start, period.end) for n, period in enumerate(periods)]


def row_of(periods: Sequence[Period], figures: Sequence[Figure], row: Any) -> dict[str, Any]:
    """A PerformanceRow as plain values: they are checked with the page, at a third of the time."""
    target, met, judged = None, None, figures[-1].value
    if row.target is not None:
        comparator, value = Comparator(row.comparator), float(row.target)
        target = {"comparator": comparator, "value": value}
        met = None if judged is None else meets(judged, comparator, value)
    return {
        "service": row.key,
        "name": row.name,
        "values": [
            {
                "period": period.label,
                "value": figure.value,
                "count": figure.count,
                "complete": period.complete,
            }
            for period, figure in zip(periods, figures, strict=True)
        ],
        "target": target,
        "met": met,
        "improvement_action": row.action,
    }


_Sums = Mapping[int, tuple[int, int, int]]
"""Total, count and records by the number of the span; only of spans that a record fell into."""


def _sums_by_span(row: Any) -> _Sums:
    columns = zip(*(row[2:6] if row.spans else ((), (), (), ())), strict=True)
    return {n: (total, count, int(records)) for n, total, count, records in columns}


def _figures(
    kpi: Kpi, periods: Sequence[Period], spans: Sequence[Span], sums: _Sums
) -> list[Figure]:
    if kpi.shape is not Shape.LEVEL:
        return [quotient(kpi, *sums[n]) if n in sums else NOTHING for n, _ in enumerate(periods)]
    levels, level = {}, None
    for span in spans:
        if span.n in sums:
            level = (level or 0) + int(sums[span.n][0])
        levels[span.end] = NOTHING if level is None else quotient(kpi, level, level)
    return [levels[period.end] for period in periods]
