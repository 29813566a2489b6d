"""Every SQL statement about objectives and their links."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from catalog_api import rows
from catalog_api.objectives.rules import Layer, LinkKind, ObjectiveState
from catalog_api.objectives.tables import Objective, ObjectiveLink
from shared.kit.pagination import PageParams

_objective = Objective.__table__.c
_link = ObjectiveLink.__table__.c
_COLUMNS: tuple[ColumnElement[Any], ...] = (
    _objective.key,
    _objective.name,
    _objective.description,
    _objective.owner,
    _objective.layer,
    _objective.parent_key.label("parent"),
    _objective.measure,
    _objective.target_date,
    _objective.state,
    _objective.state_since,
    _objective.state_reason,
    _objective.revision,
    _objective.created_at,
    _objective.updated_at,
)
_LINK_COLUMNS: tuple[ColumnElement[Any], ...] = (
    _link.id,
    _link.objective_key.label("objective"),
    _link.kind,
    _link.target,
    _link.contribution,
    _link.linked_at,
)
_SERVED_COLUMNS: tuple[ColumnElement[Any], ...] = (
    _objective.key,
    _objective.name,
    _objective.layer,
    _objective.state,
    _link.contribution,
    _link.linked_at,
    _link.id.label("link_id"),
)


@dataclass(frozen=True)
class ObjectiveFilters:
    """Each filter that is given narrows the list."""

    layer: Layer | None
    state: ObjectiveState | None
    parent: str | None
    owner: str | None


async def known_keys(session: AsyncSession, keys: Collection[str]) -> set[str]:
    """Which of these keys are objectives."""
    return await rows.known_values(session, _objective.key, keys)


async def taken_keys_like(session: AsyncSession, base: str) -> set[str]:
    """The key itself and its numbered variants, as far as they are taken."""
    return await rows.taken_keys_like(session, _objective.key, base)


async def objectives_of(session: AsyncSession, service_key: str) -> set[str]:
    """The active objectives that a service serves directly."""
    statement = served_by(service_key).where(_objective.state == ObjectiveState.ACTIVE)
    return set(await session.scalars(statement.with_only_columns(_objective.key)))


async def insert_objective(session: AsyncSession, values: Mapping[str, Any]) -> bool:
    """Add an objective; False when its key is taken."""
    return await rows.insert_row(session, Objective, rows.new_row(_stored(values)))


async def get_objective(session: AsyncSession, key: str, *, lock: bool = False) -> Row[Any]:
    """One objective, 404 if there is none; `lock` keeps its state as it is meanwhile."""
    statement = select(*_COLUMNS).where(_objective.key == key)
    return await rows.get_row(session, statement, f"There is no objective {key}", lock=lock)


async def list_objectives(
    session: AsyncSession, filters: ObjectiveFilters, page: PageParams
) -> list[Row[Any]]:
    """Objectives by key, one more than the page holds."""
    given = (
        (_objective.layer, filters.layer),
        (_objective.state, filters.state),
        (_objective.parent_key, filters.parent),
        (_objective.owner, filters.owner),
    )
    conditions = [column == value for column, value in given if value is not None]
    statement = select(*_COLUMNS).where(*conditions)
    return await rows.list_rows(session, statement, [_objective.key], page)


async def change_objective(session: AsyncSession, key: str, values: Mapping[str, Any]) -> None:
    """Set fields and count the revision up."""
    await rows.change_row(session, Objective, _objective.key == key, _stored(values))


async def active_children(session: AsyncSession, key: str) -> list[str]:
    """The first 20 active objectives that contribute to this one."""
    statement = (
        select(_objective.key)
        .where(_objective.parent_key == key, _objective.state == ObjectiveState.ACTIVE)
        .order_by(_objective.key)
        .limit(20)
    )
    return list(await session.scalars(statement))


async def insert_link(session: AsyncSession, values: Mapping[str, Any]) -> bool:
    """Link something to an objective; False when it is linked already."""
    service = values["target"] if values["kind"] is LinkKind.SERVICE else None
    return await rows.insert_row(session, ObjectiveLink, {**values, "service_key": service})


async def get_link(session: AsyncSession, objective: str, link_id: UUID) -> Row[Any]:
    """One link of an objective, 404 if there is none."""
    statement = select(*_LINK_COLUMNS).where(_link.id == link_id, _link.objective_key == objective)
    return await rows.get_row(session, statement, f"{objective} has no link {link_id}")


async def list_links(
    session: AsyncSession, objective: str, kind: LinkKind | None, page: PageParams
) -> list[Row[Any]]:
    """Links of an objective by age, one more than the page holds."""
    statement = select(*_LINK_COLUMNS).where(_link.objective_key == objective)
    if kind is not None:
        statement = statement.where(_link.kind == kind)
    return await rows.list_rows(session, statement, [_link.linked_at, _link.id], page)


async def delete_link(session: AsyncSession, link_id: UUID) -> None:
    """Take a link away; the audit trail keeps it."""
    await session.execute(delete(ObjectiveLink).where(_link.id == link_id))


async def list_served(
    session: AsyncSession, service: str, state: ObjectiveState | None, page: PageParams
) -> list[Row[Any]]:
    """The objectives that a service serves, by key, one more than the page holds."""
    statement = served_by(service)
    if state is not None:
        statement = statement.where(_objective.state == state)
    return await rows.list_rows(session, statement, [_objective.key], page)


def served_by(service: Any) -> Select[Any]:
    """The objectives that a service serves directly."""
    return (
        select(*_SERVED_COLUMNS)
        .join(ObjectiveLink, _link.objective_key == _objective.key)
        .where(_link.service_key == service)
    )


def _stored(values: Mapping[str, Any]) -> dict[str, Any]:
    """Wire names to column names."""
    return {"parent_key" if name == "parent" else name: value for name, value in values.items()}
