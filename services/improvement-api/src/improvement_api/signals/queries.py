"""Statements over signals."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, literal, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from improvement_api.signals.tables import Signal
from shared.kit.pagination import PageParams, keyset


@dataclass(frozen=True)
class SignalFilter:
    """None means any. `after` is a sequence, `since` a time of receipt (included)."""

    type: str | None = None
    service: str | None = None
    since: datetime | None = None
    after: int | None = None


async def keep_signal(session: AsyncSession, values: Mapping[str, Any]) -> bool:
    """Store an event; False when it was stored before.

    Numbers are taken under a lock that is held to the commit. So they become visible in their
    order, and who goes on after the last sequence it saw steps over none.
    """
    name = func.hashtextextended("improvement.signal", 0)
    held = select(func.pg_advisory_xact_lock(name)).cte("held").prefix_with("MATERIALIZED")
    columns = [literal(value, Signal.__table__.c[name].type) for name, value in values.items()]
    # The number is taken for the row that comes of the lock: after it, in the same round trip.
    statement = insert(Signal).from_select(list(values), select(*columns).select_from(held))
    stored = statement.on_conflict_do_nothing(index_elements=[Signal.id])
    return (await session.scalars(stored.returning(Signal.sequence))).first() is not None


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
