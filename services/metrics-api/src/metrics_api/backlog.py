"""What waits in metrics-api, beside what waits in every service: for /metrics."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from shared.kit.backlog import Gauge

_MOST: Final = 100_000
"""Counted no further: that there are so many says enough."""
_WAITING: Final = text("""
    SELECT (SELECT count(*) FROM (
                SELECT FROM metrics.receipt WHERE state = 'pending' LIMIT :most) AS p) AS pending,
           (SELECT count(*) FROM (
                SELECT FROM metrics.receipt WHERE state = 'failed' LIMIT :most) AS f) AS failed,
           coalesce(extract(epoch FROM now() - (
                SELECT received_at FROM metrics.receipt WHERE state = 'pending'
                ORDER BY id LIMIT 1)), 0) AS lag,
           (SELECT count(*) FROM (
                SELECT FROM metrics.cell_delta LIMIT :most) AS d) AS deltas,
           (SELECT count(*) FROM (
                SELECT FROM metrics.sketch_pending LIMIT :most) AS k) AS days""")


async def gauges(session: AsyncSession) -> Sequence[Gauge]:
    """Deliveries of tools and figures that are still to be processed, at most 100,000 of each."""
    row = (await session.execute(_WAITING, {"most": _MOST})).one()
    return (
        _gauge("receipts_pending", "Deliveries of tools that wait to be read", row.pending),
        _gauge("receipts_failed", "Deliveries that failed and wait for a replay", row.failed),
        _gauge("receipts_lag_seconds", "For how long the oldest of those that wait has", row.lag),
        _gauge("cell_deltas", "Changes that are still to be folded into cells", row.deltas),
        _gauge("sketch_days_pending", "Days whose percentiles are still to be counted", row.days),
    )


def _gauge(name: str, about: str, value: float) -> Gauge:
    return Gauge(name, about, (), [((), float(value))])
