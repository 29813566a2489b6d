"""The figures of many services in a period, reckoned together. Pure.

Each service's are those that `figures` gives for it alone: the full costs of a whole graph are
added up once for each currency, not once for each service.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from graphlib import TopologicalSorter
from typing import NamedTuple

from catalog_api.currencies.rules import RateTable
from catalog_api.dependencies.rules import Edge, Node, NodeKind
from catalog_api.financials.books import Published
from catalog_api.financials.comparisons import Comparison, compared
from catalog_api.financials.figures import measures_of
from catalog_api.financials.periods import Period
from catalog_api.financials.rules import (
    ZERO,
    Entry,
    Figure,
    Money,
    chosen_currency,
    full_costs,
    missing,
    own_costs,
    summed,
)

_MOST_BENCHMARKS = 100


class UsedSum(NamedTuple):
    """What all customers together used in a month."""

    month: date
    users: int
    units: Decimal


@dataclass(frozen=True)
class SharedBooks:
    """What the books of many services hold, by their keys; those without are left out."""

    currencies: Mapping[str, Collection[str]]
    used: Mapping[str, Sequence[UsedSum]]
    recovered: Mapping[str, Sequence[Money]]
    benchmarks: Mapping[str, Sequence[Published]]


@dataclass(frozen=True)
class CostSummary:
    """Full cost and what is made of it, beside the newest benchmark of each measure and source."""

    service: str
    period: Period
    currency: str | None
    full: Figure
    month_cost: Figure
    unit_cost: Figure
    user_cost: Figure
    recovery_ratio: Figure


@dataclass(frozen=True)
class GraphAccounts:
    """What the nodes of a graph cost in one period, its edges, and the rates between currencies."""

    period: Period
    entries: Sequence[Entry]
    edges: Sequence[Edge]
    rates: RateTable


def summaries_of(
    services: Sequence[str], books: SharedBooks, accounts: GraphAccounts
) -> list[CostSummary]:
    """A summary of each service, in the order given, in the currency that it alone would have."""
    found = currencies_reached(accounts.entries, accounts.edges)
    chosen = {
        key: chosen_currency(None, books.currencies.get(key, ()), found.get(_node(key), ()))
        for key in services
    }
    full = {
        currency: _full_costs(services, currency, accounts)
        for currency in {currency for currency, _ in chosen.values() if currency is not None}
    }
    return [
        _without(key, accounts.period, reason)
        if currency is None
        else _summary(key, currency, full[currency][_node(key)], (books, accounts))
        for key, (currency, reason) in chosen.items()
    ]


def compared_with(
    summary: CostSummary, books: SharedBooks, rates: RateTable
) -> list[tuple[Published, Comparison]]:
    """Its benchmarks, with how far its figures are off."""
    published = books.benchmarks.get(summary.service, ())[:_MOST_BENCHMARKS]
    return [(one, compared(one, summary, rates)) for one in published]


def currencies_reached(entries: Iterable[Entry], edges: Sequence[Edge]) -> dict[Node, set[str]]:
    """The currencies in which a node and its transitive providers have costs."""
    own: dict[Node, set[str]] = {}
    for entry in entries:
        own.setdefault(entry.node, set()).add(entry.currency)
    providers: dict[Node, list[Node]] = {}
    for edge in edges:
        providers.setdefault(_node(edge.consumer), []).append(edge.provider)
    reached = dict(own)
    for node in TopologicalSorter(providers).static_order():
        parts = (reached.get(provider, set()) for provider in providers.get(node, ()))
        reached[node] = own.get(node, set()).union(*parts)
    return reached


def _node(key: str) -> Node:
    return Node(NodeKind.SERVICE, key)


def _full_costs(
    services: Sequence[str], currency: str, accounts: GraphAccounts
) -> dict[Node, Figure]:
    own = own_costs(accounts.entries, currency, accounts.rates)
    roots = dict.fromkeys(map(_node, services), ZERO)
    return full_costs(roots | own, accounts.edges)


def _summary(
    key: str, currency: str, full: Figure, beside: tuple[SharedBooks, GraphAccounts]
) -> CostSummary:
    books, accounts = beside
    period = accounts.period
    used = [one for one in books.used.get(key, ()) if period.first <= one.month < period.end]
    charged = books.recovered.get(key, ())
    money = [one for one in charged if period.first <= one.month < period.end]
    consumed = sum(one.users for one in used), sum((one.units for one in used), Decimal())
    recovered = summed(money, currency, accounts.rates)
    measures = measures_of(full, recovered, period, consumed)
    return CostSummary(key, period, currency, full, **measures._asdict())


def _without(key: str, period: Period, reason: str) -> CostSummary:
    none = missing(reason)
    return CostSummary(key, period, None, none, none, none, none, none)
