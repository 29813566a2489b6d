"""Statements over business cases, decisions on them, and booked money."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from improvement_api.business_cases.realisation import Booked
from improvement_api.business_cases.rules import CaseState, Verdict
from improvement_api.business_cases.tables import Actual, BusinessCase, BusinessCaseDecision
from improvement_api.fact_sheets import SERVICE
from improvement_api.goals.tables import Goal
from improvement_api.plans.rules import PlanState
from improvement_api.plans.tables import Initiative, Plan
from shared.errors import NotFound
from shared.kit.pagination import PageParams, keyset


async def list_cases(
    session: AsyncSession, plan_id: UUID, state: CaseState | None, page: PageParams
) -> list[BusinessCase]:
    """Versions of a plan's business case, newest first, one more than the page holds."""
    statement = select(BusinessCase).where(BusinessCase.plan_id == plan_id)
    if state is not None:
        statement = statement.where(BusinessCase.state == state)
    order: list[Any] = [BusinessCase.version.desc()]
    return list(await session.scalars(keyset(statement, order, page)))


async def get_case(
    session: AsyncSession, plan_id: UUID, version: int, *, lock: bool = False
) -> BusinessCase:
    statement = select(BusinessCase).where(
        BusinessCase.plan_id == plan_id, BusinessCase.version == version
    )
    case = await session.scalar(statement.with_for_update() if lock else statement)
    if case is None:
        raise NotFound(f"The plan {plan_id} has no version {version} of a business case")
    return case


async def newest_case(session: AsyncSession, plan_id: UUID) -> BusinessCase | None:
    """The newest version, in whatever state."""
    return await session.scalar(_newest(plan_id))


async def case_in_force(session: AsyncSession, plan_id: UUID) -> BusinessCase | None:
    """The newest approved version; None before the first one is approved."""
    statement = _newest(plan_id).where(BusinessCase.state == CaseState.APPROVED)
    return await session.scalar(statement)


async def has_approved_case(session: AsyncSession, plan_id: UUID) -> bool:
    statement = select(BusinessCase.id).where(
        BusinessCase.plan_id == plan_id, BusinessCase.state == CaseState.APPROVED
    )
    return bool(await session.scalar(select(statement.exists())))


async def insert_case(session: AsyncSession, case: BusinessCase) -> None:
    session.add(case)
    await session.flush()


async def insert_decision(session: AsyncSession, decision: BusinessCaseDecision) -> None:
    session.add(decision)
    await session.flush()


async def decisions_of(
    session: AsyncSession, cases: Iterable[UUID]
) -> dict[UUID, list[BusinessCaseDecision]]:
    """Decisions by case, in the order they were made; empty where there are none."""
    statement = (
        select(BusinessCaseDecision)
        .where(BusinessCaseDecision.business_case_id.in_(list(cases)))
        .order_by(BusinessCaseDecision.decided_at, BusinessCaseDecision.id)
    )
    found: dict[UUID, list[BusinessCaseDecision]] = defaultdict(list)
    for row in await session.scalars(statement):
        found[row.business_case_id].append(row)
    return found


async def list_actuals(
    session: AsyncSession, plan_id: UUID, line: str | None, page: PageParams
) -> list[Actual]:
    """Booked money of a plan by period, one more than the page holds."""
    statement = select(Actual).where(Actual.plan_id == plan_id)
    if line is not None:
        statement = statement.where(Actual.line == line)
    order: list[Any] = [Actual.starts_on, Actual.id]
    return list(await session.scalars(keyset(statement, order, page)))


async def insert_actual(session: AsyncSession, actual: Actual) -> None:
    session.add(actual)
    await session.flush()


async def booked_sums(session: AsyncSession, plan_id: UUID) -> list[Booked]:
    """What was booked for each line in each period."""
    period = (Actual.line, Actual.at_start, Actual.starts_on)
    statement = (
        select(*period, func.sum(Actual.amount)).where(Actual.plan_id == plan_id).group_by(*period)
    )
    return [Booked(*row) for row in await session.execute(statement)]


_CONCERNED: Final = (
    select(Initiative.id).where(Initiative.plan_id == Plan.id, Initiative.service == SERVICE)
).exists()
_PROMISED: Final = (
    select(Goal.id).where(Goal.plan_id == Plan.id, Goal.service == SERVICE)
).exists()
FACTS: Final = select(
    select(BusinessCase.text)
    .join(Plan, Plan.id == BusinessCase.plan_id)
    .join(BusinessCaseDecision, BusinessCaseDecision.business_case_id == BusinessCase.id)
    .where(
        BusinessCase.state == CaseState.APPROVED,
        BusinessCaseDecision.verdict == Verdict.APPROVED,
        Plan.state != PlanState.WITHDRAWN,
        or_(_CONCERNED, _PROMISED),
    )
    .order_by(BusinessCaseDecision.decided_at.desc(), BusinessCase.id)
    .limit(1)
    .scalar_subquery()
)
"""The text of the case approved last, of plans with an initiative or goal for a service; else null.

Withdrawn plans do not count, nor versions that a later approval of their plan replaced: the last
approval of all is in force.
"""


def _newest(plan_id: UUID) -> Select[BusinessCase]:
    return (
        select(BusinessCase)
        .where(BusinessCase.plan_id == plan_id)
        .order_by(BusinessCase.version.desc())
        .limit(1)
    )
