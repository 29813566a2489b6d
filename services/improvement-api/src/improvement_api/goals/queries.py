"""Statements over goals."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from improvement_api.goals.tables import Goal


async def goals_of_plan(session: AsyncSession, plan_id: UUID) -> list[Goal]:
    """All goals of a plan, in the order they were set; a plan has few."""
    statement = select(Goal).where(Goal.plan_id == plan_id).order_by(Goal.created_at, Goal.id)
    return list(await session.scalars(statement))
