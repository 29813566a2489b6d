"""Reading the KPIs of a service: sums first, then one division a figure."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import accumulate

from metrics_api.indicators import queries
from metrics_api.indicators.kpis import (
    KPIS,
    MICROSECONDS_PER_HOUR,
    NOTHING,
    Kpi,
    Reason,
    Shape,
    is_empty,
    open_after,
    quotient,
)
from metrics_api.indicators.periods import Period, spans_up_to
from metrics_api.indicators.rules import SUMS, Sums
from metrics_api.indicators.schemas import (
    BacklogIdentity,
    KpiSeries,
    KpiValue,
    NoNumber,
    Percentiles,
    Share,
)
from shared.kit.database import Session
from shared.schemas.metrics import KpiId

_NO_RECORDS = Reason("no_records", "The service has no incident in the period")
_DURATION_ENDS = {KpiId.MTTR: "resolution_at", KpiId.MTTA: "acknowledgement_at"}


async def kpis_of_service(
    session: Session, service: str, kpis: Sequence[KpiId], periods: Sequence[Period]
) -> list[KpiSeries]:
    """Each KPI in each period, in the order asked."""
    known = await _sums_since_the_first(session, service, periods)
    series = []
    for kpi in (KPIS[kpi_id] for kpi_id in kpis):
        percentiles = await _percentiles(session, service, kpi, periods)
        values = [
            _value(kpi, period, known, percentiles.get(n)) for n, period in enumerate(periods)
        ]
        series.append(KpiSeries(kpi=kpi.id, unit=kpi.unit, values=values))
    return series


async def _sums_since_the_first(
    session: Session, service: str, periods: Sequence[Period]
) -> dict[datetime, Sums]:
    """All sums up to each moment at which a period starts or ends."""
    spans = spans_up_to(moment for period in periods for moment in (period.start, period.end))
    found = await queries.sums_of_service(session, service, spans)
    running = accumulate((found[span.n] for span in spans), _plus)
    return {span.end: sums for span, sums in zip(spans, running, strict=True)}


def _plus(left: Sums, right: Sums) -> Sums:
    return {name: left[name] + right[name] for name in SUMS}


async def _percentiles(
    session: Session, service: str, kpi: Kpi, periods: Sequence[Period]
) -> dict[int, Percentiles]:
    ends = _DURATION_ENDS.get(kpi.id)
    if ends is None:
        return {}
    spans = [(period.start, period.end) for period in periods]
    found = await queries.duration_percentiles(session, service, ends, spans)
    return {
        n: Percentiles(
            p50=p50 / MICROSECONDS_PER_HOUR,
            p90=p90 / MICROSECONDS_PER_HOUR,
            p95=p95 / MICROSECONDS_PER_HOUR,
        )
        for n, (p50, p90, p95) in found.items()
    }


def _value(
    kpi: Kpi,
    period: Period,
    known: Mapping[datetime, Sums],
    percentiles: Percentiles | None,
) -> KpiValue:
    before, after = known[period.start], known[period.end]
    sums = {name: after[name] - before[name] for name in SUMS} | {"open": open_after(after)}
    level = kpi.shape is Shape.LEVEL
    empty = is_empty(after if level else {name: sums[name] for name in SUMS})
    figure = NOTHING if empty else quotient(kpi, sums[kpi.total], sums[kpi.count])
    reason = None
    if figure.value is None:
        reason = _NO_RECORDS if empty and not level else kpi.nothing
    return KpiValue(
        period=period.label,
        start=period.start,
        end=period.end,
        complete=period.complete,
        value=figure.value,
        count=figure.count,
        exclusions={code: sums[name] for code, name in kpi.exclusions.items() if sums[name]},
        reason=None if reason is None else NoNumber(code=reason.code, text=reason.text),
        percentiles=percentiles,
        share=_share(kpi, sums),
        backlog=_identity(before, sums) if level else None,
        unacknowledged=sums["unacknowledged"] if kpi.id is KpiId.MTTA else None,
    )


def _share(kpi: Kpi, sums: Sums) -> Share | None:
    if kpi.shape is not Shape.SHARE:
        return None
    return Share(numerator=sums[kpi.total], denominator=sums[kpi.count])


def _identity(before: Sums, sums: Sums) -> BacklogIdentity:
    return BacklogIdentity(
        open_at_start=open_after(before),
        opened=sums["move_opened"],
        reopened=sums["move_reopened"],
        resolved=sums["move_resolved"],
        closed_unresolved=sums["move_closed_unresolved"],
        cancelled=sums["move_cancelled"],
        open_at_end=sums["open"],
    )
