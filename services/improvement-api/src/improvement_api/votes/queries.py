"""Statements over votes."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from improvement_api.votes.tables import Vote


async def votes_on(session: AsyncSession, evaluation_id: UUID) -> list[Vote]:
    """The votes on an evaluation in the order they were cast; never more than a board has seats."""
    statement = select(Vote).where(Vote.evaluation_id == evaluation_id)
    return list(await session.scalars(statement.order_by(Vote.voted_at, Vote.id)))


async def voters_of(session: AsyncSession, evaluation_id: UUID) -> set[str]:
    """Who has voted on an evaluation."""
    statement = select(Vote.voter).where(Vote.evaluation_id == evaluation_id)
    return set(await session.scalars(statement))


async def insert_vote(session: AsyncSession, vote: Vote) -> None:
    session.add(vote)
    await session.flush()
