"""Statements over goals."""

from collections.abc import Collection
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from improvement_api.fact_sheets import SERVICE, TODAY
from improvement_api.goals.tables import Goal
from improvement_api.plans.rules import FINAL, PlanState
from improvement_api.plans.tables import Plan
from shared.errors import NotFound
from shared.kit.pagination import PageParams, keyset


async def goals_of_plan(session: AsyncSession, plan_id: UUID) -> list[Goal]:
    """All goals of a plan, in the order they were set; a plan has at most a hundred."""
    statement = select(Goal).where(Goal.plan_id == plan_id).order_by(Goal.created_at, Goal.id)
    return list(await session.scalars(statement))


async def list_goals(session: AsyncSession, plan_id: UUID, page: PageParams) -> list[Goal]:
    """Goals of a plan, in the order they were set, one more than the page holds."""
    statement = select(Goal).where(Goal.plan_id == plan_id)
    order: list[Any] = [Goal.created_at, Goal.id]
    return list(await session.scalars(keyset(statement, order, page)))


async def get_goal(session: AsyncSession, goal_id: UUID, *, lock: bool = False) -> Goal:
    found = await session.get(Goal, goal_id, with_for_update=lock or None)
    if found is None:
        raise NotFound(f"There is no goal {goal_id}")
    return found


async def count_goals(session: AsyncSession, plan_id: UUID) -> int:
    statement = select(func.count()).where(Goal.plan_id == plan_id)
    return (await session.execute(statement)).scalar_one()


async def insert_goal(session: AsyncSession, goal: Goal) -> None:
    session.add(goal)
    await session.flush()


async def delete_goal(session: AsyncSession, goal: Goal) -> None:
    await session.delete(goal)
    await session.flush()


async def goals_to_judge(session: AsyncSession, after: UUID, limit: int) -> list[Goal]:
    """Goals of plans that go on, by id from after one on."""
    statement = (
        select(Goal)
        .join(Plan, Plan.id == Goal.plan_id)
        .where(Plan.state.not_in(FINAL), Goal.id > after)
        .order_by(Goal.id)
        .limit(limit)
    )
    return list(await session.scalars(statement))


async def lock_goals(session: AsyncSession, ids: Collection[UUID]) -> list[Goal]:
    """These goals, locked, by id; those that were taken away meanwhile are absent."""
    statement = select(Goal).where(Goal.id.in_(ids)).order_by(Goal.id).with_for_update()
    return list(await session.scalars(statement))


async def flush(session: AsyncSession) -> None:
    await session.flush()


FACTS: Final = (
    select(
        func.count(),
        func.count().filter(
            Goal.due_on < TODAY, Goal.reached_at.is_(None), Plan.state.not_in(FINAL)
        ),
    )
    .select_from(Goal)
    .join(Plan, Plan.id == Goal.plan_id)
    .where(Goal.service == SERVICE, Plan.state != PlanState.WITHDRAWN)
)
"""Goals for a service in plans not withdrawn, and those of plans that go on overdue."""
