"""Every SQL statement about impact: each question is one, to any depth."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    Subquery,
    Text,
    and_,
    cast,
    func,
    literal,
    select,
    union_all,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from catalog_api.dependencies.queries import (
    edges_between,
    levels,
    product_consumers,
    products_of,
)
from catalog_api.dependencies.rules import Direction, Edge, Node, NodeKind, Strength
from catalog_api.registry.queries import brief_services
from catalog_api.vendors.queries import brief_products
from shared.kit.pagination import PageParams, keyset

_KEYS = ARRAY(Text())


@dataclass(frozen=True)
class Question:
    """From where, which way, along hard dependencies or any, and to which depth."""

    start: Node
    direction: Direction
    strength: Strength | None = None
    depth: int | None = None


async def list_impact(
    session: AsyncSession, question: Question, page: PageParams
) -> list[Row[Any]]:
    """What is reached, the nearest first, one more than the page holds."""
    reached = _reached(question, question.strength).subquery("reached")
    order = [reached.c.depth, reached.c.kind, reached.c.key]
    # The page is cut before names are looked up: a walk may reach thousands.
    found = keyset(select(reached), order, page).subquery("found")
    service, product = brief_services(), brief_products()
    statement = (
        select(
            found,
            func.coalesce(service.c.name, product.c.name).label("name"),
            service.c.stage,
            product.c.state,
            _is_hard(question, found).label("hard"),
        )
        .outerjoin(
            service,
            and_(found.c.kind == NodeKind.SERVICE.value, service.c.key == found.c.key),
        )
        .outerjoin(
            product,
            and_(found.c.kind == NodeKind.VENDOR_PRODUCT.value, product.c.key == found.c.key),
        )
        .order_by(found.c.depth, found.c.kind, found.c.key)
    )
    return list((await session.execute(statement)).all())


async def nearest(session: AsyncSession, question: Question, limit: int) -> tuple[list[Node], int]:
    """The nearest nodes, and how many are reached altogether."""
    reached = _reached(question, question.strength).subquery("reached")
    statement = (
        select(reached.c.kind, reached.c.key, func.count().over().label("total"))
        .order_by(reached.c.depth, reached.c.kind, reached.c.key)
        .limit(limit)
    )
    found = (await session.execute(statement)).all()
    nodes = [Node(NodeKind(row.kind), row.key) for row in found]
    return nodes, found[0].total if found else 0


async def names_and_edges(
    session: AsyncSession, nodes: Collection[Node]
) -> tuple[dict[Node, Row[Any]], list[Edge]]:
    """What a picture says of these nodes, and the dependencies between them."""
    named: dict[Node, Row[Any]] = {}
    briefs = {NodeKind.SERVICE: brief_services(), NodeKind.VENDOR_PRODUCT: brief_products()}
    for kind, brief in briefs.items():
        keys = [node.key for node in nodes if node.kind is kind]
        for row in await session.execute(select(brief).where(brief.c.key.in_(keys))):
            named[Node(kind, row.key)] = row
    return named, await edges_between(session, nodes)


def _reached(question: Question, strength: Strength | None) -> Select[Any]:
    """`kind`, `key` and `depth` of everything that is reached."""
    walk = levels(
        _starts(question.start, strength),
        question.direction,
        strength=strength,
        at=0 if question.start.kind is NodeKind.SERVICE else 1,
        depth=question.depth,
    )
    services = select(
        literal(NodeKind.SERVICE.value).label("kind"),
        func.unnest(walk.c.reached, type_=Text()).label("key"),
        walk.c.depth.label("depth"),
    ).where(walk.c.depth > 0)
    if question.direction is Direction.UP:
        return select(services.subquery("services"))
    below = products_of(walk, strength=strength, depth=question.depth).subquery("below")
    products = select(
        literal(NodeKind.VENDOR_PRODUCT.value).label("kind"), below.c.key, below.c.depth
    )
    return select(union_all(services, products).subquery("all_kinds"))


def _starts(start: Node, strength: Strength | None) -> list[str] | ColumnElement[Any]:
    """Services to start from: a vendor product's are those that depend on it."""
    if start.kind is NodeKind.SERVICE:
        return [start.key]
    consumers = product_consumers([start.key], strength).subquery("consumers")
    every = func.array_agg(consumers.c.consumer_key, type_=_KEYS)
    return func.coalesce(select(every).scalar_subquery(), cast([], _KEYS))


def _is_hard(question: Question, found: Subquery) -> ColumnElement[bool]:
    """Whether hard dependencies alone lead to what was found."""
    if question.strength is Strength.HARD:
        return literal(True)
    by_hard = _reached(question, Strength.HARD).subquery("by_hard")
    return (
        select(literal(True))
        .where(by_hard.c.kind == found.c.kind, by_hard.c.key == found.c.key)
        .exists()
    )
