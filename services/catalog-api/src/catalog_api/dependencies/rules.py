"""The graph of dependencies: its words, and what is decided on it without a database."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum


class Strength(StrEnum):
    """Hard: without its provider the consumer does not work; soft: it works, but worse."""

    HARD = "hard"
    SOFT = "soft"


class NodeKind(StrEnum):
    SERVICE = "service"
    VENDOR_PRODUCT = "vendor_product"


@dataclass(frozen=True, order=True)
class Node:
    """A service or vendor product of the graph."""

    kind: NodeKind
    key: str


@dataclass(frozen=True)
class Edge:
    """A consumer (always a service) and its provider; `cost_share` is a ratio 0 to 1."""

    consumer: str
    provider: Node
    strength: Strength
    cost_share: Decimal


@dataclass(frozen=True)
class Closure:
    """All transitive providers of a service, and every edge between it and them."""

    nodes: frozenset[Node]
    edges: tuple[Edge, ...]
