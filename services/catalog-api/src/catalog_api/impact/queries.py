"""Every SQL statement about impact: each question is one, to any depth."""

from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    Subquery,
    Text,
    and_,
    bindparam,
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
_STARTS = "starts"


@dataclass(frozen=True)
class Walk:
    """From a node of which kind, which way, along hard dependencies or any, to which depth."""

    start: NodeKind
    direction: Direction
    strength: Strength | None
    depth: int | None


@dataclass(frozen=True)
class Question:
    """A walk from one node."""

    start: Node
    direction: Direction
    strength: Strength | None = None
    depth: int | None = None

    @property
    def walk(self) -> Walk:
        """The question without the node: what its statement is made of."""
        return Walk(self.start.kind, self.direction, self.strength, self.depth)

    @property
    def parameters(self) -> dict[str, list[str]]:
        """The node, as the statement takes it."""
        return {_STARTS: [self.start.key]}


async def list_impact(
    session: AsyncSession, question: Question, page: PageParams
) -> list[Row[Any]]:
    """What is reached, the nearest first, one more than the page holds."""
    asked = question.walk
    statement = _first_page(asked, page.limit) if page.after is None else _page(asked, page)
    return list((await session.execute(statement, question.parameters)).all())


@lru_cache(maxsize=256)
def _first_page(walk: Walk, limit: int) -> Select[Any]:
    """Built once for all starts: building it takes longer than most walks."""
    return _page(walk, PageParams(limit, None))


def _page(walk: Walk, page: PageParams) -> Select[Any]:
    reached = _reached(walk, walk.strength).subquery("reached")
    order = [reached.c.depth, reached.c.kind, reached.c.key]
    # The page is cut before names are looked up: a walk may reach thousands.
    found = keyset(select(reached), order, page).subquery("found")
    service, product = brief_services(), brief_products()
    return (
        select(
            found,
            func.coalesce(service.c.name, product.c.name).label("name"),
            service.c.stage,
            product.c.state,
            _is_hard(walk, found).label("hard"),
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


async def nearest(session: AsyncSession, question: Question, limit: int) -> tuple[list[Node], int]:
    """The nearest nodes, and how many are reached altogether."""
    reached = _reached(question.walk, question.strength).subquery("reached")
    statement = (
        select(reached.c.kind, reached.c.key, func.count().over().label("total"))
        .order_by(reached.c.depth, reached.c.kind, reached.c.key)
        .limit(limit)
    )
    found = (await session.execute(statement, question.parameters)).all()
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


def _reached(walked: Walk, strength: Strength | None) -> Select[Any]:
    """`kind`, `key` and `depth` of everything that is reached."""
    walk = levels(
        _starts(walked.start, strength),
        walked.direction,
        strength=strength,
        at=0 if walked.start is NodeKind.SERVICE else 1,
        depth=walked.depth,
    )
    services = select(
        literal(NodeKind.SERVICE.value).label("kind"),
        func.unnest(walk.c.reached, type_=Text()).label("key"),
        walk.c.depth.label("depth"),
    ).where(walk.c.depth > 0)
    if walked.direction is Direction.UP:
        return select(services.subquery("services"))
    below = products_of(walk, strength=strength, depth=walked.depth).subquery("below")
    products = select(
        literal(NodeKind.VENDOR_PRODUCT.value).label("kind"), below.c.key, below.c.depth
    )
    return select(union_all(services, products).subquery("all_kinds"))


def _starts(start: NodeKind, strength: Strength | None) -> ColumnElement[Any]:
    """Services to start from: a vendor product's are those that depend on it."""
    given = bindparam(_STARTS, type_=_KEYS)
    if start is NodeKind.SERVICE:
        return given
    consumers = product_consumers(given, strength).subquery("consumers")
    every = func.array_agg(consumers.c.consumer_key, type_=_KEYS)
    return func.coalesce(select(every).scalar_subquery(), cast([], _KEYS))


def _is_hard(walked: Walk, found: Subquery) -> ColumnElement[bool]:
    """Whether hard dependencies alone lead to what was found."""
    if walked.strength is Strength.HARD:
        return literal(True)
    by_hard = _reached(walked, Strength.HARD).subquery("by_hard")
    return (
        select(literal(True))
        .where(by_hard.c.kind == found.c.kind, by_hard.c.key == found.c.key)
        .exists()
    )
