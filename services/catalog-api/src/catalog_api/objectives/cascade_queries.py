"""SQL over the cascade as a whole: the tree below an objective, and what nothing serves."""

from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Row,
    ScalarSelect,
    Select,
    exists,
    func,
    literal,
    or_,
    select,
)
from sqlalchemy.ext.asyncio import AsyncSession

from catalog_api import rows
from catalog_api.objectives.queries import served_by
from catalog_api.objectives.rules import DEPTH, Layer, ObjectiveState
from catalog_api.objectives.tables import Objective, ObjectiveLink
from catalog_api.registry.queries import brief_services
from shared.kit.pagination import PageParams
from shared.schemas.catalog import Stage

_objective = Objective.__table__.c
_link = ObjectiveLink.__table__.c
_service = brief_services()
_SHOWN_SERVICES = 50
_SHOWN_OBJECTIVES = 100
# Sorts before every character of a key, so that what is below a node comes right after it.
_STEP = " "


async def list_cascade(session: AsyncSession, key: str, page: PageParams) -> list[Row[Any]]:
    """The tree below an objective, each node followed by what is below it, in one statement."""
    tree = _tree_below(key)
    own_links = select(func.count()).where(_link.objective_key == _objective.key)
    statement = select(
        _objective.key,
        _objective.name,
        _objective.owner,
        _objective.layer,
        _objective.parent_key.label("parent"),
        _objective.state,
        _objective.target_date,
        tree.c.depth,
        tree.c.path,
        _services_of(_objective.key).label("services"),
        own_links.where(_link.service_key.is_not(None)).scalar_subquery().label("service_count"),
        own_links.where(_link.service_key.is_(None)).scalar_subquery().label("other_link_count"),
        _serves_below(tree).label("served"),
    ).join(tree, tree.c.key == _objective.key)
    return await rows.list_rows(session, statement, [tree.c.path], page)


def _tree_below(key: str) -> CTE:
    """Keys with their depth and their path from the top, in byte order so that `_STEP` is first."""
    path = _objective.key.collate("C")
    top = select(_objective.key, literal(1).label("depth"), path.label("path"))
    tree = top.where(_objective.key == key).cte("tree", recursive=True)
    below = select(_objective.key, tree.c.depth + 1, tree.c.path + literal(_STEP) + path)
    return tree.union_all(
        below.join(tree, _objective.parent_key == tree.c.key).where(tree.c.depth < DEPTH)
    )


def _services_of(objective: ColumnElement[str]) -> ScalarSelect[Any]:
    linked = (
        select(_service.c.key, _service.c.name, _service.c.stage)
        .join(ObjectiveLink, _link.service_key == _service.c.key)
        .where(_link.objective_key == objective)
        .order_by(_service.c.key)
        .limit(_SHOWN_SERVICES)
    )
    return rows.json_list(linked.correlate(Objective))


def _serves_below(tree: CTE) -> ColumnElement[bool]:
    """Whether anything is linked to this node or to an active one below it."""
    below = tree.alias("below")
    linked = _directly_served().subquery("served")
    return exists().where(
        linked.c.key == below.c.key,
        or_(
            below.c.path == tree.c.path,
            func.starts_with(below.c.path, tree.c.path + literal(_STEP)),
        ),
    )


def _directly_served() -> Select[Any]:
    """Active objectives with a link; a service in retirement serves nothing any more."""
    return (
        select(_objective.key, _objective.parent_key)
        .join(ObjectiveLink, _link.objective_key == _objective.key)
        .outerjoin(_service, _service.c.key == _link.service_key)
        .where(
            _objective.state == ObjectiveState.ACTIVE,
            or_(_service.c.key.is_(None), _service.c.stage != Stage.RETIREMENT),
        )
    )


def _served() -> CTE:
    """Active objectives that are served themselves or through one below them."""
    served = _directly_served().cte("served", recursive=True)
    above = select(_objective.key, _objective.parent_key)
    return served.union(above.join(served, served.c.parent_key == _objective.key))


async def list_unserved(
    session: AsyncSession, layer: Layer | None, page: PageParams
) -> list[Row[Any]]:
    """Active objectives that nothing serves, by key, one more than the page holds."""
    served = _served()
    statement = select(
        _objective.key,
        _objective.name,
        _objective.owner,
        _objective.layer,
        _objective.parent_key.label("parent"),
        _objective.target_date,
    ).where(
        _objective.state == ObjectiveState.ACTIVE,
        ~exists().where(served.c.key == _objective.key),
    )
    if layer is not None:
        statement = statement.where(_objective.layer == layer)
    return await rows.list_rows(session, statement, [_objective.key], page)


async def list_unaligned(
    session: AsyncSession, portfolio: str | None, page: PageParams
) -> list[Row[Any]]:
    """Services, not retired, that serve no active objective, by key, one more than fits."""
    statement = select(*_service.c).where(_service.c.stage != Stage.RETIREMENT, ~_is_aligned())
    if portfolio is not None:
        statement = statement.where(_service.c.portfolio == portfolio)
    return await rows.list_rows(session, statement, [_service.c.key], page)


def _is_aligned() -> ColumnElement[bool]:
    return exists().where(
        _link.service_key == _service.c.key,
        _objective.key == _link.objective_key,
        _objective.state == ObjectiveState.ACTIVE,
    )


async def count_objectives(session: AsyncSession) -> dict[Layer, tuple[int, int]]:
    """Active objectives of each layer, and those of them that nothing serves."""
    served = _served()
    unserved = func.count().filter(served.c.key.is_(None))
    statement = (
        select(_objective.layer, func.count(), unserved)
        .outerjoin(served, served.c.key == _objective.key)
        .where(_objective.state == ObjectiveState.ACTIVE)
        .group_by(_objective.layer)
    )
    found = await session.execute(statement)
    return {layer: (active, without) for layer, active, without in found}


async def count_services(session: AsyncSession) -> tuple[int, int]:
    """Services that are not retired, and those of them that serve no active objective."""
    total = select(func.count()).where(_service.c.stage != Stage.RETIREMENT)
    unaligned = total.where(~_is_aligned())
    statement = select(total.scalar_subquery(), unaligned.scalar_subquery())
    services, without = (await session.execute(statement)).one()
    return services, without


def section(service: ColumnElement[str]) -> ScalarSelect[Any]:
    """What a service serves, for its document: counted, and the first objectives by key."""
    active = served_by(service).where(_objective.state == ObjectiveState.ACTIVE)
    parent, top = _objective_above("parent"), _objective_above("top")
    corporate = (
        active.outerjoin(parent, parent.c.key == _objective.parent_key)
        .outerjoin(top, top.c.key == parent.c.parent_key)
        .with_only_columns(
            func.count(func.coalesce(top.c.key, parent.c.key, _objective.key).distinct())
        )
    )
    changed_at = served_by(service).with_only_columns(
        func.max(func.greatest(_link.linked_at, _objective.state_since))
    )
    shown = served_by(service).order_by(_objective.key).limit(_SHOWN_OBJECTIVES)
    return rows.json_object(
        select(
            active.with_only_columns(func.count()).scalar_subquery().label("active_count"),
            corporate.scalar_subquery().label("corporate_count"),
            changed_at.scalar_subquery().label("changed_at"),
            rows.json_list(shown).label("items"),
        )
    )


def _objective_above(name: str) -> Any:
    return select(_objective.key, _objective.parent_key).subquery(name)
