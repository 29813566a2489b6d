"""Statements over plans and initiatives."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import case, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from improvement_api.fact_sheets import SERVICE
from improvement_api.plans.rules import PlanState
from improvement_api.plans.tables import Initiative, Plan
from shared.errors import NotFound
from shared.kit.pagination import PageParams, keyset
from shared.schemas.metrics import InitiativeState

_ACTIVE = (PlanState.APPROVED, PlanState.IN_PROGRESS, PlanState.REVIEW)
_UNFINISHED = (InitiativeState.PLANNED, InitiativeState.IN_PROGRESS)


@dataclass(frozen=True)
class PlanFilter:
    """None means any; `service` means with an initiative for it."""

    state: PlanState | None = None
    service: str | None = None
    owner: str | None = None


async def list_plans(session: AsyncSession, wanted: PlanFilter, page: PageParams) -> list[Plan]:
    """Plans, newest first, one more than the page holds."""
    statement = select(Plan)
    if wanted.state is not None:
        statement = statement.where(Plan.state == wanted.state)
    if wanted.owner is not None:
        statement = statement.where(Plan.owner == wanted.owner)
    if wanted.service is not None:
        concerned = select(Initiative.plan_id).where(Initiative.service == wanted.service)
        statement = statement.where(Plan.id.in_(concerned))
    order: list[Any] = [Plan.created_at.desc(), Plan.id.desc()]
    return list(await session.scalars(keyset(statement, order, page)))


async def get_plan(session: AsyncSession, plan_id: UUID, *, lock: bool = False) -> Plan:
    plan = await session.get(Plan, plan_id, with_for_update=lock or None)
    if plan is None:
        raise NotFound(f"There is no plan {plan_id}")
    return plan


async def list_initiatives(
    session: AsyncSession, plan_id: UUID, page: PageParams
) -> list[Initiative]:
    """Initiatives of a plan in the order they were added, one more than the page holds."""
    statement = select(Initiative).where(Initiative.plan_id == plan_id)
    order: list[Any] = [Initiative.created_at, Initiative.id]
    return list(await session.scalars(keyset(statement, order, page)))


async def get_initiative(
    session: AsyncSession, initiative_id: UUID, *, lock: bool = False
) -> Initiative:
    initiative = await session.get(Initiative, initiative_id, with_for_update=lock or None)
    if initiative is None:
        raise NotFound(f"There is no initiative {initiative_id}")
    return initiative


async def insert_plan(session: AsyncSession, plan: Plan) -> None:
    session.add(plan)
    await session.flush()


async def insert_plan_of_cause(session: AsyncSession, values: Mapping[str, Any]) -> Plan | None:
    """Add a plan that a cause opened; None when the cause has one already.

    Who comes second waits for the first to commit, so of any number that come at once one opens.
    """
    statement = (
        insert(Plan).values(dict(values)).on_conflict_do_nothing(index_elements=[Plan.cause_key])
    )
    return await session.scalar(statement.returning(Plan))


async def plan_of_cause(session: AsyncSession, cause_key: str) -> Plan:
    """The plan that a cause opened."""
    statement = select(Plan).where(Plan.cause_key == cause_key)
    return (await session.scalars(statement)).one()


async def insert_initiative(session: AsyncSession, initiative: Initiative) -> None:
    session.add(initiative)
    await session.flush()


async def lock_unfinished(session: AsyncSession, plan_id: UUID) -> list[Initiative]:
    """Initiatives of a plan that are planned or in progress, locked."""
    statement = (
        select(Initiative)
        .where(Initiative.plan_id == plan_id, Initiative.state.in_(_UNFINISHED))
        .order_by(Initiative.id)
        .with_for_update()
    )
    return list(await session.scalars(statement))


async def find_initiative(session: AsyncSession, initiative_id: UUID) -> Initiative | None:
    return await session.get(Initiative, initiative_id)


async def note_push(session: AsyncSession, initiative_id: UUID, revision: int) -> None:
    """metrics-api has this revision; an older one that arrives late changes nothing."""
    await session.execute(
        update(Initiative)
        .where(Initiative.id == initiative_id, Initiative.pushed_revision < revision)
        .values(
            pushed_revision=revision,
            push_failure=case(
                (Initiative.revision == revision, None), else_=Initiative.push_failure
            ),
        )
    )


async def note_push_failure(
    session: AsyncSession, initiative_id: UUID, revision: int, failure: str
) -> None:
    await session.execute(
        update(Initiative)
        .where(Initiative.id == initiative_id, Initiative.revision == revision)
        .values(push_failure=failure)
    )


FACTS: Final = (
    select(
        func.count(Plan.id.distinct()).filter(Plan.state.in_(_ACTIVE)),
        func.count().filter(Initiative.state.in_(_UNFINISHED), Plan.state != PlanState.WITHDRAWN),
        func.count().filter(
            Initiative.state == InitiativeState.DONE, Plan.state != PlanState.WITHDRAWN
        ),
    )
    .select_from(Initiative)
    .join(Plan, Plan.id == Initiative.plan_id)
    .where(Initiative.service == SERVICE)
)
"""Active plans, open and done initiatives for a service of the catalog."""


async def initiatives_for(session: AsyncSession, service: str, most: int) -> list[Any]:
    """Initiatives for a service with their plans, but for withdrawn ones, the latest first."""
    statement = (
        select(Initiative, Plan)
        .join(Plan, Plan.id == Initiative.plan_id)
        .where(Initiative.service == service, Plan.state != PlanState.WITHDRAWN)
        .order_by(Initiative.start.desc(), Initiative.id)
        .limit(most)
    )
    return list((await session.execute(statement)).all())
