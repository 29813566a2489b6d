# ruff: noqa: S608 - every fragment is of our own making, every value a parameter
"""The one SQL statement of the performance report."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from metrics_api.indicators.kpis import Kpi, Shape
from metrics_api.indicators.periods import Period, Span
from metrics_api.indicators.queries import (
    has_edges,
    plan_afresh,
    rows_of_spans,
    span_parameters,
)
from metrics_api.indicators.rules import DURATION_SUMS, SUMS

_ACTIVITY = " + ".join(f"coalesce(sum(r.{name}), 0)" for name in SUMS if name not in DURATION_SUMS)
_OPEN = (
    "sum(coalesce(r.move_opened, 0) + coalesce(r.move_reopened, 0) - coalesce(r.move_resolved, 0)"
    " - coalesce(r.move_closed_unresolved, 0) - coalesce(r.move_cancelled, 0))"
)


@dataclass(frozen=True)
class ReportFilter:
    """Which services: of a portfolio (None: any), after a key (None: from the first)."""

    portfolio: str | None
    after: str | None
    limit: int


async def report_rows(
    session: AsyncSession,
    kpi: Kpi,
    periods: Sequence[Period],
    spans: Sequence[Span],
    wanted: ReportFilter,
) -> Sequence[Row[Any]]:
    """A row for each service with a record in a span or a target, by key, one more than asked.

    `spans`, `totals`, `counts` and `used` are arrays side by side: the number of a span, the two
    sums of the KPI in it, and whether any record fell into it. The services are gone through in
    order until the page is full, so its cost does not grow with their number.
    """
    parameters = span_parameters(spans)
    await plan_afresh(session)
    found = await session.execute(
        text(_statement(kpi, edges=has_edges(parameters))),
        {
            **parameters,
            "portfolio": wanted.portfolio,
            "after": wanted.after,
            "limit": wanted.limit + 1,
            "kpi": kpi.id.value,
            "judged_on": periods[-1].last_day,
            "first_days": [period.first_day for period in periods],
            "last_days": [period.last_day for period in periods],
        },
    )
    return found.all()


def _statement(kpi: Kpi, *, edges: bool) -> str:
    level = kpi.shape is Shape.LEVEL
    total = _OPEN if level else f"coalesce(sum(r.{kpi.total}), 0)"
    count = "0" if level else f"coalesce(sum(r.{kpi.count}), 0)"
    return f"""
    WITH asked AS (
        SELECT key, name FROM metrics.service_copy
        WHERE (CAST(:portfolio AS text) IS NULL OR portfolio = CAST(:portfolio AS text))
          AND (CAST(:after AS text) IS NULL OR key COLLATE "C" > CAST(:after AS text))
        ORDER BY key COLLATE "C"
    )
    SELECT s.key, s.name, sums.spans, sums.totals, sums.counts, sums.used,
           target.comparator, target.value AS target, action.title AS action
    FROM asked s
    CROSS JOIN LATERAL (
        SELECT array_agg(x.n) AS spans, array_agg(x.total) AS totals, array_agg(x.count) AS counts,
               array_agg(x.activity > 0) AS used, bool_or(x.activity > 0) AS any_used
        FROM (SELECT r.n, {total} AS total, {count} AS count, {_ACTIVITY} AS activity
              FROM ({rows_of_spans("s.key", edges=edges)}) AS r
              GROUP BY r.n) AS x
    ) AS sums
    LEFT JOIN LATERAL (
        SELECT t.comparator, t.value FROM metrics.target t
        WHERE t.service = s.key AND t.kpi = :kpi AND t.valid_from <= :judged_on
          AND (t.valid_to IS NULL OR t.valid_to >= :judged_on)
        LIMIT 1
    ) AS target ON true
    LEFT JOIN LATERAL (
        SELECT i.title FROM metrics.initiative i
        WHERE i.service = s.key AND i.kpi = :kpi AND i.state <> 'cancelled' AND EXISTS (
            SELECT FROM unnest(CAST(:first_days AS date[]), CAST(:last_days AS date[]))
                   AS p (first, last)
            WHERE i.starts_on <= p.last AND (i.ends_on IS NULL OR i.ends_on >= p.first))
        ORDER BY i.starts_on DESC, i.recorded_at DESC, i.id
        LIMIT 1
    ) AS action ON true
    WHERE sums.any_used OR EXISTS (
        SELECT FROM metrics.target t
        WHERE t.service = s.key AND t.kpi = :kpi
          AND (t.valid_to IS NULL OR t.valid_to >= t.valid_from))
    ORDER BY s.key COLLATE "C"
    LIMIT :limit"""
