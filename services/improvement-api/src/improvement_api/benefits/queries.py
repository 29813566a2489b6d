"""Statements over guard-rails and measurements."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, func, select, true
from sqlalchemy.dialects.postgresql import distinct_on, insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from improvement_api.benefits.rules import Verdict
from improvement_api.benefits.tables import GuardRail, Measurement
from improvement_api.fact_sheets import SERVICE
from improvement_api.plans.rules import FINAL, PlanState
from improvement_api.plans.tables import Initiative, Plan
from shared.errors import NotFound
from shared.kit.pagination import PageParams, keyset
from shared.schemas.metrics import InitiativeState

_OTHERS = 5


@dataclass(frozen=True)
class Intervention:
    """When the initiatives of a plan that are done were under way."""

    start: date
    end: date


async def keep_measurement(session: AsyncSession, values: Mapping[str, Any]) -> Measurement | None:
    """Store a measurement; None when one of the same subject, inputs and method is there."""
    statement = insert(Measurement).values(**values).on_conflict_do_nothing()
    return (await session.scalars(statement.returning(Measurement))).first()


async def same_measurement(session: AsyncSession, values: Mapping[str, Any]) -> Measurement:
    """The measurement that has the subject, inputs and method of these values."""
    names = ("plan_id", "service", "kpi", "inputs_hash", "method", "exploratory")
    statement = select(Measurement).where(
        _is(Measurement.initiative_id, values["initiative_id"]),
        *(getattr(Measurement, name) == values[name] for name in names),
    )
    return (await session.scalars(statement)).one()


async def list_measurements(
    session: AsyncSession, initiative_id: UUID, page: PageParams
) -> list[Measurement]:
    """Measurements of an initiative, newest first, one more than the page holds."""
    statement = select(Measurement).where(Measurement.initiative_id == initiative_id)
    order: list[Any] = [Measurement.measured_at.desc(), Measurement.id.desc()]
    return list(await session.scalars(keyset(statement, order, page)))


async def get_measurement(session: AsyncSession, measurement_id: UUID) -> Measurement:
    found = await session.get(Measurement, measurement_id)
    if found is None:
        raise NotFound(f"There is no measurement {measurement_id}")
    return found


async def latest_of_initiative(session: AsyncSession, initiative_id: UUID) -> Measurement | None:
    statement = (
        select(Measurement)
        .where(Measurement.initiative_id == initiative_id, ~Measurement.exploratory)
        .order_by(Measurement.measured_at.desc(), Measurement.id.desc())
        .limit(1)
    )
    return (await session.scalars(statement)).first()


async def initiatives_of(session: AsyncSession, plan_id: UUID) -> list[Initiative]:
    """The initiatives of a plan that were not cancelled, in their order."""
    statement = (
        select(Initiative)
        .where(Initiative.plan_id == plan_id, Initiative.state != InitiativeState.CANCELLED)
        .order_by(Initiative.created_at, Initiative.id)
    )
    return list(await session.scalars(statement))


async def latest_of_plan(session: AsyncSession, plan_id: UUID) -> list[Measurement]:
    """The newest measurement of each initiative and each guard-rail of a plan."""
    subject = (Measurement.initiative_id, Measurement.service, Measurement.kpi)
    statement = (
        select(Measurement)
        .where(Measurement.plan_id == plan_id, ~Measurement.exploratory)
        .ext(distinct_on(*subject))
        .order_by(*subject, Measurement.measured_at.desc(), Measurement.id.desc())
    )
    return list(await session.scalars(statement))


async def guard_rails_of(session: AsyncSession, plan_id: UUID) -> list[GuardRail]:
    statement = (
        select(GuardRail)
        .where(GuardRail.plan_id == plan_id)
        .order_by(GuardRail.service, GuardRail.kpi)
    )
    return list(await session.scalars(statement))


async def replace_guard_rails(
    session: AsyncSession, plan_id: UUID, rows: Iterable[Mapping[str, Any]]
) -> None:
    """These and no others."""
    await session.execute(delete(GuardRail).where(GuardRail.plan_id == plan_id))
    new = list(rows)
    if new:
        await session.execute(insert(GuardRail), new)


async def intervention_of(session: AsyncSession, plan_id: UUID, today: date) -> Intervention | None:
    """From the first start to the last end of a plan's initiatives; None until all are over."""
    spans = _interventions(today)
    row = (await session.execute(select(spans).where(spans.c.plan_id == plan_id))).first()
    return Intervention(row.start, row.end) if row is not None and row.over else None


def _interventions(today: date) -> Any:
    """Of each plan: when its initiatives were under way, and whether all are over."""
    over = (Initiative.state == InitiativeState.DONE) & (Initiative.end < today)
    return (
        select(
            Initiative.plan_id,
            func.min(Initiative.start).label("start"),
            func.max(Initiative.end).label("end"),
            func.bool_and(func.coalesce(over, False)).label("over"),
        )
        .where(Initiative.state != InitiativeState.CANCELLED)
        .group_by(Initiative.plan_id)
        .subquery()
    )


async def others_for(
    session: AsyncSession, service: str, kpi: str, days: Intervention, own: Collection[UUID]
) -> tuple[str, ...]:
    """Titles of initiatives for a KPI that were under way in these days, but for one's own."""
    statement = (
        select(Initiative.title)
        .where(
            Initiative.service == service,
            Initiative.kpi == kpi,
            Initiative.state.in_((InitiativeState.IN_PROGRESS, InitiativeState.DONE)),
            Initiative.id.not_in(own),
            Initiative.start <= days.end,
            Initiative.end.is_(None) | (Initiative.end >= days.start),
        )
        .order_by(Initiative.start, Initiative.id)
        .limit(_OTHERS)
    )
    return tuple(await session.scalars(statement))


async def due_initiatives(session: AsyncSession, today: date) -> list[UUID]:
    """Initiatives that are over and not measured as they stand, or since a look was reached."""
    newest = _newest_of_initiatives()
    statement = (
        select(Initiative.id)
        .join(Plan, Plan.id == Initiative.plan_id)
        .outerjoin(newest, newest.initiative_id == Initiative.id)
        .where(
            Plan.state.not_in(FINAL),
            Initiative.state == InitiativeState.DONE,
            Initiative.end < today,
            newest.id.is_(None)
            | (newest.starts_on != Initiative.start)
            | (newest.ends_on != Initiative.end)
            | (newest.judged_on <= today),
        )
        .order_by(Initiative.id)
    )
    return list(await session.scalars(statement))


async def due_plans(session: AsyncSession, today: date) -> list[UUID]:
    """Plans whose initiatives are all over, with a guard-rail that is not measured since."""
    spans = _interventions(today)
    measured = select(Measurement.id).where(
        Measurement.initiative_id.is_(None),
        Measurement.plan_id == GuardRail.plan_id,
        Measurement.service == GuardRail.service,
        Measurement.kpi == GuardRail.kpi,
        Measurement.starts_on == spans.c.start,
        Measurement.ends_on == spans.c.end,
        Measurement.judged_on.is_(None) | (Measurement.judged_on > today),
    )
    statement = (
        select(Plan.id)
        .distinct()
        .join(spans, spans.c.plan_id == Plan.id)
        .join(GuardRail, GuardRail.plan_id == Plan.id)
        .where(Plan.state.not_in(FINAL), spans.c.over, ~measured.exists())
        .order_by(Plan.id)
    )
    return list(await session.scalars(statement))


_NEWEST_OF_INITIATIVE: Final = (
    select(Measurement.starts_on, Measurement.ends_on, Measurement.verdict)
    .where(Measurement.initiative_id == Initiative.id, ~Measurement.exploratory)
    .order_by(Measurement.measured_at.desc(), Measurement.id.desc())
    .limit(1)
    .correlate(Initiative)
    .lateral()
)
_STANDS: Final = and_(
    _NEWEST_OF_INITIATIVE.c.starts_on == Initiative.start,
    _NEWEST_OF_INITIATIVE.c.ends_on == Initiative.end,
)
_NEWEST_OF_RAIL: Final = (
    select(Measurement.worse_at_least)
    .where(
        Measurement.plan_id == GuardRail.plan_id,
        Measurement.service == GuardRail.service,
        Measurement.kpi == GuardRail.kpi,
        Measurement.initiative_id.is_(None),
    )
    .order_by(Measurement.measured_at.desc(), Measurement.id.desc())
    .limit(1)
    .correlate(GuardRail)
    .scalar_subquery()
)
_WORSE: Final = (
    select(func.count())
    .select_from(GuardRail)
    .join(Plan, Plan.id == GuardRail.plan_id)
    .where(
        GuardRail.service == SERVICE,
        Plan.state != PlanState.WITHDRAWN,
        GuardRail.tolerance < _NEWEST_OF_RAIL,
    )
    .scalar_subquery()
)
FACTS: Final = (
    select(
        func.count().filter(_STANDS & (_NEWEST_OF_INITIATIVE.c.verdict == Verdict.IMPROVED)),
        func.count().filter(func.coalesce(_STANDS, False).is_(False)),
        _WORSE,
    )
    .select_from(Initiative)
    .join(Plan, Plan.id == Initiative.plan_id)
    .outerjoin(_NEWEST_OF_INITIATIVE, true())
    .where(
        Initiative.service == SERVICE,
        Initiative.state == InitiativeState.DONE,
        Plan.state != PlanState.WITHDRAWN,
    )
)
"""Of the done initiatives of a service those with an improvement shown and those not measured as
they stand; of the guard-rails on its KPIs those that are worse. By the newest measurements."""


def _newest_of_initiatives() -> Any:
    subquery = (
        select(Measurement)
        .where(Measurement.initiative_id.is_not(None), ~Measurement.exploratory)
        .ext(distinct_on(Measurement.initiative_id))
        .order_by(Measurement.initiative_id, Measurement.measured_at.desc(), Measurement.id.desc())
        .subquery()
    )
    return aliased(Measurement, subquery)


def _is(column: Any, value: UUID | None) -> ColumnElement[bool]:
    found: ColumnElement[bool] = column.is_(None) if value is None else column == value
    return found
