"""Making the performance report: one statement, then one division a figure."""

from collections.abc import Mapping, Sequence
from typing import Any

from metrics_api.indicators.definitions import Kpi, Shape
from metrics_api.indicators.figures import NOTHING, Figure, meets, quotient
from metrics_api.indicators.kpis import KPIS
from metrics_api.indicators.periods import Period, Span, spans_up_to
from metrics_api.reports import queries
from metrics_api.reports.queries import ReportFilter
from shared.kit.database import Session
from shared.kit.pagination import encode_cursor
from shared.schemas.metrics import (
    Comparator,
    KpiId,
    PerformanceReport,
    PerformanceRow,
    PeriodValue,
    ReportTarget,
)


async def performance_report(
    session: Session, kpi_id: KpiId, periods: Sequence[Period], timezone: str, wanted: ReportFilter
) -> PerformanceReport:
    """The service performance table (rules, "The performance report")."""
    kpi = KPIS[kpi_id]
    spans = _spans(kpi, periods)
    found = await queries.rows_of_incidents(session, kpi, periods, spans, wanted)
    rows = [
        _row(periods, _figures(kpi, periods, spans, _sums_by_span(row)), row)
        for row in found[: wanted.limit]
    ]
    more = len(found) > wanted.limit
    return PerformanceReport(
        kpi=kpi_id,
        unit=kpi.unit,
        timezone=timezone,
        rows=rows,
        next_cursor=encode_cursor((rows[-1].service,)) if more else None,
    )


def _spans(kpi: Kpi, periods: Sequence[Period]) -> list[Span]:
    """The periods themselves; for a level at their ends, all the time before."""
    if kpi.shape is Shape.LEVEL:
        return spans_up_to(period.end for period in periods)
    return [Span(n, period.start, period.end) for n, period in enumerate(periods)]


def _row(periods: Sequence[Period], figures: Sequence[Figure], row: Any) -> PerformanceRow:
    target = (
        None
        if row.target is None
        else ReportTarget(comparator=Comparator(row.comparator), value=float(row.target))
    )
    judged = figures[-1].value
    return PerformanceRow(
        service=row.key,
        name=row.name,
        values=[
            PeriodValue(
                period=period.label,
                value=figure.value,
                count=figure.count,
                complete=period.complete,
            )
            for period, figure in zip(periods, figures, strict=True)
        ],
        target=target,
        met=None
        if target is None or judged is None
        else meets(judged, target.comparator, target.value),
        improvement_action=row.action,
    )


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
