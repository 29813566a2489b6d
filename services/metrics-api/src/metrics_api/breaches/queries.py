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
from metrics_api.clocks.counting import moment_of
from metrics_api.clocks.queries import parameters_of, stands_still
from metrics_api.clocks.standing import Clock, Closed
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


_RUNNING = """
    SELECT i.source_id, s.key, i.external_id, i.service, i.opened_at, i.priority,
        i.{clock}_due_at
    FROM metrics.incident i JOIN metrics.source s ON s.id = i.source_id
    WHERE i.priority IS NOT NULL AND i.service IS NOT NULL AND {due} AND NOT EXISTS ({known})
    ORDER BY {order} LIMIT %s
"""
_SOON = "i.{clock}_due_at >= %s AND i.{clock}_due_at < %s"
_OVERDUE = "(i.{clock}_due_at, i.source_id, i.external_id) > (%s, %s, %s) AND i.{clock}_due_at < %s"
_BY_SERVICE = "i.service, i.{clock}_due_at, i.source_id, i.external_id"
_BY_DUE_TIME = "i.{clock}_due_at, i.source_id, i.external_id"
_BREACHED = """
    SELECT FROM metrics.breach b
    WHERE b.source_id = i.source_id AND b.external_id = i.external_id AND b.clock = '{clock}'
        AND b.retracted_at IS NULL
"""
_PREDICTED = """
    SELECT FROM metrics.breach_prediction p
    WHERE p.source_id = i.source_id AND p.external_id = i.external_id AND p.clock = '{clock}'
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

    @property
    def place(self) -> tuple[datetime, int, str]:
        return (self.due_at, self.source_id, self.external_id)


async def overdue(
    conn: Connection,
    clock: Clock,
    after: tuple[datetime, int, str],
    now: datetime,
    limit: int,
) -> list[RunningClock]:
    """Clocks that were due before now without that being known as a breach, by due time."""
    statement = _running_clocks(clock, due=_OVERDUE, known=_BREACHED, order=_BY_DUE_TIME)
    return await _fetched(conn, statement, [*after, now, limit])


async def due_soon(
    conn: Connection, clock: Clock, now: datetime, until: datetime, limit: int
) -> list[RunningClock]:
    """Clocks that run out in [now, until) and of which that was not said yet, by service."""
    statement = _running_clocks(clock, due=_SOON, known=_PREDICTED, order=_BY_SERVICE)
    return await _fetched(conn, statement, [now, until, limit])


def _running_clocks(clock: Clock, **parts: str) -> str:
    for name, part in parts.items():
        parts[name] = part.format(clock=clock.value)
    return _RUNNING.format(clock=clock.value, **parts)


async def _fetched(conn: Connection, statement: str, values: list[Any]) -> list[RunningClock]:
    async with conn.cursor(row_factory=tuple_row) as cursor:
        await cursor.execute(statement, values)
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


_DUE = """
        (SELECT count(*) FROM metrics.incident i
         WHERE i.service = :service AND i.{clock}_due_at < :tomorrow
            AND i.{clock}_due_at >= :{clock}_first
            AND (i.{clock}_due_at >= :now OR {stands_still}))"""
_DUE_SOON = " + ".join(
    _DUE.format(clock=each.value, stands_still=stands_still(each, f"i.{each.value}_due_at"))
    for each in Clock
)
_NUMBERS = f"""
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
        {_DUE_SOON} AS due_soon,
        count(*) FILTER (WHERE credit > 0) AS credits_due,
        count(*) AS credited
    FROM metrics.service_credit
    WHERE service = :service AND ended_at IS NULL AND period_end >= :year_ago
"""  # noqa: S608 - made of our own column names


def breach_numbers(
    service: str, now: datetime, year_ago: datetime, closed: Mapping[Clock, Sequence[Closed]]
) -> Query[Any]:
    """Of a service: open clocks that ran out, breaches of 30 days, clocks due within 24 hours (the
    `closed` ones among them), guaranteed periods since a year ago with a credit due, and all."""
    parameters: dict[str, Any] = {
        "service": service,
        "now": now,
        "month_ago": now - timedelta(days=30),
        "tomorrow": now + timedelta(days=1),
        "year_ago": year_ago,
    }
    for each, still in closed.items():
        parameters |= parameters_of(each, still)
        parameters[f"{each.value}_first"] = min([now, *(moment_of(one.since) for one in still)])
    return Query(_NUMBERS, parameters, itemgetter(0))
