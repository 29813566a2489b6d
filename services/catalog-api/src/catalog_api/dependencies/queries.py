"""Every SQL statement about dependencies, and the walk through their graph that others build on."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CTE,
    JSON,
    BigInteger,
    ColumnElement,
    Row,
    Select,
    Text,
    any_,
    bindparam,
    case,
    cast,
    delete,
    except_,
    func,
    insert,
    literal,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from catalog_api import rows
from catalog_api.dependencies.rules import Direction, Edge, Node, NodeKind, Strength
from catalog_api.dependencies.tables import Dependency
from catalog_api.registry.queries import brief_services
from catalog_api.vendors.queries import brief_products
from shared.kit.database import rows_of
from shared.kit.pagination import PageParams

_table = rows.table_of(Dependency)
_dependency = _table.c
_KEYS = ARRAY(Text())
_GRAPH = "catalog.dependency_graph"
_OF_PROVIDER = {
    NodeKind.SERVICE: _dependency.provider_service_key,
    NodeKind.VENDOR_PRODUCT: _dependency.provider_vendor_product_key,
}
# The provider of a row as a node.
PROVIDER_KEY = func.coalesce(*_OF_PROVIDER.values())
PROVIDER_KIND = case(
    (_dependency.provider_service_key.is_not(None), NodeKind.SERVICE.value),
    else_=NodeKind.VENDOR_PRODUCT.value,
)


@dataclass(frozen=True)
class DependencyFilters:
    """Each filter that is given narrows the list."""

    consumer: str | None
    provider_kind: NodeKind | None
    provider: str | None
    strength: Strength | None


async def lock_graph(session: AsyncSession) -> None:
    """Be the only one who writes dependencies, or judges ceilings, until this transaction ends.

    Why this keeps cycles out under READ COMMITTED: every writer takes the lock in a statement of
    its own, before it reads the graph. PostgreSQL makes a transaction's changes visible before it
    releases its locks, and each later statement has a new snapshot; so whoever has the lock sees
    every edge that any earlier holder wrote, and nobody adds one until it has committed. Locks on
    the two services of an edge would not do: where a needs b and c needs d, one writer lets b need
    c and another d need a; they share no service, and close a cycle together.

    The order of locks is: rows of services, rows of vendor products, the graph, dependencies.
    """
    await session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(_GRAPH, 0))))


def levels(
    starts: Collection[str] | ColumnElement[Any],
    direction: Direction,
    *,
    strength: Strength | None = None,
    at: int = 0,
    depth: int | None = None,
) -> CTE:
    """The services that a walk from `starts` reaches: rows of `depth` and `reached`, an array.

    The starts are `at` that depth; `depth` is the last one.

    A level is one row with the keys it reached and those seen so far. So a service is looked at
    once, however many paths lead to it, and one index-only scan answers a whole level; recursion
    over rows with a depth would look at a service once for each depth it can be reached at.
    """
    near, far = _dependency.consumer_key, _dependency.provider_service_key
    if direction is Direction.UP:
        near, far = far, near
    keys = cast(_as_array(starts), _KEYS)
    name = f"{direction.value}_{strength.value if strength else 'any'}"
    level = select(
        literal(at, BigInteger()).label("depth"), keys.label("reached"), keys.label("seen")
    ).cte(name, recursive=True)
    beside = select(far.label("key")).where(near == any_(level.c.reached), far.is_not(None))
    if strength is not None:
        beside = beside.where(_dependency.strength == strength)
    seen = select(func.unnest(level.c.seen))
    fresh = except_(beside.correlate(level), seen.correlate(level)).subquery("fresh")
    following = (
        select(func.array_agg(fresh.c.key, type_=_KEYS).label("reached"))
        .select_from(fresh)
        .lateral(f"after_{name}")
    )
    further = select(
        level.c.depth + 1, following.c.reached, level.c.seen.concat(following.c.reached)
    ).select_from(level.join(following, following.c.reached.is_not(None)))
    if depth is not None:
        further = further.where(level.c.depth < depth)
    return level.union_all(further)


def products_of(
    walk: CTE, *, strength: Strength | None = None, depth: int | None = None
) -> Select[Any]:
    """`key` and `depth` of the vendor products that the services of a walk depend on."""
    key = _dependency.provider_vendor_product_key
    statement = (
        select(key.label("key"), (func.min(walk.c.depth) + 1).label("depth"))
        .join(walk, _dependency.consumer_key == any_(walk.c.reached))
        .where(key.is_not(None))
        .group_by(key)
    )
    if strength is not None:
        statement = statement.where(_dependency.strength == strength)
    if depth is not None:
        statement = statement.where(walk.c.depth < depth)
    return statement


def edges_of(reached: CTE) -> Select[Any]:
    """Every dependency of the services of a walk: consumer, provider, strength, cost share."""
    return _edges().join(reached, _dependency.consumer_key == any_(reached.c.reached))


@cache
def edges_below(strength: Strength | None = None) -> Select[Any]:
    """The edges of a walk down from `starts`, a parameter; with `strength` only such edges.

    Built once: building it takes longer than walking through most surroundings.
    """
    starts = bindparam("starts", type_=_KEYS)
    statement = edges_of(levels(starts, Direction.DOWN, strength=strength))
    return statement if strength is None else statement.where(_dependency.strength == strength)


async def edges_downstream(session: AsyncSession, services: Collection[str]) -> tuple[Edge, ...]:
    """Every dependency of these services and of their transitive providers, in one statement."""
    found = await rows_of(session, edges_below(), {"starts": list(services)})
    return tuple(edge_of(row) for row in found)


async def edges_between(session: AsyncSession, nodes: Collection[Node]) -> list[Edge]:
    """The dependencies among these nodes."""
    consumers = [node.key for node in nodes if node.kind is NodeKind.SERVICE]
    statement = _edges().where(_dependency.consumer_key.in_(consumers), _is_one_of(nodes))
    return [edge_of(row) for row in await session.execute(statement)]


async def dependents(session: AsyncSession, service_key: str) -> list[str]:
    """The direct consumers of a service, by key."""
    statement = (
        select(_dependency.consumer_key)
        .where(_dependency.provider_service_key == service_key)
        .order_by(_dependency.consumer_key)
    )
    return list(await session.scalars(statement))


def product_consumers(
    products: Collection[str] | ColumnElement[Any], strength: Strength | None = None
) -> Select[tuple[str]]:
    """The services that depend on one of these vendor products, each once."""
    statement = (
        select(_dependency.consumer_key)
        .where(_dependency.provider_vendor_product_key == any_(_as_array(products)))
        .distinct()
    )
    return statement if strength is None else statement.where(_dependency.strength == strength)


async def service_pairs_below(
    session: AsyncSession, starts: Collection[str]
) -> list[tuple[str, str]]:
    """(consumer, provider) of every dependency between services that a walk down finds."""
    reached = levels(starts, Direction.DOWN)
    statement = (
        select(_dependency.consumer_key, _dependency.provider_service_key)
        .join(reached, _dependency.consumer_key == any_(reached.c.reached))
        .where(_dependency.provider_service_key.is_not(None))
    )
    return [(consumer, provider) for consumer, provider in await session.execute(statement)]


async def share_sums(session: AsyncSession, providers: Iterable[Node]) -> dict[Node, Decimal]:
    """How much of each provider's cost its consumers bear together, as a ratio."""
    statement = (
        select(
            PROVIDER_KIND.label("kind"),
            PROVIDER_KEY.label("key"),
            func.sum(_dependency.cost_share).label("total"),
        )
        .where(_is_one_of(providers))
        .group_by(_dependency.provider_service_key, _dependency.provider_vendor_product_key)
    )
    found = await session.execute(statement)
    return {Node(NodeKind(row.kind), row.key): row.total for row in found}


async def insert_dependency(session: AsyncSession, values: Mapping[str, Any]) -> bool:
    """Add a dependency; False when its consumer has one on that provider."""
    return await rows.insert_row(session, Dependency, values)


async def insert_dependencies(
    session: AsyncSession, dependencies: Sequence[Mapping[str, Any]]
) -> None:
    """Add dependencies of which it is known, under the lock of the graph, that they are new."""
    if dependencies:
        await session.execute(insert(Dependency), dependencies)


async def get_dependency(session: AsyncSession, service: str, dependency: UUID) -> Row[Any]:
    """One dependency of a service with its provider; 404 if there is none."""
    statement = _whole_dependencies().where(
        _dependency.id == dependency, _dependency.consumer_key == service
    )
    return await rows.get_row(session, statement, f"{service} has no dependency {dependency}")


async def dependencies_between(
    session: AsyncSession, pairs: Collection[tuple[str, Node]]
) -> dict[tuple[str, Node], Row[Any]]:
    """Those of these (consumer, provider) pairs that there are."""
    asked = {
        kind: [(consumer, node.key) for consumer, node in pairs if node.kind is kind]
        for kind in NodeKind
    }
    found: dict[tuple[str, Node], Row[Any]] = {}
    for kind, keys in asked.items():
        column = _OF_PROVIDER[kind]
        consumers, providers = zip(*keys, strict=True) if keys else ((), ())
        wanted = select(
            func.unnest(literal(list(consumers), _KEYS)).label("consumer"),
            func.unnest(literal(list(providers), _KEYS)).label("provider"),
        ).subquery("wanted")
        statement = _whole_dependencies().join(
            wanted,
            (_dependency.consumer_key == wanted.c.consumer) & (column == wanted.c.provider),
        )
        for row in await session.execute(statement):
            found[row.consumer, Node(kind, row.provider["key"])] = row
    return found


async def list_dependencies(
    session: AsyncSession, filters: DependencyFilters, page: PageParams
) -> list[Row[Any]]:
    """Dependencies by consumer and creation, one more than the page holds."""
    statement = _whole_dependencies().where(*_conditions(filters))
    order = [_dependency.consumer_key, _dependency.created_at, _dependency.id]
    return await rows.list_rows(session, statement, order, page)


async def change_dependency(
    session: AsyncSession, dependency: UUID, values: Mapping[str, Any]
) -> None:
    await rows.change_row(session, Dependency, _dependency.id == dependency, values)


async def change_dependencies(
    session: AsyncSession, values: Mapping[UUID, Mapping[str, Any]], moment: Any
) -> None:
    """As change_dependency, by id: one round trip for all that change the same fields."""
    alike: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for dependency, fields in values.items():
        named = {f"new_{name}": value for name, value in fields.items()}
        alike.setdefault(tuple(sorted(fields)), []).append({"this_id": dependency, **named})
    for names, changed in alike.items():
        statement = (
            update(_table)
            .where(_dependency.id == bindparam("this_id"))
            .values(
                **{name: bindparam(f"new_{name}") for name in names},
                revision=_dependency.revision + 1,
                updated_at=moment,
            )
        )
        await session.execute(statement, changed)


async def delete_dependency(session: AsyncSession, dependency: UUID) -> None:
    await session.execute(delete(Dependency).where(_dependency.id == dependency))


def _as_array(keys: Collection[str] | ColumnElement[Any]) -> ColumnElement[Any]:
    return keys if isinstance(keys, ColumnElement) else literal(list(keys), _KEYS)


def _edges() -> Select[Any]:
    return select(
        _dependency.consumer_key.label("consumer"),
        PROVIDER_KIND.label("kind"),
        PROVIDER_KEY.label("key"),
        _dependency.strength,
        _dependency.cost_share,
    )


def edge_of(row: Row[Any]) -> Edge:
    """A row of `edges_of` or `edges_below`."""
    return Edge(row.consumer, Node(NodeKind(row.kind), row.key), row.strength, row.cost_share)


def _whole_dependencies() -> Select[Any]:
    """Dependencies with what their provider is called and how it stands."""
    service, product = brief_services(), brief_products()
    provider = func.json_build_object(
        "kind",
        PROVIDER_KIND,
        "key",
        PROVIDER_KEY,
        "name",
        func.coalesce(service.c.name, product.c.name),
        "stage",
        service.c.stage,
        "state",
        product.c.state,
        type_=JSON,
    )
    return (
        select(
            _dependency.id,
            _dependency.consumer_key.label("consumer"),
            provider.label("provider"),
            _dependency.strength,
            _dependency.cost_share,
            _dependency.description,
            _dependency.revision,
            _dependency.created_at,
            _dependency.updated_at,
        )
        .outerjoin(service, service.c.key == _dependency.provider_service_key)
        .outerjoin(product, product.c.key == _dependency.provider_vendor_product_key)
    )


def _is_one_of(nodes: Iterable[Node]) -> ColumnElement[bool]:
    nodes = list(nodes)
    services = [node.key for node in nodes if node.kind is NodeKind.SERVICE]
    products = [node.key for node in nodes if node.kind is NodeKind.VENDOR_PRODUCT]
    return _dependency.provider_service_key.in_(
        services
    ) | _dependency.provider_vendor_product_key.in_(products)


def _conditions(filters: DependencyFilters) -> list[ColumnElement[bool]]:
    """One condition for each filter that is given."""
    conditions: list[ColumnElement[bool]] = []
    if filters.consumer is not None:
        conditions.append(_dependency.consumer_key == filters.consumer)
    if filters.provider_kind is not None:
        conditions.append(_OF_PROVIDER[filters.provider_kind].is_not(None))
    if filters.provider is not None:
        conditions.append(
            (_dependency.provider_service_key == filters.provider)
            | (_dependency.provider_vendor_product_key == filters.provider)
        )
    if filters.strength is not None:
        conditions.append(_dependency.strength == filters.strength)
    return conditions
