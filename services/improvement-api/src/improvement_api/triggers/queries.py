"""Statements over triggers, and over signals as triggers read them."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, text, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from improvement_api.opportunities.tables import Occurrence
from improvement_api.signals.tables import Signal
from improvement_api.triggers.definitions import TriggerBody
from improvement_api.triggers.rules import TARGET_MET, TARGET_MISSED, WATCHED, Told, Trigger
from improvement_api.triggers.tables import SignalCursor, TriggerVersion
from shared.errors import NotFound
from shared.kit.pagination import PageParams, keyset

READER = "triggers"
_PERIODS_BACK = 40
"""More periods of a target than any trigger looks back."""


@dataclass(frozen=True)
class Numbered:
    """A signal with its place in the order of receipt."""

    sequence: int
    told: Told


async def current_triggers(session: AsyncSession) -> list[Trigger]:
    """The version in force of every trigger, by key; there are few."""
    statement = (
        select(TriggerVersion).where(_identity().in_(_newest())).order_by(TriggerVersion.key)
    )
    return [trigger_of(row) for row in await session.scalars(statement)]


async def list_triggers(session: AsyncSession, page: PageParams) -> list[TriggerVersion]:
    """The version in force of each trigger, by key, one more than the page holds."""
    statement = select(TriggerVersion).where(_identity().in_(_newest()))
    order: list[Any] = [TriggerVersion.key]
    return list(await session.scalars(keyset(statement, order, page)))


async def current_version(session: AsyncSession, key: str) -> TriggerVersion:
    """The version of a trigger that is in force; NotFound when there is none."""
    found = await find_current(session, key)
    if found is None:
        raise NotFound(f"There is no trigger {key}")
    return found


async def find_current(session: AsyncSession, key: str) -> TriggerVersion | None:
    statement = (
        select(TriggerVersion)
        .where(TriggerVersion.key == key)
        .order_by(TriggerVersion.version.desc())
        .limit(1)
    )
    found: TriggerVersion | None = await session.scalar(statement)
    return found


async def list_versions(session: AsyncSession, key: str, page: PageParams) -> list[TriggerVersion]:
    """Versions of a trigger, newest first, one more than the page holds."""
    statement = select(TriggerVersion).where(TriggerVersion.key == key)
    return list(await session.scalars(keyset(statement, [TriggerVersion.version.desc()], page)))


async def lock_trigger(session: AsyncSession, key: str) -> None:
    """Let one publication of a trigger wait for the other; its versions themselves never change."""
    await session.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"),
        {"name": f"improvement.trigger.{key}"},
    )


async def insert_version(session: AsyncSession, values: Mapping[str, Any]) -> None:
    """Add a version unless there is one of this number."""
    await session.execute(insert(TriggerVersion).values(dict(values)).on_conflict_do_nothing())


async def cursor(session: AsyncSession) -> int:
    """The last signal that triggers have dealt with; 0 before the first."""
    statement = select(SignalCursor.sequence).where(SignalCursor.reader == READER)
    return await session.scalar(statement) or 0


async def move_cursor(session: AsyncSession, start: int, end: int) -> bool:
    """Claim the signals after `start` up to `end`; False when another has claimed them.

    Whoever claims the same ones waits here until this transaction ends.
    """
    await session.execute(
        insert(SignalCursor).values(reader=READER, sequence=0).on_conflict_do_nothing()
    )
    statement = (
        update(SignalCursor)
        .where(SignalCursor.reader == READER, SignalCursor.sequence == start)
        .values(sequence=end)
        .returning(SignalCursor.sequence)
    )
    return await session.scalar(statement) is not None


async def signals_after(
    session: AsyncSession, sequence: int, limit: int, since: datetime | None = None
) -> list[Numbered]:
    """Signals that may make a trigger fire, in the order of receipt; `since`: received then."""
    statement = (
        select(Signal)
        .where(Signal.type.in_(WATCHED), Signal.sequence > sequence)
        .order_by(Signal.sequence)
        .limit(limit)
    )
    if since is not None:
        statement = statement.where(Signal.received_at >= since)
    rows = list(await session.scalars(statement))
    histories = await _histories(session, [row.id for row in rows if row.type == TARGET_MISSED])
    return [
        Numbered(row.sequence, replace(_told(row), history=histories.get(row.id, ())))
        for row in rows
    ]


# For each signal of a target: the last word on each of the target's periods up to that signal.
_HISTORIES = text(
    """
    SELECT asked.id AS asked, before.id, before.type, before.service, before.data,
        before.occurred_at
    FROM improvement.signal AS asked
    CROSS JOIN LATERAL (
        SELECT latest.* FROM (
            SELECT DISTINCT ON (told.data ->> 'period')
                told.id, told.type, told.service, told.data, told.occurred_at
            FROM improvement.signal AS told
            WHERE told.type IN ('target.met', 'target.missed')
              AND (told.data ->> 'target') = (asked.data ->> 'target')
              AND told.service = asked.service
              AND told.sequence <= asked.sequence
            ORDER BY told.data ->> 'period', told.sequence DESC
        ) AS latest
        ORDER BY latest.data ->> 'first_day' DESC
        LIMIT :periods
    ) AS before
    WHERE asked.id = ANY(:ids)
    """
)
assert {TARGET_MET, TARGET_MISSED} == {"target.met", "target.missed"}


async def _histories(session: AsyncSession, ids: Sequence[str]) -> dict[str, list[Told]]:
    if not ids:
        return {}
    found: dict[str, list[Told]] = defaultdict(list)
    rows = await session.execute(_HISTORIES, {"ids": list(ids), "periods": _PERIODS_BACK})
    for row in rows:
        found[row.asked].append(Told(row.id, row.type, row.service, row.data, row.occurred_at))
    return found


async def known_occurrences(
    session: AsyncSession, identities: Collection[tuple[str, str]]
) -> set[tuple[str, str]]:
    """Which of these occurrences (cause, identity) have been dealt with."""
    identity = tuple_(Occurrence.cause_key, Occurrence.identity)
    statement = select(Occurrence.cause_key, Occurrence.identity).where(
        identity.in_(list(identities))
    )
    return {(row[0], row[1]) for row in await session.execute(statement)}


def trigger_of(row: TriggerVersion) -> Trigger:
    """A row as the rules read it."""
    return Trigger(row.key, row.version, TriggerBody.model_validate(row.body))


def _told(row: Signal) -> Told:
    return Told(row.id, row.type, row.service, row.data, row.occurred_at)


def _identity() -> Any:
    return tuple_(TriggerVersion.key, TriggerVersion.version)


def _newest() -> Any:
    return select(TriggerVersion.key, func.max(TriggerVersion.version)).group_by(TriggerVersion.key)
