"""The graph of dependencies: its words, and what is decided on it without a database."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from graphlib import CycleError, TopologicalSorter


class Strength(StrEnum):
    """Hard: without its provider the consumer does not work; soft: it works, but worse."""

    HARD = "hard"
    SOFT = "soft"


class NodeKind(StrEnum):
    SERVICE = "service"
    VENDOR_PRODUCT = "vendor_product"


class Direction(StrEnum):
    """Down to the providers, up to the consumers."""

    DOWN = "down"
    UP = "up"


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


def cycle_in(pairs: Iterable[tuple[str, str]]) -> list[str] | None:
    """A cycle among (consumer, provider) pairs, from a service back to itself; None without one."""
    sorter: TopologicalSorter[str] = TopologicalSorter()
    for consumer, provider in pairs:
        sorter.add(consumer, provider)
    try:
        sorter.prepare()
    except CycleError as error:
        # It lists each node before the one that needs it.
        return list(reversed(error.args[1]))
    return None


def exceeded_shares(sums: Mapping[Node, Decimal]) -> dict[Node, Decimal]:
    """Providers whose consumers together would bear more than their whole cost."""
    return {node: total for node, total in sums.items() if total > 1}
