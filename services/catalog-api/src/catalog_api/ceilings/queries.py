"""Every SQL statement about ceilings: who is concerned, what is promised, and exceptions."""

from collections.abc import Callable, Collection, Mapping
from datetime import date
from functools import cache
from typing import Any

from sqlalchemy import (
    Row,
    Select,
    Text,
    any_,
    bindparam,
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
from catalog_api.dependencies.queries import levels, product_consumers
from catalog_api.dependencies.rules import Direction, Node, NodeKind, Strength
from shared.kit.database import Query, answers
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
        select(keys.c.key, agreed.c.promised, times.c.rto_hours, excepted.label("excepted"))
        .outerjoin(agreed, (agreed.c.key == keys.c.key) & (agreed.c.kind == NodeKind.SERVICE.value))
        .outerjoin(times, (times.c.key == keys.c.key) & (times.c.kind == NodeKind.SERVICE.value))
        .where(agreed.c.promised.is_not(None) | times.c.rto_hours.is_not(None))
    )
    return [
        Promise(
            row.key,
            row.promised,
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


async def figures_of(
    session: AsyncSession, nodes: Collection[Node], *, besides: str | None = None
) -> Figures:
    """The agreed availabilities and the recovery time of each node that has one.

    What the agreement `besides` promises does not count.
    """
    keys = {"keys": list({node.key for node in nodes})}
    asked = {
        "agreed": Query(_of_keys(_agreed_besides), {**keys, "besides": besides}, _agreed),
        "recovery": Query(_of_keys(recovery_times), keys, _by_node),
    }
    said = await answers(session, asked)
    return Figures(recovery=said["recovery"], **said["agreed"])


def _agreed_besides() -> Select[Any]:
    return agreed_availability(bindparam("besides", type_=Text()))


@cache
def _of_keys(source: Callable[[], Select[Any]]) -> Select[Any]:
    """Of a statement of kind, key and a figure the rows with one of the `keys`, a parameter."""
    part = source().subquery("part")
    return select(*part.c).where(part.c.key == any_(bindparam("keys", type_=_KEYS)))


def _agreed(rows: list[Any]) -> dict[str, dict[Node, Any]]:
    return {
        name: _by_node([(row.kind, row.key, getattr(row, name)) for row in rows])
        for name in ("availability", "promised")
    }


def _by_node(rows: list[Any]) -> dict[Node, Any]:
    return {Node(NodeKind(kind), key): figure for kind, key, figure in rows if figure is not None}


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


def valid_exceptions(service: str, today: date) -> Query[set[Dimension]]:
    """The dimensions in which a service may go beyond its ceiling today."""
    return Query(
        _valid_exceptions(),
        {"service": service, "today": today},
        lambda rows: {row.dimension for row in rows},
    )


@cache
def _valid_exceptions() -> Select[Any]:
    return (
        select(_exception.dimension)
        .distinct()
        .where(
            _exception.service_key == bindparam("service"),
            _exception.expires_on >= bindparam("today"),
        )
    )
