"""Every SQL statement about ceilings: who is concerned, what is promised, and exceptions."""

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any

from sqlalchemy import (
    Row,
    Select,
    Text,
    any_,
    cast,
    func,
    insert,
    literal,
    select,
    union,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from catalog_api import rows
from catalog_api.agreements.queries import agreed_availability
from catalog_api.ceilings.rules import Dimension, Figures, Promise
from catalog_api.ceilings.tables import CeilingException
from catalog_api.continuity.queries import recovery_times
from catalog_api.dependencies.queries import edges_below, levels, product_consumers
from catalog_api.dependencies.rules import Direction, Node, NodeKind, Strength
from shared.kit.pagination import PageParams

_exception = rows.table_of(CeilingException).c
_KEYS = ARRAY(Text())


async def promises_above(
    session: AsyncSession, changed: Collection[Node], today: date
) -> list[Promise]:
    """What the changed services, and all that need a changed node hard, promise."""
    concerned = levels(_services_of(changed), Direction.UP, strength=Strength.HARD)
    keys = select(func.unnest(concerned.c.reached).label("key")).subquery("concerned")
    agreed, times = agreed_availability().subquery("agreed"), recovery_times().subquery("times")
    excepted = (
        select(func.array_agg(cast(_exception.dimension, Text), type_=_KEYS))
        .where(_exception.service_key == keys.c.key, _exception.expires_on >= today)
        .scalar_subquery()
    )
    statement = (
        select(keys.c.key, agreed.c.availability, times.c.rto_hours, excepted.label("excepted"))
        .outerjoin(agreed, (agreed.c.key == keys.c.key) & (agreed.c.kind == NodeKind.SERVICE.value))
        .outerjoin(times, (times.c.key == keys.c.key) & (times.c.kind == NodeKind.SERVICE.value))
        .where(agreed.c.availability.is_not(None) | times.c.rto_hours.is_not(None))
    )
    return [
        Promise(
            row.key,
            row.availability,
            row.rto_hours,
            frozenset(Dimension(name) for name in row.excepted or ()),
        )
        for row in await session.execute(statement)
    ]


def _services_of(changed: Collection[Node]) -> Any:
    """The keys of the changed services and of those that need a changed vendor product hard."""
    services = [node.key for node in changed if node.kind is NodeKind.SERVICE]
    products = [node.key for node in changed if node.kind is NodeKind.VENDOR_PRODUCT]
    if not products:
        return services
    starts = union(
        select(func.unnest(literal(services, _KEYS))),
        product_consumers(products, Strength.HARD),
    ).subquery("starts")
    every = func.array_agg(*starts.c, type_=_KEYS)
    return func.coalesce(select(every).scalar_subquery(), literal([], _KEYS))


async def hard_providers_below(
    session: AsyncSession, services: Collection[str]
) -> dict[str, set[Node]]:
    """What each service needs hard itself, for these services and all that they need hard."""
    edges = await session.execute(edges_below(Strength.HARD), {"starts": list(services)})
    found: dict[str, set[Node]] = {}
    for row in edges:
        found.setdefault(row.consumer, set()).add(Node(NodeKind(row.kind), row.key))
    return found


async def figures_of(session: AsyncSession, nodes: Collection[Node]) -> Figures:
    """The agreed availability and the recovery time of each node that has one."""
    availability = await _by_node(session, agreed_availability(), "availability", nodes)
    return Figures(availability, await _by_node(session, recovery_times(), "rto_hours", nodes))


async def _by_node(
    session: AsyncSession, source: Select[Any], figure: str, nodes: Collection[Node]
) -> dict[Node, Any]:
    part = source.subquery("part")
    keys = literal(list({node.key for node in nodes}), _KEYS)
    statement = select(part.c.kind, part.c.key, part.c[figure]).where(part.c.key == any_(keys))
    return {
        Node(NodeKind(kind), key): value
        for kind, key, value in await session.execute(statement)
        if value is not None
    }


async def insert_exception(session: AsyncSession, values: Mapping[str, Any]) -> Row[Any]:
    """Record an exception; rows are only added."""
    statement = insert(CeilingException).values(**values).returning(*_exception)
    return (await session.execute(statement)).one()


async def list_exceptions(
    session: AsyncSession, service: str, page: PageParams, *, valid_on: date | None
) -> list[Row[Any]]:
    """Exceptions of a service as they were recorded, with `valid_on` only those not expired."""
    statement = select(*_exception).where(_exception.service_key == service)
    if valid_on is not None:
        statement = statement.where(_exception.expires_on >= valid_on)
    return await rows.list_rows(session, statement, [_exception.recorded_at, _exception.id], page)


async def valid_exceptions(session: AsyncSession, service: str, today: date) -> set[Dimension]:
    """The dimensions in which a service may go beyond its ceiling today."""
    statement = (
        select(_exception.dimension)
        .distinct()
        .where(_exception.service_key == service, _exception.expires_on >= today)
    )
    return set(await session.scalars(statement))
