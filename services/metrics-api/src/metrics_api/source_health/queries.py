"""Every SQL statement about how a source's deliveries are getting on."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

import orjson
from sqlalchemy import Row, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from metrics_api.source_health.tables import RefusedDelivery


class Refusals(NamedTuple):
    """How often the deliveries of a source (its key) were refused for one reason, and when."""

    source: str
    code: str
    detail: str
    times: int
    first_at: datetime
    last_at: datetime


# A week without any ends a count: what was wrong then is not what is wrong now.
_ADD: Final = text("""
    INSERT INTO metrics.refused_delivery AS d (source_id, code, detail, count, first_at, last_at)
    SELECT s.id, r.code, r.detail, r.times, r.first_at, r.last_at
    FROM json_to_recordset(CAST(:refusals AS json)) AS r(
        source text, code text, detail text, times bigint, first_at timestamptz, last_at timestamptz
    ) JOIN metrics.source s ON s.key = r.source
    ORDER BY s.id, r.code
    ON CONFLICT (source_id, code) DO UPDATE SET
        detail = excluded.detail,
        count = excluded.count
            + CASE WHEN d.last_at < excluded.first_at - interval '7 days' THEN 0 ELSE d.count END,
        first_at = CASE WHEN d.last_at < excluded.first_at - interval '7 days'
                        THEN excluded.first_at ELSE d.first_at END,
        last_at = greatest(d.last_at, excluded.last_at)""")

_STANDING: Final = text("""
    SELECT
        (SELECT count(*) FROM metrics.receipt
            WHERE source_id = :source AND state = 'pending') AS pending,
        (SELECT min(received_at) FROM metrics.receipt
            WHERE source_id = :source AND state = 'pending') AS oldest_pending_at,
        (SELECT count(*) FROM metrics.receipt
            WHERE source_id = :source AND state = 'failed') AS failed,
        (SELECT max(received_at) FROM metrics.receipt
            WHERE source_id = :source) AS last_received_at,
        r.*
    FROM (
        SELECT count(*) AS received,
               count(*) FILTER (WHERE state = 'processed') AS processed,
               count(*) FILTER (WHERE state = 'ignored') AS ignored,
               count(*) FILTER (WHERE state = 'failed') AS failed_lately,
               max(processed_at) AS last_processed_at,
               percentile_disc(0.95) WITHIN GROUP (ORDER BY processed_at - received_at)
                   FILTER (WHERE attempts = 1) AS wait_p95
        FROM metrics.receipt WHERE source_id = :source AND received_at >= :since
    ) AS r""")


async def add_refusals(session: AsyncSession, refusals: Sequence[Refusals]) -> None:
    """Add to what was counted before; a source that is not there is left out."""
    rows = orjson.dumps([one._asdict() for one in refusals]).decode()
    await session.execute(_ADD, {"refusals": rows})


async def standing(session: AsyncSession, source_id: int, since: datetime) -> Row[Any]:
    """What waits and what failed, and what became of those received since a moment."""
    parameters = {"source": source_id, "since": since}
    return (await session.execute(_STANDING, parameters)).one()


async def refusals_of(session: AsyncSession, source_id: int) -> Sequence[RefusedDelivery]:
    """What was refused, the latest first; a handful, as there are few reasons."""
    statement = (
        select(RefusedDelivery)
        .where(RefusedDelivery.source_id == source_id)
        .order_by(RefusedDelivery.last_at.desc(), RefusedDelivery.code)
    )
    return (await session.scalars(statement)).all()
