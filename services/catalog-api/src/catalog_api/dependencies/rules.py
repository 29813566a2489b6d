"""The graph of dependencies: its words, and what is decided on it without a database."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from graphlib import CycleError, TopologicalSorter
from typing import Any

from catalog_api.fact_values import definition, known
from shared.schemas.common import FactValue

# Facts are direct dependencies only, and by name of the section's counts.
_PROVIDER_FACTS = {
    "dependency_count": ("count", "Services and vendor products it depends on directly"),
    "hard_dependency_count": ("hard_count", "Direct dependencies without which it does not work"),
    "dependencies_on_retired_count": ("on_retired_count", "Direct dependencies on a retired one"),
}
_CONSUMER_FACTS = {
    "dependent_count": ("count", "Services that depend on it directly"),
    "hard_dependent_count": ("hard_count", "Services that do not work without it, directly"),
}
_PRODUCT_FACTS = {
    "vendor_product_count": ("count", "Vendor products it depends on directly"),
    "vendor_products_past_end_of_life_count": (
        "past_end_of_life_count",
        "Vendor products it depends on that their vendor no longer supports",
    ),
    "vendor_contracts_expired_count": (
        "expired_count",
        "Vendor products it depends on whose contract has ended",
    ),
    "vendor_contracts_expiring_count": (
        "expiring_count",
        "Vendor products it depends on whose contract ends within its renewal notice",
    ),
}


def _definitions(facts: Mapping[str, tuple[str, str]]) -> tuple[Any, ...]:
    return tuple(
        definition(name, "integer", "dependencies", meaning) for name, (_, meaning) in facts.items()
    )


PROVIDER_DEFINITIONS = _definitions(_PROVIDER_FACTS)
CONSUMER_DEFINITIONS = _definitions(_CONSUMER_FACTS)
PRODUCT_DEFINITIONS = _definitions(_PRODUCT_FACTS)


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


def provider_facts(section: Mapping[str, Any], now: datetime) -> dict[str, FactValue]:
    """Facts of the section `dependencies`."""
    return _counts(_PROVIDER_FACTS, section, now)


def consumer_facts(section: Mapping[str, Any], now: datetime) -> dict[str, FactValue]:
    """Facts of the section `dependents`."""
    return _counts(_CONSUMER_FACTS, section, now)


def product_facts(section: Mapping[str, Any], now: datetime) -> dict[str, FactValue]:
    """Facts of the section `vendor_products`."""
    return _counts(_PRODUCT_FACTS, section, now)


def _counts(
    facts: Mapping[str, tuple[str, str]], section: Mapping[str, Any], now: datetime
) -> dict[str, FactValue]:
    """Counts change when others change too, and with the day: they are as of now."""
    return {name: known(section[member], now) for name, (member, _) in facts.items()}
