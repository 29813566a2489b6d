"""Total cost of ownership, exactly: conversion, roll-up along dependencies, ratios. Pure.

A figure that cannot be had has no value and says why; what is made of it has none either.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from graphlib import TopologicalSorter
from typing import NamedTuple

from catalog_api.currencies.rules import RateTable, missing_rate, worth
from catalog_api.dependencies.rules import Edge, Node, NodeKind

_SHOWN_REASONS = 5


@dataclass(frozen=True)
class Figure:
    """An exact number, or none and the reasons."""

    value: Fraction | None
    reasons: frozenset[str] = frozenset()

    @property
    def reason(self) -> str | None:
        """The reasons in one sentence; null where there is a value."""
        if self.value is not None:
            return None
        named = sorted(self.reasons)
        more = len(named) - _SHOWN_REASONS
        tail = [f"and {more} more"] if more > 0 else []
        return "; ".join([*named[:_SHOWN_REASONS], *tail])


ZERO = Figure(Fraction(0))


def missing(reason: str) -> Figure:
    """No value, and why."""
    return Figure(None, frozenset({reason}))


class Entry(NamedTuple):
    """Money of one kind in one month, exactly: numerator / denominator in its currency."""

    node: Node
    category: str
    currency: str
    month: date
    numerator: Decimal
    denominator: int


class Money(NamedTuple):
    """An amount that belongs to a month."""

    month: date
    currency: str
    amount: Fraction


def total(figures: Iterable[Figure]) -> Figure:
    """The sum; one that is missing leaves no sum."""
    found = list(figures)
    reasons = frozenset[str]().union(*(one.reasons for one in found))
    values = [one.value for one in found]
    if any(value is None for value in values):
        return Figure(None, reasons)
    return Figure(sum((value for value in values if value is not None), Fraction(0)))


def scaled(figure: Figure, factor: Fraction) -> Figure:
    """A part of a figure; nothing of what is missing is nothing."""
    if factor == 0:
        return ZERO
    return figure if figure.value is None else Figure(figure.value * factor)


def ratio(above: Figure, below: Figure, when_zero: str) -> Figure:
    """One figure per another; without a value, and the reason, when there is nothing below."""
    if above.value is None or below.value is None:
        return Figure(None, above.reasons | below.reasons)
    if below.value == 0:
        return missing(when_zero)
    return Figure(above.value / below.value)


def converted(money: Money, currency: str, rates: RateTable) -> Figure:
    """An amount in another currency, at the rate of the first day of its month; 0 is 0 in any."""
    if money.amount == 0:
        return ZERO
    rate = worth(rates, money.currency, currency, money.month)
    if rate is None:
        return missing(missing_rate(money.currency, currency, money.month))
    return Figure(money.amount * rate)


def summed(entries: Iterable[Money], currency: str, rates: RateTable) -> Figure:
    """Amounts of any currencies as one sum."""
    return total(converted(entry, currency, rates) for entry in entries)


def money_of(entry: Entry) -> Money:
    """An entry of the accounts as an amount."""
    return Money(entry.month, entry.currency, Fraction(entry.numerator) / entry.denominator)


def own_costs(entries: Iterable[Entry], currency: str, rates: RateTable) -> dict[Node, Figure]:
    """What each node costs by itself."""
    by_node: dict[Node, list[Money]] = {}
    for entry in entries:
        by_node.setdefault(entry.node, []).append(money_of(entry))
    return {node: summed(moneys, currency, rates) for node, moneys in by_node.items()}


def full_costs(own: Mapping[Node, Figure], edges: Sequence[Edge]) -> dict[Node, Figure]:
    """full(s) = own(s) + Σ cost_share · full(d) over its dependencies, in topological order."""
    providers = _by_consumer(edges)
    order = TopologicalSorter(
        {consumer: [edge.provider for edge in used] for consumer, used in providers.items()}
    )
    full = dict(own)
    # Nodes without an edge are not in the order: their full cost is their own.
    for node in order.static_order():
        parts = [
            scaled(full[edge.provider], Fraction(edge.cost_share))
            for edge in providers.get(node, ())
        ]
        full[node] = total([own.get(node, ZERO), *parts])
    return full


def borne_shares(roots: Iterable[Node], edges: Sequence[Edge]) -> dict[Node, Fraction]:
    """How much of each node's own cost a group of services bears: of its own services all, once.

    A provider outside is borne by the shares of those who use it, directly or not.
    """
    group = set(roots)
    consumers: dict[Node, list[Edge]] = {}
    for edge in edges:
        consumers.setdefault(edge.provider, []).append(edge)
    order = TopologicalSorter(
        {node: [_consumer(edge) for edge in used] for node, used in consumers.items()}
    )
    borne = dict.fromkeys(group, Fraction(1))
    for node in order.static_order():
        if node not in group:
            borne[node] = sum(
                (
                    Fraction(edge.cost_share) * borne[_consumer(edge)]
                    for edge in consumers.get(node, ())
                ),
                Fraction(0),
            )
    return borne


def chosen_currency(
    asked: str | None, own: Collection[str], found: Collection[str]
) -> tuple[str | None, str]:
    """The currency of figures, or None and why: that asked for, else the only one there is.

    The service's own cost items decide; without any, those of its providers.
    """
    if asked is not None:
        return asked, ""
    present = sorted(own or found)
    if len(present) == 1:
        return present[0], ""
    if not present:
        return None, "no cost is recorded, of the service or its providers: name a currency"
    return None, f"costs are kept in {', '.join(present)}: name a currency"


def _by_consumer(edges: Sequence[Edge]) -> dict[Node, list[Edge]]:
    providers: dict[Node, list[Edge]] = {}
    for edge in edges:
        providers.setdefault(_consumer(edge), []).append(edge)
    return providers


def _consumer(edge: Edge) -> Node:
    return Node(NodeKind.SERVICE, edge.consumer)
