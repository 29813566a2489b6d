"""Every SQL statement about units, members and roles."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, case, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from catalog_api.organisation.rules import UnitKind
from catalog_api.organisation.tables import CatalogedRole, OrganisationUnit, UnitMember
from catalog_api.ownership.tables import Owner
from catalog_api.rows import get_row, list_rows, table_of, taken_keys_like
from shared.kit.clock import now
from shared.kit.pagination import PageParams
from shared.schemas.catalog import Stage
from shared.schemas.processes import Process

_unit = table_of(OrganisationUnit).c
_member = table_of(UnitMember).c
_role = table_of(CatalogedRole).c
_owner = table_of(Owner).c
_UNIT_COLUMNS: tuple[ColumnElement[Any], ...] = (
    _unit.key,
    _unit.name,
    _unit.kind,
    _unit.parent_key.label("parent"),
    _unit.manager,
    _unit.ended_on,
    _unit.revision,
    _unit.created_at,
    _unit.updated_at,
)
_MEMBER_COLUMNS: tuple[ColumnElement[Any], ...] = (
    _member.id,
    _member.unit_key.label("unit"),
    _member.subject,
    _member.valid_from,
    _member.valid_to,
    _member.revision,
)
_TREE = "tree of organisation units"


@dataclass(frozen=True)
class UnitFilters:
    """Each filter that is given narrows the list; ended units are shown only with `past`."""

    kind: UnitKind | None
    parent: str | None
    manager: str | None
    past: bool


@dataclass(frozen=True)
class RoleFilters:
    """Each filter that is given narrows the list."""

    stage: Stage | None
    process: Process | None
    retired: bool | None


async def known_units(session: AsyncSession, keys: Collection[str]) -> set[str]:
    """Which of these keys are units that have not ended: only those can be given new duties."""
    present = select(_unit.key).where(_unit.key.in_(keys), _unit.ended_on.is_(None))
    return set(await session.scalars(present)) if keys else set()


async def share_units(session: AsyncSession, keys: Collection[str]) -> set[str]:
    """As known_units; those found cannot end before this transaction does."""
    statement = select(_unit.key).where(_unit.key.in_(keys), _unit.ended_on.is_(None))
    ordered = statement.order_by(_unit.key).with_for_update(read=True)
    return set(await session.scalars(ordered)) if keys else set()


async def known_roles(session: AsyncSession, roles: Collection[str]) -> set[str]:
    """Which of these are roles of the catalog that are not retired."""
    statement = select(_role.role).where(_role.role.in_(roles), _role.retired.is_(False))
    return set(await session.scalars(statement)) if roles else set()


async def share_roles(session: AsyncSession, roles: Collection[str]) -> set[str]:
    """As known_roles; those found cannot retire before this transaction ends."""
    statement = select(_role.role).where(_role.role.in_(roles), _role.retired.is_(False))
    ordered = statement.order_by(_role.role).with_for_update(read=True)
    return set(await session.scalars(ordered)) if roles else set()


async def lock_tree(session: AsyncSession) -> None:
    """One change of the tree at a time: two moves can close a circle that neither sees alone."""
    await session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(_TREE, 0))))


async def get_unit(session: AsyncSession, key: str, *, lock: bool = False) -> Row[Any]:
    statement = select(*_UNIT_COLUMNS).where(_unit.key == key)
    return await get_row(session, statement, f"There is no organisation unit {key}", lock=lock)


async def list_units(
    session: AsyncSession, filters: UnitFilters, page: PageParams
) -> list[Row[Any]]:
    """Units by key, one more than the page holds."""
    own = ((_unit.kind, filters.kind), (_unit.parent_key, filters.parent))
    statement = select(*_UNIT_COLUMNS).where(
        *(column == value for column, value in own if value is not None)
    )
    if filters.manager is not None:
        statement = statement.where(_unit.manager == filters.manager)
    if not filters.past:
        statement = statement.where(_unit.ended_on.is_(None))
    return await list_rows(session, statement, [_unit.key], page)


async def taken_unit_keys(session: AsyncSession, base: str) -> set[str]:
    return await taken_keys_like(session, _unit.key, base)


async def parents_above(session: AsyncSession, key: str) -> dict[str, str | None]:
    """The parent of a unit and of every unit above it."""
    path = select(_unit.key, _unit.parent_key).where(_unit.key == key).cte(recursive=True)
    above = select(_unit.key, _unit.parent_key).join(path, _unit.key == path.c.parent_key)
    rows = await session.execute(select(path.union(above)))
    return {row.key: row.parent_key for row in rows}


async def present_children(session: AsyncSession, key: str) -> list[str]:
    """The first hundred units below that have not ended."""
    statement = select(_unit.key).where(_unit.parent_key == key, _unit.ended_on.is_(None))
    return list(await session.scalars(statement.order_by(_unit.key).limit(100)))


async def end_members(session: AsyncSession, unit: str, on: date) -> None:
    """End the memberships that would outlast their unit; those yet to begin never do."""
    await session.execute(
        update(UnitMember)
        .where(_member.unit_key == unit, or_(_member.valid_to.is_(None), _member.valid_to > on))
        .values(
            valid_to=func.greatest(_member.valid_from, on),
            revision=_member.revision + 1,
            updated_at=now(),
        )
    )


async def get_member(session: AsyncSession, unit: str, member: UUID) -> Row[Any]:
    statement = select(*_MEMBER_COLUMNS).where(_member.unit_key == unit, _member.id == member)
    return await get_row(session, statement, f"The unit {unit} has no membership {member}")


async def memberships(session: AsyncSession, unit: str, subject: str) -> list[Row[Any]]:
    """Every membership of a person in a unit."""
    statement = select(_member.id, _member.valid_from, _member.valid_to).where(
        _member.unit_key == unit, _member.subject == subject
    )
    return list(await session.execute(statement.order_by(_member.valid_from)))


async def list_members(
    session: AsyncSession, unit: str, on: date | None, page: PageParams
) -> list[Row[Any]]:
    """Memberships by beginning, all of them or those of one day; one more than the page holds."""
    statement = _valid_on(select(*_MEMBER_COLUMNS).where(_member.unit_key == unit), on)
    return await list_rows(session, statement, [_member.valid_from, _member.id], page)


async def list_memberships(
    session: AsyncSession, subject: str, on: date | None, page: PageParams
) -> list[Row[Any]]:
    """The units of a person by key; one more than the page holds."""
    statement = _valid_on(select(*_MEMBER_COLUMNS).where(_member.subject == subject), on)
    return await list_rows(session, statement, [_member.unit_key, _member.id], page)


def _valid_on(statement: Select[Any], on: date | None) -> Select[Any]:
    if on is None:
        return statement
    return statement.where(
        _member.valid_from <= on, or_(_member.valid_to.is_(None), _member.valid_to > on)
    )


async def get_role(session: AsyncSession, role: str, *, lock: bool = False) -> Row[Any]:
    statement = select(table_of(CatalogedRole)).where(_role.role == role)
    return await get_row(session, statement, f"There is no role {role}", lock=lock)


async def list_roles(
    session: AsyncSession, filters: RoleFilters, page: PageParams
) -> list[Row[Any]]:
    """Roles by name in code, one more than the page holds."""
    statement = select(table_of(CatalogedRole))
    if filters.stage is not None:
        statement = statement.where(_role.required_stages.contains([filters.stage]))
    if filters.process is not None:
        statement = statement.where(_role.required_processes.contains([filters.process]))
    if filters.retired is not None:
        statement = statement.where(_role.retired.is_(filters.retired))
    return await list_rows(session, statement, [_role.role], page)


async def list_uncatalogued(session: AsyncSession, page: PageParams) -> list[Row[Any]]:
    """Roles that people hold now and the catalog does not describe, or not any more."""
    statement = (
        select(
            _owner.role,
            func.count(_owner.subject.distinct()).label("holders"),
            func.count(_owner.service_key.distinct()).label("services"),
            case(
                (func.bool_or(_role.retired), "retired"), else_="not in the catalog of roles"
            ).label("reason"),
        )
        .outerjoin(table_of(CatalogedRole), _role.role == _owner.role)
        .where(_owner.valid_to.is_(None), or_(_role.role.is_(None), _role.retired))
        .group_by(_owner.role)
    )
    return await list_rows(session, statement, [_owner.role], page)


async def required_roles(session: AsyncSession, stage: Stage) -> dict[str, str]:
    """The roles that a service needs at a stage, with their names."""
    statement = select(_role.role, _role.name).where(
        _role.required_stages.contains([stage]), _role.retired.is_(False)
    )
    return {row.role: row.name for row in await session.execute(statement.order_by(_role.role))}
