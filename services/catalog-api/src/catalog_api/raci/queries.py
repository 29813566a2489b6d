"""Every SQL statement about RACI charts."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import (
    ColumnElement,
    Row,
    ScalarSelect,
    Select,
    Text,
    and_,
    any_,
    cast,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession

from catalog_api.organisation.tables import CatalogedRole, OrganisationUnit, UnitMember
from catalog_api.ownership.tables import Owner
from catalog_api.raci.rules import Assignment, People, Responsibility
from catalog_api.raci.tables import RaciAssignment, RaciChart
from catalog_api.registry.tables import Service
from catalog_api.rows import json_list, json_object, list_rows, table_of
from shared.kit.pagination import PageParams
from shared.schemas.catalog import Stage
from shared.schemas.processes import Process

_assignment = table_of(RaciAssignment).c
_chart = table_of(RaciChart).c
_unit = table_of(OrganisationUnit).c
_member = table_of(UnitMember).c
_owner = table_of(Owner).c
_role = table_of(CatalogedRole).c
_service = table_of(Service).c
_COLUMNS: tuple[ColumnElement[Any], ...] = (
    _assignment.id,
    _assignment.service_key.label("service"),
    _assignment.process,
    _assignment.responsibility,
    _assignment.subject,
    _assignment.unit_key.label("unit"),
    _assignment.role,
    _assignment.valid_from,
    _assignment.valid_to,
)
_PRESENT = _assignment.valid_to.is_(None)


@dataclass(frozen=True)
class Duty:
    """Where a unit or role is named in a chart now."""

    service: str
    process: Process
    responsibility: Responsibility


@dataclass(frozen=True)
class AssignmentFilters:
    """Each filter that is given narrows the list of present assignments."""

    subject: str | None
    unit: str | None
    role: str | None
    process: Process | None
    responsibility: Responsibility | None


@dataclass(frozen=True)
class GapFilters:
    """Each filter that is given narrows the services that are judged."""

    portfolio: str | None
    stage: Stage | None


async def chart_revision(session: AsyncSession, service: str, process: Process) -> int:
    """The revision of a chart; 0 before it was ever written."""
    statement = select(_chart.revision).where(
        _chart.service_key == service, _chart.process == process
    )
    return await session.scalar(statement) or 0


async def assignments_of(
    session: AsyncSession, service: str, process: Process | None, at: datetime | None
) -> list[Row[Any]]:
    """Assignments of one chart, or of all charts of a service; those of now, or of a moment."""
    statement = select(*_COLUMNS).where(_assignment.service_key == service, _valid(at))
    if process is not None:
        statement = statement.where(_assignment.process == process)
    ordered = statement.order_by(
        _assignment.process, _assignment.responsibility, _assignment.valid_from, _assignment.id
    )
    return list(await session.execute(ordered))


def _valid(at: datetime | None) -> ColumnElement[bool]:
    if at is None:
        return _PRESENT
    return and_(
        _assignment.valid_from <= at, or_(_assignment.valid_to.is_(None), _assignment.valid_to > at)
    )


async def list_history(
    session: AsyncSession, service: str, process: Process, page: PageParams
) -> list[Row[Any]]:
    """Every assignment that a chart ever had, by beginning; one more than the page holds."""
    statement = select(*_COLUMNS).where(
        _assignment.service_key == service, _assignment.process == process
    )
    return await list_rows(session, statement, [_assignment.valid_from, _assignment.id], page)


async def list_assignments(
    session: AsyncSession, filters: AssignmentFilters, page: PageParams
) -> list[Row[Any]]:
    """Present assignments by service and process; one more than the page holds."""
    own = (
        (_assignment.subject, filters.subject),
        (_assignment.unit_key, filters.unit),
        (_assignment.role, filters.role),
        (_assignment.process, filters.process),
        (_assignment.responsibility, filters.responsibility),
    )
    statement = select(*_COLUMNS).where(
        _PRESENT, *(column == value for column, value in own if value is not None)
    )
    order = [_assignment.service_key, cast(_assignment.process, Text), _assignment.id]
    return await list_rows(session, statement, order, page)


async def held_by_unit(session: AsyncSession, unit: str) -> list[Duty]:
    """The first hundred present assignments of a unit."""
    return await _held(session, _assignment.unit_key == unit)


async def held_by_role(session: AsyncSession, role: str) -> list[Duty]:
    """The first hundred present assignments of a role."""
    return await _held(session, _assignment.role == role)


async def _held(session: AsyncSession, condition: ColumnElement[bool]) -> list[Duty]:
    statement = select(
        _assignment.service_key, _assignment.process, _assignment.responsibility
    ).where(condition, _PRESENT)
    rows = await session.execute(statement.order_by(_assignment.id).limit(100))
    return [Duty(*row) for row in rows]


async def end_assignments(
    session: AsyncSession,
    service: str,
    process: Process,
    ended: Iterable[Assignment],
    moment: datetime,
) -> None:
    """Close the present rows of these assignments; the history stays."""
    those = [
        and_(
            _assignment.responsibility == one.responsibility,
            _assignment.subject.is_not_distinct_from(one.subject),
            _assignment.unit_key.is_not_distinct_from(one.unit),
            _assignment.role.is_not_distinct_from(one.role),
        )
        for one in ended
    ]
    if those:
        await session.execute(
            update(RaciAssignment)
            .where(
                _assignment.service_key == service,
                _assignment.process == process,
                _PRESENT,
                or_(*those),
            )
            .values(valid_to=moment)
        )


async def begin_assignments(
    session: AsyncSession,
    service: str,
    process: Process,
    begun: Iterable[Assignment],
    moment: datetime,
) -> None:
    """Add present rows for these assignments."""
    rows = [
        {
            "id": uuid4(),
            "service_key": service,
            "process": process,
            "responsibility": one.responsibility,
            "subject": one.subject,
            "unit_key": one.unit,
            "role": one.role,
            "valid_from": moment,
        }
        for one in begun
    ]
    if rows:
        await session.execute(insert(RaciAssignment), rows)


async def judged_services(
    session: AsyncSession, filters: GapFilters, page: PageParams
) -> list[Row[Any]]:
    """Services that are not retired, by key; one more than the page holds."""
    statement = select(_service.key, _service.name, _service.stage).where(
        _service.stage != Stage.RETIREMENT
    )
    if filters.portfolio is not None:
        statement = statement.where(_service.portfolio_key == filters.portfolio)
    if filters.stage is not None:
        statement = statement.where(_service.stage == filters.stage)
    return await list_rows(session, statement, [_service.key], page)


async def present_assignments(
    session: AsyncSession, services: Collection[str]
) -> list[tuple[str, Process, Assignment]]:
    """Service, process and assignment of every present row of these services."""
    statement = select(*_COLUMNS).where(_assignment.service_key.in_(services), _PRESENT)
    return [
        (row.service, row.process, assignment_of(row)) for row in await session.execute(statement)
    ]


def assignment_of(row: Any) -> Assignment:
    """A row as the rules see it."""
    return Assignment(row.responsibility, row.subject, row.unit, row.role)


async def people_behind(
    session: AsyncSession, services: Collection[str], units: Collection[str]
) -> dict[str, People]:
    """The people behind roles and units today, for each of these services."""
    holders: dict[str, dict[str, list[str]]] = {key: {} for key in services}
    owners = select(_owner.service_key, _owner.role, _owner.subject).where(
        _owner.service_key.in_(services), _owner.valid_to.is_(None)
    )
    for service, role, subject in await session.execute(owners):
        holders[service].setdefault(role, []).append(subject)
    managers: dict[str, str | None] = {}
    members: dict[str, list[str]] = {}
    if units:
        for unit, manager, belonging in await session.execute(staffed_units(_unit.key.in_(units))):
            managers[unit], members[unit] = manager, belonging
    return {key: People(holders[key], managers, members) for key in services}


def staffed_units(condition: ColumnElement[bool]) -> Select[Any]:
    """Units with their manager and today's members, by the database's clock (UTC)."""
    today = func.current_date()
    belonging = (
        select(func.coalesce(func.jsonb_agg(_member.subject.distinct()), func.jsonb_build_array()))
        .where(
            _member.unit_key == _unit.key,
            _member.valid_from <= today,
            or_(_member.valid_to.is_(None), _member.valid_to > today),
        )
        .scalar_subquery()
    )
    return select(_unit.key.label("unit"), _unit.manager, belonging.label("members")).where(
        condition
    )


def sheet_of(service: Any) -> ScalarSelect[Any]:
    """What the service document shows: present assignments and the people behind them."""
    assignments = (
        select(
            _assignment.process,
            _assignment.responsibility,
            _assignment.subject,
            _assignment.unit_key.label("unit"),
            _assignment.role,
        )
        .where(_assignment.service_key == service, _PRESENT)
        .order_by(_assignment.process, _assignment.responsibility, _assignment.id)
    )
    catalogued = exists().where(_role.role == _owner.role, _role.retired.is_(False))
    holders = (
        select(_owner.role, _owner.subject, catalogued.label("catalogued"))
        .where(_owner.service_key == service, _owner.valid_to.is_(None))
        .order_by(_owner.role, _owner.subject)
    )
    named = select(_assignment.unit_key).where(_assignment.service_key == service, _PRESENT)
    units = staffed_units(_unit.key.in_(named)).order_by(_unit.key)
    required = (
        select(_role.role, _role.name)
        .where(
            _role.retired.is_(False),
            select(cast(_service.stage, Text)).where(_service.key == service).scalar_subquery()
            == any_(_role.required_stages),
        )
        .order_by(_role.role)
    )
    return json_object(
        select(
            json_list(assignments).label("assignments"),
            json_list(holders).label("holders"),
            json_list(units).label("units"),
            json_list(required).label("required_roles"),
        )
    )
