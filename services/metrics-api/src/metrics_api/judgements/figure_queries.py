# ruff: noqa: S608 - every fragment is of our own making, every value a parameter
"""The figures of one KPI for many services and periods, in one statement."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from metrics_api.indicators.kpis import KPIS, Kpi, Shape, quotient
from metrics_api.indicators.periods import Period, Span, spans_up_to
from metrics_api.indicators.queries import (
    has_edges,
    plan_afresh,
    rows_of_spans,
    span_parameters,
)
from metrics_api.indicators.rules import DURATION_SUMS, SUMS
from metrics_api.judgements.rules import Measured
from shared.schemas.metrics import KpiId

Figures = Mapping[tuple[str, int], Measured]
"""By service and the number of the period; every pair that was asked for is there."""

_ACTIVITY = " + ".join(f"coalesce(sum(r.{name}), 0)" for name in SUMS if name not in DURATION_SUMS)
_OPEN = (
    "coalesce(sum(r.move_opened), 0) + coalesce(sum(r.move_reopened), 0)"
    " - coalesce(sum(r.move_resolved), 0) - coalesce(sum(r.move_closed_unresolved), 0)"
    " - coalesce(sum(r.move_cancelled), 0)"
)
_NOT_MEASURED = Measured(None, 0, "not_measured")
_NO_RECORDS = Measured(None, 0, "no_records")

_Sums = dict[tuple[str, int], tuple[int, int]]


async def figures(
    session: AsyncSession, kpi: KpiId, services: Sequence[str], periods: Sequence[Period]
) -> Figures:
    """The figure of each service in each period: as the KPIs of a service have it."""
    pairs = [(service, n) for service in services for n, _ in enumerate(periods)]
    definition = KPIS.get(kpi)
    if definition is None:
        return dict.fromkeys(pairs, _NOT_MEASURED)
    if not pairs:
        return {}
    spans = _spans(definition, periods)
    sums = await _sums(session, definition, services, spans)
    if definition.shape is Shape.LEVEL:
        return _levels(definition, services, periods, spans, sums)
    return {pair: _measured(definition, sums.get(pair)) for pair in pairs}


def _spans(kpi: Kpi, periods: Sequence[Period]) -> list[Span]:
    """The periods themselves; for a level at their ends, all the time before."""
    if kpi.shape is Shape.LEVEL:
        return spans_up_to(period.end for period in periods)
    return [Span(n, period.start, period.end) for n, period in enumerate(periods)]


async def _sums(
    session: AsyncSession, kpi: Kpi, services: Sequence[str], spans: Sequence[Span]
) -> _Sums:
    """Total and count by service and span, where any record fell into it."""
    parameters = span_parameters(spans)
    level = kpi.shape is Shape.LEVEL
    total = _OPEN if level else f"coalesce(sum(r.{kpi.total}), 0)"
    count = "0" if level else f"coalesce(sum(r.{kpi.count}), 0)"
    statement = f"""
    SELECT s.key, x.n, x.total, x.counted
    FROM unnest(CAST(:services AS text[])) AS s (key)
    CROSS JOIN LATERAL (
        SELECT r.n, {total} AS total, {count} AS counted
        FROM ({rows_of_spans("s.key", edges=has_edges(parameters))}) AS r
        GROUP BY r.n HAVING {_ACTIVITY} > 0
    ) AS x"""
    await plan_afresh(session)
    found = await session.execute(text(statement), {"services": list(services), **parameters})
    return {(row.key, row.n): (int(row.total), int(row.counted)) for row in found}


def _levels(
    kpi: Kpi,
    services: Iterable[str],
    periods: Sequence[Period],
    spans: Sequence[Span],
    sums: _Sums,
) -> dict[tuple[str, int], Measured]:
    """What was open at each end: all that came and went before it."""
    ends: dict[Any, list[int]] = {}
    for n, period in enumerate(periods):
        ends.setdefault(period.end, []).append(n)
    levels = {}
    for service in services:
        level: int | None = None
        for span in spans:
            if (service, span.n) in sums:
                level = (level or 0) + sums[service, span.n][0]
            figure = None if level is None else (level, level)
            for n in ends[span.end]:
                levels[service, n] = _measured(kpi, figure)
    return levels


def _measured(kpi: Kpi, sums: tuple[int, int] | None) -> Measured:
    if sums is None:
        return _NO_RECORDS
    figure = quotient(kpi, *sums)
    return Measured(figure.value, figure.count, kpi.nothing.code if figure.value is None else None)
