"""Statements over decisions, their log and their delivery."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Row, exists, func, literal, select, text, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from improvement_api.decisions.tables import (
    BoardRejection,
    Decision,
    DecisionDelivery,
    DecisionLogEntry,
)
from shared.kit.pagination import PageParams, keyset
from shared.schemas.improvement import Gate

_LOG_LOCK = 5_113_007_201


@dataclass(frozen=True)
class DecisionFilter:
    """None means any; decided in [since, until)."""

    service: str | None = None
    gate: Gate | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True)
class Frozen:
    """What a decision, or a board's rejection, froze of an evaluation, and when."""

    assessment: Mapping[str, Any]
    at: datetime


async def frozen_verdicts(session: AsyncSession, evaluations: Iterable[UUID]) -> dict[UUID, Frozen]:
    """What the decisions and rejections of these evaluations froze, by evaluation."""
    ids = list(evaluations)
    decided = select(Decision.evaluation_id, Decision.frozen, Decision.decided_at)
    rejected = select(
        BoardRejection.evaluation_id, BoardRejection.frozen, BoardRejection.rejected_at
    )
    statement = union_all(
        decided.where(Decision.evaluation_id.in_(ids)),
        rejected.where(BoardRejection.evaluation_id.in_(ids)),
    )
    rows = await session.execute(statement)
    return {evaluation: Frozen(frozen, at) for evaluation, frozen, at in rows}


async def list_decisions(
    session: AsyncSession, wanted: DecisionFilter, page: PageParams
) -> list[Row[Any]]:
    """Decisions with their delivery, newest first, one more than the page holds."""
    statement = _decisions()
    if wanted.service is not None:
        statement = statement.where(Decision.service == wanted.service)
    if wanted.gate is not None:
        statement = statement.where(Decision.gate == wanted.gate)
    if wanted.since is not None:
        statement = statement.where(Decision.decided_at >= wanted.since)
    if wanted.until is not None:
        statement = statement.where(Decision.decided_at < wanted.until)
    order: list[Any] = [Decision.decided_at.desc(), Decision.id.desc()]
    return list((await session.execute(keyset(statement, order, page))).all())


async def find_decision(session: AsyncSession, decision_id: UUID) -> Row[Any] | None:
    found: Row[Any] | None = (
        await session.execute(_decisions().where(Decision.id == decision_id))
    ).first()
    return found


def _decisions() -> Any:
    return select(Decision, DecisionDelivery).join(
        DecisionDelivery, DecisionDelivery.decision_id == Decision.id
    )


async def lock_log(session: AsyncSession) -> DecisionLogEntry | None:
    """The last entry of the log, to which nobody else can append until the transaction ends."""
    await session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOG_LOCK})
    statement = select(DecisionLogEntry).order_by(DecisionLogEntry.seq.desc()).limit(1)
    return await session.scalar(statement)


async def insert_decision(session: AsyncSession, decision: Decision) -> None:
    session.add(decision)
    await session.flush()


async def insert_rejection(session: AsyncSession, rejection: BoardRejection) -> None:
    session.add(rejection)
    await session.flush()


async def insert_log_entry(session: AsyncSession, entry: DecisionLogEntry) -> None:
    session.add(entry)
    await session.flush()


async def insert_delivery(session: AsyncSession, delivery: DecisionDelivery) -> None:
    session.add(delivery)
    await session.flush()


async def rejection_of(session: AsyncSession, evaluation_id: UUID) -> BoardRejection | None:
    """How a board has rejected an evaluation, if it has."""
    statement = select(BoardRejection).where(BoardRejection.evaluation_id == evaluation_id)
    return await session.scalar(statement)


async def decision_on(session: AsyncSession, evaluation_id: UUID) -> Decision | None:
    """The decision on an evaluation, if there is one."""
    statement = select(Decision).where(Decision.evaluation_id == evaluation_id)
    return await session.scalar(statement)


async def list_log(session: AsyncSession, page: PageParams) -> list[DecisionLogEntry]:
    """Entries of the log in their order, one more than the page holds."""
    order: list[Any] = [DecisionLogEntry.seq]
    return list(await session.scalars(keyset(select(DecisionLogEntry), order, page)))


class LogSpan(NamedTuple):
    """The entries from number `first` to number `last`; none where that is less."""

    first: int
    last: int


async def log_span(
    session: AsyncSession, since: datetime | None, until: datetime | None
) -> LogSpan:
    """The entries of what was decided in [since, until), and all between the first and the last.

    A stamp is older than its place in the log by as long as others held that, so entries may lie
    between whose stamps do not; without them the chain would have gaps.
    """
    at = func.coalesce(Decision.decided_at, BoardRejection.rejected_at)
    statement = (
        select(func.min(DecisionLogEntry.seq), func.max(DecisionLogEntry.seq))
        .select_from(DecisionLogEntry)
        .join(Decision, Decision.id == DecisionLogEntry.decision_id, isouter=True)
        .join(BoardRejection, BoardRejection.id == DecisionLogEntry.rejection_id, isouter=True)
    )
    if since is not None:
        statement = statement.where(at >= since)
    if until is not None:
        statement = statement.where(at < until)
    first, last = (await session.execute(statement)).one()
    return LogSpan(1, 0) if first is None else LogSpan(first, last)


async def log_between(
    session: AsyncSession, after: int, last: int, limit: int
) -> Sequence[DecisionLogEntry]:
    """The entries that follow number `after`, no further than number `last`."""
    statement = (
        select(DecisionLogEntry)
        .where(DecisionLogEntry.seq > after, DecisionLogEntry.seq <= last)
        .order_by(DecisionLogEntry.seq)
        .limit(limit)
    )
    return (await session.scalars(statement)).all()


Logged = tuple[DecisionLogEntry, Decision | BoardRejection | None]
"""An entry and the record that it is about, if that is still there."""


async def log_after(session: AsyncSession, seq: int, limit: int) -> list[Logged]:
    """The next entries of the log."""
    statement = (
        select(DecisionLogEntry, Decision, BoardRejection)
        .join(Decision, Decision.id == DecisionLogEntry.decision_id, isouter=True)
        .join(BoardRejection, BoardRejection.id == DecisionLogEntry.rejection_id, isouter=True)
        .where(DecisionLogEntry.seq > seq)
        .order_by(DecisionLogEntry.seq)
        .limit(limit)
    )
    rows = await session.execute(statement)
    return [(entry, decision or rejection) for entry, decision, rejection in rows]


async def first_unlogged(session: AsyncSession) -> str | None:
    """A decision or rejection without an entry, the oldest; none in a log that is whole."""
    decision = select(
        literal("decision").label("kind"), Decision.id, Decision.decided_at.label("at")
    ).where(~exists().where(DecisionLogEntry.decision_id == Decision.id))
    rejection = select(
        literal("rejection").label("kind"), BoardRejection.id, BoardRejection.rejected_at
    ).where(~exists().where(DecisionLogEntry.rejection_id == BoardRejection.id))
    both = union_all(decision, rejection).subquery()
    found = (await session.execute(select(both).order_by(both.c.at).limit(1))).first()
    return None if found is None else f"{found.kind} {found.id}"


async def noted_hash(session: AsyncSession, count: int | None, head: str | None) -> str | None:
    """The hash of entry `count`; without a count `head`, if an entry has it."""
    same = DecisionLogEntry.seq == count if count is not None else DecisionLogEntry.hash == head
    found: str | None = await session.scalar(select(DecisionLogEntry.hash).where(same).limit(1))
    return found


async def lock_delivery(session: AsyncSession, decision_id: UUID) -> DecisionDelivery | None:
    return await session.get(DecisionDelivery, decision_id, with_for_update=True)
