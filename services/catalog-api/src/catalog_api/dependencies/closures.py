"""What lies below services in the graph, as queries that go together with others."""

from collections.abc import Collection
from typing import Any

from catalog_api.dependencies.queries import edge_of, edges_below
from catalog_api.dependencies.rules import Closure, Node, NodeKind, Strength
from shared.kit.database import Query


def hard_providers_below(services: Collection[str]) -> Query[dict[str, set[Node]]]:
    """What each service needs hard itself, for these services and all that they need hard."""

    def read(edges: list[Any]) -> dict[str, set[Node]]:
        found: dict[str, set[Node]] = {}
        for edge in edges:
            found.setdefault(edge.consumer, set()).add(Node(NodeKind(edge.kind), edge.key))
        return found

    return Query(edges_below(Strength.HARD), {"starts": list(services)}, read)


def downstream(service_key: str) -> Query[Closure]:
    """All transitive providers of a service and the dependencies between them."""

    def read(rows: list[Any]) -> Closure:
        edges = tuple(edge_of(row) for row in rows)
        return Closure(frozenset(edge.provider for edge in edges), edges)

    return Query(edges_below(), {"starts": [service_key]}, read)
