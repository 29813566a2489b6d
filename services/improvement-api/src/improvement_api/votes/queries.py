"""Statements over votes."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from improvement_api.evaluations.queries import read_evaluations
from improvement_api.evaluations.tables import Evaluation, GateStanding
from improvement_api.votes.tables import Vote
from shared.schemas.improvement import Standing


async def votes_on(session: AsyncSession, evaluation_id: UUID) -> list[Vote]:
    """The votes on an evaluation in the order they were cast; never more than a board has seats."""
    statement = select(Vote).where(Vote.evaluation_id == evaluation_id)
    return list(await session.scalars(statement.order_by(Vote.voted_at, Vote.id)))


async def voters_of(session: AsyncSession, evaluation_id: UUID) -> set[str]:
    """Who has voted on an evaluation."""
    statement = select(Vote.voter).where(Vote.evaluation_id == evaluation_id)
    return set(await session.scalars(statement))


async def open_ballots(session: AsyncSession, now: datetime) -> list[UUID]:
    """The evaluations with votes that can still be decided."""
    standing = select(GateStanding.evaluation_id)
    voted = select(Vote.evaluation_id)
    statement = select(Evaluation).where(Evaluation.id.in_(standing), Evaluation.id.in_(voted))
    rows = (await session.scalars(statement)).all()
    reads = await read_evaluations(session, rows, now)
    return [read.row.id for read in reads if read.standing in (Standing.OPEN, Standing.SIGNED)]


async def insert_vote(session: AsyncSession, vote: Vote) -> None:
    session.add(vote)
    await session.flush()
