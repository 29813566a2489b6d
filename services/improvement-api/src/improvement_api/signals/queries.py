"""Statements over signals."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from improvement_api.signals.schemas import MetricsEvent
from improvement_api.signals.tables import Signal
from shared.kit.database import rows_of
from shared.kit.pagination import PageParams, keyset


@dataclass(frozen=True)
class SignalFilter:
    """None means any. `after` is a sequence, `since` a time of receipt (included)."""

    type: str | None = None
    service: str | None = None
    since: datetime | None = None
    after: int | None = None


# Numbers are taken for the rows that come of the lock: after it, in the same round trip.
_KEEP = """
    WITH held AS MATERIALIZED (
        SELECT pg_advisory_xact_lock(hashtextextended('improvement.signal', 0))
    )
    INSERT INTO improvement.signal (id, type, service, data, occurred_at, received_at)
    SELECT t.id, t.type, t.service, CAST(t.data AS jsonb), t.occurred_at, :received_at
    FROM held CROSS JOIN unnest(
        CAST(:ids AS text[]), CAST(:types AS text[]), CAST(:services AS text[]),
        CAST(:data AS text[]), CAST(:occurred_at AS timestamptz[])
    ) WITH ORDINALITY AS t (id, type, service, data, occurred_at, place)
    ORDER BY t.place
    ON CONFLICT (id) DO NOTHING RETURNING sequence
"""


async def keep_signals(
    session: AsyncSession, events: Sequence[MetricsEvent], received_at: datetime
) -> int:
    """Store events in their order, but for those that were stored before; how many it were.

    Numbers are taken under a lock that is held to the commit. So they become visible in their
    order, and who goes on after the last sequence it saw steps over none.
    """
    values = {
        "ids": [event.id for event in events],
        "types": [event.type for event in events],
        "services": [event.subject for event in events],
        "data": [orjson.dumps(event.data).decode() for event in events],
        "occurred_at": [event.time for event in events],
        "received_at": received_at,
    }
    return len(await rows_of(session, _KEEP, values))


async def list_signals(
    session: AsyncSession, wanted: SignalFilter, page: PageParams
) -> list[Signal]:
    """Signals in the order of receipt, one more than the page holds."""
    statement = select(Signal)
    if wanted.type is not None:
        statement = statement.where(Signal.type == wanted.type)
    if wanted.service is not None:
        statement = statement.where(Signal.service == wanted.service)
    if wanted.since is not None:
        statement = statement.where(Signal.received_at >= wanted.since)
    if wanted.after is not None:
        statement = statement.where(Signal.sequence > wanted.after)
    order: list[Any] = [Signal.sequence]
    return list(await session.scalars(keyset(statement, order, page)))
