"""Every SQL statement of breaches."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Any

import orjson
import psycopg
from psycopg.rows import tuple_row
from sqlalchemy import ColumnElement, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from metrics_api.breaches.tables import Breach, BreachPrediction
from metrics_api.clocks.standing import Clock
from metrics_api.sources.tables import Source
from shared.kit.database import Query
from shared.kit.pagination import PageParams, keyset

Connection = psycopg.AsyncConnection[Any]
# Any number: one detection and one telling at a time.
_WATCH = 7_205_331_911

_FACTS = "service, priority, basis, target_minutes, calendar, breached_at"
_NEW = ", ".join(f"excluded.{name}" for name in _FACTS.split(", "))
_OLD = ", ".join(f"old.{name}" for name in _FACTS.split(", "))
_RECORD = f"""
    INSERT INTO metrics.breach AS old
    SELECT * FROM json_populate_recordset(NULL::metrics.breach, %s::json)
    ON CONFLICT (source_id, external_id, clock) DO UPDATE
    SET ({_FACTS}, retracted_at) = ROW ({_NEW}, NULL)
    WHERE ({_OLD}, old.retracted_at) IS DISTINCT FROM ({_NEW}, NULL)
"""  # noqa: S608 - made of our own column names
_RETRACT = """
    UPDATE metrics.breach AS b SET retracted_at = %s
    FROM json_to_recordset(%s::json) AS r (source_id int, external_id text, clock text)
    WHERE b.source_id = r.source_id AND b.external_id = r.external_id AND b.clock = r.clock
        AND b.retracted_at IS NULL
"""


async def record_breaches(conn: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep breaches once for each clock; one that was retracted holds again."""
    if rows:
        await conn.execute(_RECORD, [orjson.dumps(rows).decode()])


async def retract_breaches(
    conn: Connection, clocks: Sequence[tuple[int, str, str]], at: datetime
) -> None:
    """Say of clocks that they did not run out, where it was said that they did."""
    if clocks:
        names = ("source_id", "external_id", "clock")
        rows = [dict(zip(names, each, strict=True)) for each in clocks]
        await conn.execute(_RETRACT, [at, orjson.dumps(rows).decode()])


async def lock_watch(session: AsyncSession) -> None:
    """Let one transaction at a time detect, predict or tell."""
    await session.execute(select(func.pg_advisory_xact_lock(_WATCH)))


async def leave_out_old(session: AsyncSession, age: timedelta) -> None:
    """Breaches that were older than this when they were detected are not told."""
    await session.execute(
        update(Breach)
        .where(
            Breach.telling == "due",
            Breach.retracted_at.is_(None),
            Breach.breached_at < Breach.detected_at - age,
        )
        .values(telling="left_out")
    )


async def untold(session: AsyncSession, limit: int) -> list[Any]:
    """Breaches to tell, with the keys of their sources, by service and time; locked."""
    statement = (
        select(Breach, Source.key)
        .join(Source, Source.id == Breach.source_id)
        .where(Breach.telling == "due", Breach.retracted_at.is_(None))
        .order_by(Breach.service, Breach.breached_at, Breach.source_id, Breach.external_id)
        .limit(limit)
        .with_for_update(of=Breach)
    )
    return list((await session.execute(statement)).all())


_TOLD = text("""
    UPDATE metrics.breach AS b SET telling = 'told', told_at = :at
    FROM json_to_recordset(CAST(:rows AS json))
        AS r (source_id int, external_id text, clock text)
    WHERE b.source_id = r.source_id AND b.external_id = r.external_id AND b.clock = r.clock
""")


async def mark_told(session: AsyncSession, breaches: Sequence[Breach], at: datetime) -> None:
    rows = [
        {"source_id": one.source_id, "external_id": one.external_id, "clock": one.clock}
        for one in breaches
    ]
    await session.execute(_TOLD, {"at": at, "rows": orjson.dumps(rows).decode()})


Place = tuple[datetime, int, str]
"""Of a clock that has run out: since when, the source and the id of its incident."""

_OVERDUE = """
    SELECT i.{clock}_late_from, i.source_id, i.external_id FROM metrics.incident i
    WHERE (i.{clock}_late_from, i.source_id, i.external_id) > (%s, %s, %s)
        AND i.{clock}_late_from < %s AND NOT EXISTS (
            SELECT FROM metrics.breach b
            WHERE b.source_id = i.source_id AND b.external_id = i.external_id
                AND b.clock = '{clock}' AND b.retracted_at IS NULL)
    ORDER BY 1, 2, 3 LIMIT %s
"""
_DUE_SOON = """
    SELECT i.source_id, s.key, i.external_id, i.service, i.opened_at, i.priority, i.{clock}_due_at
    FROM metrics.incident i JOIN metrics.source s ON s.id = i.source_id
    WHERE i.{clock}_late_from >= %s AND i.{clock}_due_at < %s AND NOT EXISTS (
        SELECT FROM metrics.breach_prediction p
        WHERE p.source_id = i.source_id AND p.external_id = i.external_id AND p.clock = '{clock}')
    ORDER BY i.service, i.{clock}_due_at, i.source_id, i.external_id LIMIT %s
"""


@dataclass(frozen=True)
class RunningClock:
    """A clock that has not completed, of an incident, and when it runs out."""

    source_id: int
    source: str
    external_id: str
    service: str
    opened_at: datetime
    priority: int
    due_at: datetime


async def overdue(
    conn: Connection, clock: Clock, after: Place, now: datetime, limit: int
) -> list[Place]:
    """Clocks that have run out by now without that being known as a breach, by when they did."""
    async with conn.cursor(row_factory=tuple_row) as cursor:
        await cursor.execute(_OVERDUE.format(clock=clock.value), [*after, now, limit])
        return await cursor.fetchall()


async def due_soon(
    conn: Connection, clock: Clock, now: datetime, until: datetime, limit: int
) -> list[RunningClock]:
    """Clocks due before `until` that have not run out, and of which that was not said yet, by
    service."""
    async with conn.cursor(row_factory=tuple_row) as cursor:
        await cursor.execute(_DUE_SOON.format(clock=clock.value), [now, until, limit])
        return [RunningClock(*row) async for row in cursor]


async def insert_predictions(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> None:
    """Keep what is said now, so that it is said once."""
    await session.execute(insert(BreachPrediction), [dict(row) for row in rows])


@dataclass(frozen=True)
class BreachFilter:
    """What a list of breaches is narrowed to; the range is [from, to)."""

    service: str | None = None
    clock: Clock | None = None
    priority: int | None = None
    basis: str | None = None
    retracted: bool | None = None
    breached_from: datetime | None = None
    breached_to: datetime | None = None


async def list_breaches(session: AsyncSession, wanted: BreachFilter, page: PageParams) -> list[Any]:
    """Breaches with the keys of their sources, the newest first."""
    statement: Any = select(Breach, Source.key).join(Source, Source.id == Breach.source_id)
    for condition in _conditions(wanted):
        statement = statement.where(condition)
    order: list[Any] = [
        Breach.breached_at.desc(),
        Breach.source_id.desc(),
        Breach.external_id.desc(),
        Breach.clock.desc(),
    ]
    return list((await session.execute(keyset(statement, order, page))).all())


def _conditions(wanted: BreachFilter) -> list[ColumnElement[bool]]:
    equal = (
        (Breach.service, wanted.service),
        (Breach.clock, None if wanted.clock is None else wanted.clock.value),
        (Breach.priority, wanted.priority),
        (Breach.basis, wanted.basis),
        (Breach.retracted_at.is_not(None), wanted.retracted),
    )
    conditions: list[ColumnElement[bool]] = [c == value for c, value in equal if value is not None]
    if wanted.breached_from is not None:
        conditions.append(Breach.breached_at >= wanted.breached_from)
    if wanted.breached_to is not None:
        conditions.append(Breach.breached_at < wanted.breached_to)
    return conditions


_NUMBERS = """
    SELECT
        (SELECT count(*) FROM metrics.breach b JOIN metrics.incident i
            ON i.source_id = b.source_id AND i.external_id = b.external_id
         WHERE b.service = :service AND b.retracted_at IS NULL
            AND i.state IN ('new', 'in_progress', 'on_hold')
            AND CASE b.clock WHEN 'response' THEN i.response_met ELSE i.resolution_met END
                IS NULL) AS open_breached,
        (SELECT count(*) FROM metrics.breach b
         WHERE b.service = :service AND b.retracted_at IS NULL
            AND b.breached_at >= :month_ago AND b.breached_at <= :now) AS breached,
        (SELECT count(*) FROM metrics.incident i
         WHERE i.service = :service AND i.response_late_from >= :now
            AND i.response_due_at < :tomorrow)
        + (SELECT count(*) FROM metrics.incident i
           WHERE i.service = :service AND i.resolution_late_from >= :now
              AND i.resolution_due_at < :tomorrow) AS due_soon,
        count(*) FILTER (WHERE credit > 0) AS credits_due,
        count(*) AS credited
    FROM metrics.service_credit
    WHERE service = :service AND ended_at IS NULL AND period_end >= :year_ago
"""


def breach_numbers(service: str, now: datetime, year_ago: datetime) -> Query[Any]:
    """Of a service: open clocks that ran out, breaches of 30 days, clocks due within 24 hours that
    have not, guaranteed periods since a year ago with a credit due, and all of them."""
    parameters = {
        "service": service,
        "now": now,
        "month_ago": now - timedelta(days=30),
        "tomorrow": now + timedelta(days=1),
        "year_ago": year_ago,
    }
    return Query(_NUMBERS, parameters, itemgetter(0))
