"""Statements over capability assessments."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from improvement_api.capabilities.rules import AssessmentState, Scope
from improvement_api.capabilities.tables import CapabilityAssessment, CapabilityDecision
from improvement_api.fact_sheets import SERVICE
from shared.errors import NotFound
from shared.kit.pagination import PageParams, keyset


@dataclass(frozen=True)
class AssessmentFilter:
    """None means any."""

    scope: Scope | None = None
    scope_key: str | None = None
    state: AssessmentState | None = None


async def list_assessments(
    session: AsyncSession, wanted: AssessmentFilter, page: PageParams
) -> list[CapabilityAssessment]:
    """Assessments, the latest first, one more than the page holds."""
    statement = select(CapabilityAssessment)
    for name in ("scope", "scope_key", "state"):
        value = getattr(wanted, name)
        if value is not None:
            statement = statement.where(getattr(CapabilityAssessment, name) == value)
    order: list[Any] = [CapabilityAssessment.assessed_on.desc(), CapabilityAssessment.id.desc()]
    return list(await session.scalars(keyset(statement, order, page)))


async def get_assessment(
    session: AsyncSession, assessment_id: UUID, *, lock: bool = False
) -> CapabilityAssessment:
    found = await session.get(CapabilityAssessment, assessment_id, with_for_update=lock or None)
    if found is None:
        raise NotFound(f"There is no capability assessment {assessment_id}")
    return found


async def insert_assessment(session: AsyncSession, assessment: CapabilityAssessment) -> None:
    session.add(assessment)
    await session.flush()


async def insert_decision(session: AsyncSession, decision: CapabilityDecision) -> None:
    session.add(decision)
    await session.flush()


async def decisions_of(
    session: AsyncSession, assessments: Iterable[UUID]
) -> dict[UUID, list[CapabilityDecision]]:
    """Decisions by assessment, in the order they were made; empty where there are none."""
    statement = (
        select(CapabilityDecision)
        .where(CapabilityDecision.assessment_id.in_(list(assessments)))
        .order_by(CapabilityDecision.decided_at, CapabilityDecision.id)
    )
    found: dict[UUID, list[CapabilityDecision]] = defaultdict(list)
    for row in await session.scalars(statement):
        found[row.assessment_id].append(row)
    return found


_ROW: Final = CapabilityAssessment
_OF_SERVICE: Final = (_ROW.scope == Scope.SERVICE) & (_ROW.scope_key == SERVICE)
FACTS: Final = select(
    select(_ROW.ratings)
    .where(
        _ROW.state == AssessmentState.APPROVED, or_(_OF_SERVICE, _ROW.scope == Scope.ORGANISATION)
    )
    .order_by(_OF_SERVICE.desc(), _ROW.assessed_on.desc(), _ROW.created_at.desc(), _ROW.id)
    .limit(1)
    .scalar_subquery()
)
"""Ratings of the latest approved assessment of a service, else of the organisation, else null."""
