"""Statements over decisions, their log and their delivery."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from improvement_api.decisions.tables import Decision, DecisionDelivery, DecisionLogEntry
from shared.kit.pagination import PageParams, keyset
from shared.schemas.improvement import Gate

_LOG_LOCK = 5_113_007_201


@dataclass(frozen=True)
class DecisionFilter:
    """None means any."""

    service: str | None = None
    gate: Gate | None = None


async def frozen_verdicts(
    session: AsyncSession, evaluations: Iterable[UUID]
) -> dict[UUID, dict[str, object]]:
    """What the decisions on these evaluations froze, by evaluation."""
    statement = select(Decision.evaluation_id, Decision.frozen).where(
        Decision.evaluation_id.in_(list(evaluations))
    )
    return {row.evaluation_id: row.frozen for row in await session.execute(statement)}


async def list_decisions(
    session: AsyncSession, wanted: DecisionFilter, page: PageParams
) -> list[Row[Any]]:
    """Decisions with their delivery, newest first, one more than the page holds."""
    statement = _decisions()
    if wanted.service is not None:
        statement = statement.where(Decision.service == wanted.service)
    if wanted.gate is not None:
        statement = statement.where(Decision.gate == wanted.gate)
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


async def insert_decision(
    session: AsyncSession,
    decision: Decision,
    entry: DecisionLogEntry,
    delivery: DecisionDelivery,
) -> None:
    session.add(decision)
    await session.flush()
    session.add_all([entry, delivery])
    await session.flush()


async def lock_delivery(session: AsyncSession, decision_id: UUID) -> DecisionDelivery | None:
    return await session.get(DecisionDelivery, decision_id, with_for_update=True)
