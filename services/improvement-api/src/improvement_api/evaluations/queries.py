"""Statements over evaluations and which of them stands."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from improvement_api.evaluations.tables import Evaluation, GateStanding
from shared.kit.pagination import PageParams, keyset
from shared.schemas.improvement import Gate


async def find_evaluation(session: AsyncSession, evaluation_id: UUID) -> Evaluation | None:
    return await session.get(Evaluation, evaluation_id)


async def list_evaluations(
    session: AsyncSession, service: str, gate: Gate, page: PageParams
) -> list[Evaluation]:
    """Evaluations of a service at a gate, newest first, one more than the page holds."""
    statement = select(Evaluation).where(Evaluation.service == service, Evaluation.gate == gate)
    order: list[Any] = [Evaluation.evaluated_at.desc(), Evaluation.id.desc()]
    return list(await session.scalars(keyset(statement, order, page)))


async def insert_evaluation(session: AsyncSession, evaluation: Evaluation) -> None:
    session.add(evaluation)
    await session.flush()


async def standing_ids(session: AsyncSession, evaluations: Iterable[UUID]) -> set[UUID]:
    """Those of the given evaluations that stand."""
    wanted = GateStanding.evaluation_id.in_(list(evaluations))
    return set(await session.scalars(select(GateStanding.evaluation_id).where(wanted)))


async def lock_standing(session: AsyncSession, service: str, gate: Gate) -> UUID | None:
    """The standing evaluation, held until the transaction ends; None before the first one.

    Evaluating, signing and deciding at a gate wait for each other here.
    """
    statement = (
        select(GateStanding.evaluation_id)
        .where(GateStanding.service == service, GateStanding.gate == gate)
        .with_for_update()
    )
    found: UUID | None = await session.scalar(statement)
    return found


async def claim_standing(
    session: AsyncSession, service: str, gate: Gate, evaluation_id: UUID
) -> UUID:
    """Let the first evaluation of a service at a gate stand; else lock and give who does."""
    values = {"service": service, "gate": gate, "evaluation_id": evaluation_id}
    # The update changes nothing but locks the row, and sees one committed meanwhile.
    statement = (
        insert(GateStanding)
        .values(values)
        .on_conflict_do_update(
            index_elements=[GateStanding.service, GateStanding.gate],
            set_={"evaluation_id": GateStanding.evaluation_id},
        )
        .returning(GateStanding.evaluation_id)
    )
    standing: UUID = (await session.execute(statement)).scalar_one()
    return standing


async def replace_standing(
    session: AsyncSession, service: str, gate: Gate, evaluation_id: UUID
) -> None:
    row = await session.get(GateStanding, (service, gate), populate_existing=True)
    assert row is not None, "the standing evaluation is claimed before it is replaced"
    row.evaluation_id = evaluation_id
    await session.flush()
