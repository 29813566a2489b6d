# ruff: noqa: S608 - every fragment is of our own making, every value a parameter
"""The figures of one KPI for many services and periods, in one read."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from metrics_api.as_of.relations import THEN
from metrics_api.indicators.cell_queries import (
    has_edges,
    rows_of_spans,
    scope_parameters,
    span_parameters,
    sum_of,
)
from metrics_api.indicators.definitions import Kpi, Shape
from metrics_api.indicators.figures import quotient
from metrics_api.indicators.kpis import KPIS
from metrics_api.indicators.live import Reading
from metrics_api.indicators.live_queries import incident_sums
from metrics_api.indicators.periods import Period, Span, spans_up_to
from metrics_api.indicators.rules import DURATION_SUMS, SUMS
from metrics_api.indicators.scopes import RecordSums, Scope, ScopeKind
from metrics_api.indicators.values import figure_of_parts
from metrics_api.judgements.rules import Measured
from metrics_api.record_kpis.queries import Question, record_sums
from shared.kit.database import rows_of
from shared.schemas.metrics import KpiId

Figures = Mapping[tuple[str, int], Measured]
"""By service and the number of the period; every pair that was asked for is there."""

_ACTIVITY: Final = " + ".join(
    f"coalesce(sum(r.{name}), 0)" for name in SUMS if name not in DURATION_SUMS
)
_NO_RECORDS: Final = Measured(None, 0, "no_records")


async def figures(
    session: AsyncSession,
    kpi: KpiId,
    services: Sequence[str],
    periods: Sequence[Period],
    now: datetime,
) -> Figures:
    """The figure of each service in each period: as the KPIs of a service have it."""
    pairs = [(service, n) for service in services for n, _ in enumerate(periods)]
    if not pairs:
        return {}
    definition = KPIS[kpi]
    scope = Scope(ScopeKind.PORTFOLIO, None, tuple(services))
    if not definition.of_incidents:
        found = await _of_records(session, definition, scope, periods, now)
    elif definition.shape is Shape.LEVEL:
        found = await _levels(session, definition, scope, periods)
    else:
        found = await _of_incidents(session, definition, scope, _spans(periods))
    return {pair: found.get(pair, _NO_RECORDS) for pair in pairs}


async def figures_then(
    session: AsyncSession,
    kpi: KpiId,
    services: Sequence[str],
    periods: Sequence[Period],
    as_of: datetime,
    now: datetime | None = None,
) -> Figures:
    """The same of what as_of.knowing has laid out in this session: as it was known then.

    `now`: an earlier moment at which to stand, knowing what was known as of the later one.
    """
    definition, spans = KPIS[kpi], _spans(periods)
    scope = Scope(ScopeKind.PORTFOLIO, None, tuple(services))
    if definition.of_incidents:
        reading = Reading(scope.kind, THEN)
        rows = await incident_sums(session, kpi, scope, spans, reading, by_service=True)
    else:
        asked = Question(
            scope, spans, now or as_of, by_service=True, relations=THEN, known_at=as_of
        )
        rows = await record_sums(session, kpi, asked)
    found = {(sums.service or "", sums.n): _measured(definition, sums) for sums in rows}
    return {
        (service, n): found.get((service, n), _NO_RECORDS)
        for service in services
        for n, _ in enumerate(periods)
    }


def _spans(periods: Sequence[Period]) -> list[Span]:
    return [Span(n, period.start, period.end) for n, period in enumerate(periods)]


async def _of_records(
    session: AsyncSession, kpi: Kpi, scope: Scope, periods: Sequence[Period], now: datetime
) -> Figures:
    asked = Question(scope, _spans(periods), now, by_service=True)
    rows = await record_sums(session, kpi.id, asked)
    return {(sums.service or "", sums.n): _measured(kpi, sums) for sums in rows}


def _measured(kpi: Kpi, sums: RecordSums) -> Measured:
    figure = figure_of_parts(kpi, sums)
    reason = None if figure.value is not None else sums.extras.get("reason", kpi.nothing.code)
    return Measured(figure.value, figure.count, reason)


async def _of_incidents(
    session: AsyncSession, kpi: Kpi, scope: Scope, spans: Sequence[Span]
) -> dict[tuple[str, int], Measured]:
    """By service and span, where any incident left a trace in it."""
    parameters = span_parameters(spans)
    total, count, records = (sum_of(name, "r") for name in (kpi.total, kpi.count, kpi.records))
    statement = f"""
    SELECT r.service, r.n, {total} AS total, {count} AS divisor, {records} AS records
    FROM ({rows_of_spans(scope.kind, edges=has_edges(parameters))}) AS r
    GROUP BY r.service, r.n HAVING {_ACTIVITY} > 0"""
    rows = await rows_of(session, statement, {**scope_parameters(scope), **parameters})
    found = {}
    for service, n, total, divisor, records in rows:
        figure = quotient(kpi, total, divisor, int(records))
        reason = kpi.nothing.code if figure.value is None else None
        found[service, n] = Measured(figure.value, figure.count, reason)
    return found


async def _levels(
    session: AsyncSession, kpi: Kpi, scope: Scope, periods: Sequence[Period]
) -> Figures:
    """What was open at each end: all that came and went before it."""
    spans = spans_up_to(period.end for period in periods)
    changes = await _of_incidents(session, kpi, scope, spans)
    numbers: dict[datetime, list[int]] = {}
    for n, period in enumerate(periods):
        numbers.setdefault(period.end, []).append(n)
    levels = {}
    for service in scope.services or ():
        level: float | None = None
        for span in spans:
            change = changes.get((service, span.n))
            if change is not None:
                level = (level or 0.0) + (change.value or 0.0)
            for n in numbers[span.end]:
                if level is not None:
                    levels[service, n] = Measured(level, int(level), None)
    return levels
