# ruff: noqa: S608 - every fragment is of our own making, every value a parameter
"""Reading percentiles over many services from the sketches of their days and months."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession

from metrics_api.indicators.cell_queries import (
    CELL_PIECES,
    DAY_PIECES,
    has_edges,
    of_services,
    scope_parameters,
    span_parameters,
)
from metrics_api.indicators.definitions import DurationKind
from metrics_api.indicators.live import DURATIONS, Reading, bucket_of
from metrics_api.indicators.periods import Span
from metrics_api.indicators.queries import CHANGED_DURATIONS
from metrics_api.indicators.scopes import Scope, ScopeKind
from metrics_api.indicators.sketch_making import buckets_of_days
from metrics_api.indicators.sketches import SHARES, percentiles_between
from shared.kit.database import rows_of

MOST_DIRTY: Final = 5_000
"""Days of services that are counted from incidents at most: some hundred thousand incidents."""
_NEIGHBOURS: Final = ", ".join(
    f"min(bucket) FILTER (WHERE upto > {rounded}({share} * (whole - 1))) AS {rounded}_{place}"
    for rounded in ("floor", "ceil")
    for place, share in enumerate(SHARES)
)


async def sketched_percentiles(
    session: AsyncSession, kind: DurationKind, scope: Scope, spans: Sequence[Span]
) -> dict[int, tuple[float, float, float]]:
    """p50, p90 and p95 in microseconds by the number of the span, within 1 % (Records rule 14).

    Whole months and days are read from sketches, but for days with pending changes: these, and the
    edges of the spans, are counted from the incidents by index. One statement, so one snapshot.
    Nothing where that would be too many days, as shortly after a bulk load.
    """
    parameters = span_parameters(spans)
    asked: dict[str, Any] = {**scope_parameters(scope), **parameters, "duration": kind.value}
    days = (
        f"SELECT count(*) FROM (SELECT FROM ({_dirty(scope.kind)}) AS d LIMIT {MOST_DIRTY + 1}) c"
    )
    ((dirty,),) = await rows_of(session, days, asked)
    if dirty > MOST_DIRTY:
        return {}
    statement = f"""
    WITH dirty AS MATERIALIZED ({_dirty(scope.kind)}
    ), dirty_month AS MATERIALIZED (
        SELECT DISTINCT service, date_trunc('month', day::timestamp)::date AS month FROM dirty
    ), counted AS ({_counted(kind, scope.kind, edges=has_edges(parameters))}
    ), ranked AS (
        SELECT n, bucket, sum(sum(count)) OVER (PARTITION BY n ORDER BY bucket) AS upto,
               sum(sum(count)) OVER (PARTITION BY n) AS whole
        FROM counted GROUP BY n, bucket
    )
    SELECT n, whole, {_NEIGHBOURS} FROM ranked GROUP BY n, whole"""
    found = await rows_of(session, statement, asked)
    return {
        n: percentiles_between(int(whole), buckets[: len(SHARES)], buckets[len(SHARES) :])
        for n, whole, *buckets in found
    }


def _dirty(scope: ScopeKind) -> str:
    """SQL of the days (service, day) whose sketches are not to be read."""
    return f"""
        SELECT service, day FROM metrics.cell_delta x
        WHERE {of_services(scope, "x.service")} AND day >= :first_day AND day < :last_day
          AND {CHANGED_DURATIONS}
        UNION SELECT service, day FROM metrics.sketch_pending x
        WHERE {of_services(scope, "x.service")} AND day >= :first_day AND day < :last_day"""


def _counted(kind: DurationKind, scope: ScopeKind, *, edges: bool) -> str:
    """SQL of rows (n, bucket, count); several may be of one bucket."""
    sketch = f"""metrics.duration_sketch k
        WHERE {of_services(scope, "k.service")} AND k.kind = :duration"""
    parts = [
        f"""
        SELECT p.n, b.bucket, b.count FROM {CELL_PIECES} CROSS JOIN LATERAL (
            SELECT * FROM {sketch} AND k.grain = p.grain AND k.start >= p.low AND k.start < p.high
            OFFSET 0) AS k
        CROSS JOIN LATERAL unnest(k.buckets, k.counts) AS b (bucket, count)
        WHERE NOT EXISTS (SELECT FROM {cte} d WHERE d.service = k.service AND d.{day} = k.start)
          AND p.grain = '{grain}'"""
        for grain, cte, day in (("m", "dirty_month", "month"), ("d", "dirty", "day"))
    ]
    # The clean days of months that are not.
    parts.append(
        f"""
        SELECT p.n, b.bucket, b.count FROM {CELL_PIECES}
        JOIN dirty_month m ON m.month >= p.low AND m.month < p.high AND p.grain = 'm'
        CROSS JOIN LATERAL (
            SELECT * FROM metrics.duration_sketch k
            WHERE k.service = m.service AND k.kind = :duration AND k.grain = 'd'
              AND k.start >= m.month AND k.start < (m.month + interval '1 month')::date
            OFFSET 0) AS k
        CROSS JOIN LATERAL unnest(k.buckets, k.counts) AS b (bucket, count)
        WHERE NOT EXISTS (SELECT FROM dirty d WHERE d.service = k.service AND d.day = k.start)"""
    )
    parts.append(
        f"""
        SELECT p.n, x.bucket, x.count FROM ({buckets_of_days("dirty", kind)}) AS x
        JOIN {DAY_PIECES} ON x.day >= p.low AND x.day < p.high"""
    )
    if edges:
        duration = DURATIONS[kind]
        bucket = f"{bucket_of(duration.microseconds)} AS bucket"
        rows = Reading(scope).rows_in_spans(duration.rows, bucket, duration.condition)
        parts.append(f"\n        SELECT n, bucket, 1 FROM ({rows}) AS e")
    return "\n        UNION ALL".join(parts)
