"""Every SQL statement about service requirements."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, ScalarSelect, case, func, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from catalog_api import rows
from catalog_api.requirements.rules import OPEN, Priority, RequirementState
from catalog_api.requirements.tables import Requirement
from shared.kit.pagination import PageParams

_requirement = Requirement.__table__.c
_SHOWN_REQUIREMENTS = 50
_ANSWER = case(
    (
        _requirement.answer_kind.is_not(None),
        func.jsonb_build_object(
            "kind",
            _requirement.answer_kind,
            "reference",
            _requirement.answer_reference,
            "name",
            _requirement.answer_name,
            type_=JSONB,
        ),
    )
).label("answer")
_BRIEF: tuple[ColumnElement[Any], ...] = (
    _requirement.id,
    _requirement.customer_key.label("customer"),
    _requirement.statement,
    _requirement.priority,
    _requirement.state,
    _ANSWER,
)
_COLUMNS: tuple[ColumnElement[Any], ...] = (
    *_BRIEF,
    _requirement.service_key.label("service"),
    _requirement.feedback,
    _requirement.state_since,
    _requirement.state_reason,
    _requirement.revision,
    _requirement.created_at,
    _requirement.updated_at,
)


@dataclass(frozen=True)
class RequirementFilters:
    """Each filter that is given narrows the list."""

    service: str | None
    customer: str | None
    state: RequirementState | None
    priority: Priority | None


async def insert_requirement(session: AsyncSession, values: Mapping[str, Any]) -> None:
    """Add a requirement."""
    await rows.insert_row(session, Requirement, rows.new_row(values))


async def get_requirement(
    session: AsyncSession, service: str, requirement: UUID, *, lock: bool = False
) -> Row[Any]:
    """One requirement of a service, 404 if there is none; `lock` keeps its state meanwhile."""
    statement = select(*_COLUMNS).where(
        _requirement.id == requirement, _requirement.service_key == service
    )
    missing = f"{service} has no requirement {requirement}"
    return await rows.get_row(session, statement, missing, lock=lock)


async def list_requirements(
    session: AsyncSession, filters: RequirementFilters, page: PageParams
) -> list[Row[Any]]:
    """Requirements by age, one more than the page holds."""
    given = (
        (_requirement.service_key, filters.service),
        (_requirement.customer_key, filters.customer),
        (_requirement.state, filters.state),
        (_requirement.priority, filters.priority),
    )
    conditions = [column == value for column, value in given if value is not None]
    order = [_requirement.created_at, _requirement.id]
    return await rows.list_rows(session, select(*_COLUMNS).where(*conditions), order, page)


async def open_requirements_of(session: AsyncSession, customer: str) -> list[str]:
    """Ids of the first 20 requirements of a customer that are proposed or accepted."""
    statement = (
        select(_requirement.id)
        .where(_requirement.customer_key == customer, _requirement.state.in_(OPEN))
        .order_by(_requirement.created_at, _requirement.id)
        .limit(20)
    )
    return [str(requirement) for requirement in await session.scalars(statement)]


async def change_requirement(
    session: AsyncSession, requirement: UUID, values: Mapping[str, Any]
) -> None:
    """Set fields and count the revision up."""
    await rows.change_row(session, Requirement, _requirement.id == requirement, values)


def section(service: ColumnElement[str]) -> ScalarSelect[Any]:
    """What customers need of a service, for its document: counted, and the oldest that stand."""
    is_open = _requirement.state.in_(OPEN)
    is_answered = _requirement.state == RequirementState.ANSWERED
    must = _requirement.priority == Priority.MUST
    proposed = _requirement.state == RequirementState.PROPOSED
    shown = (
        select(*_BRIEF)
        .where(_requirement.service_key == service, is_open | is_answered)
        .order_by(_requirement.created_at, _requirement.id)
        .limit(_SHOWN_REQUIREMENTS)
    )
    counted = select(
        func.count().filter(is_open).label("open_count"),
        func.count().filter(proposed).label("undecided_count"),
        func.count().filter(is_open, must).label("must_unanswered_count"),
        func.count().filter(is_answered).label("answered_count"),
        func.max(_requirement.updated_at).label("changed_at"),
    ).where(_requirement.service_key == service)
    counts = counted.subquery("counts")
    return rows.json_object(select(*counts.c, rows.json_list(shown).label("items")))
