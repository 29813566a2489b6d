"""The figures of a service in a period, from everything that was read for it. Pure."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from catalog_api.charging.rules import ChargeState
from catalog_api.currencies.rules import RateTable
from catalog_api.dependencies.rules import Edge, Node
from catalog_api.financials.periods import Period, month_count
from catalog_api.financials.rules import (
    ZERO,
    Entry,
    Figure,
    Money,
    converted,
    full_costs,
    missing,
    money_of,
    own_costs,
    ratio,
    scaled,
    summed,
    total,
)

NOT_BEGUN = "the period has not begun"


class Consumed(NamedTuple):
    """What one customer used in a month, and what the charging model makes of it, if one holds."""

    month: date
    users: int
    units: Decimal
    charge: Money | None


class Charged(NamedTuple):
    """What was charged for a month, summed."""

    state: ChargeState
    money: Money


@dataclass(frozen=True)
class Ledger:
    """All that the figures of a service are made of, in the currencies it was recorded in."""

    service: Node
    edges: Sequence[Edge]
    entries: Sequence[Entry]
    consumed: Sequence[Consumed]
    charged: Sequence[Charged]
    rates: RateTable


@dataclass(frozen=True)
class ProviderShare:
    """A direct provider, its full cost, and the part of it that the service bears."""

    provider: Node
    cost_share: Decimal
    full: Figure
    borne: Figure


class Measures(NamedTuple):
    """What a service is set beside others by."""

    month_cost: Figure
    unit_cost: Figure
    user_cost: Figure
    recovery_ratio: Figure


@dataclass(frozen=True)
class CostFigures:
    """What a service costs, charges and recovers in a period, exactly, in one currency."""

    service: str
    period: Period
    currency: str | None
    own: Figure
    own_by_category: Mapping[str, Figure]
    providers: Sequence[ProviderShare]
    full: Figure
    month_cost: Figure
    computed: Figure
    invoiced: Figure
    recovered: Figure
    users: int
    units: Decimal
    unit_cost: Figure
    user_cost: Figure
    recovery_ratio: Figure


def figures_of(
    ledger: Ledger, period: Period, currency: str | None, without_currency: str
) -> CostFigures:
    """Everything for a period within the ledger's; `without_currency` says why there is none."""
    if currency is None or not period.begun:
        reason = without_currency if period.begun else NOT_BEGUN
        return _without_value(ledger, period, currency, missing(reason))
    return _reckoned(_within(ledger, period), period, currency)


def _reckoned(ledger: Ledger, period: Period, currency: str) -> CostFigures:
    rates, service = ledger.rates, ledger.service
    own = own_costs(ledger.entries, currency, rates)
    full = full_costs({service: ZERO, **own}, ledger.edges)
    users, units = consumption(ledger.consumed)
    recovered = _charged(ledger, {ChargeState.RECOVERED}, currency)
    measures = measures_of(full[service], recovered, period, (users, units))
    return CostFigures(
        service=service.key,
        period=period,
        currency=currency,
        own=own.get(service, ZERO),
        own_by_category=by_category(ledger.entries, {service}, currency, rates),
        providers=[_share(edge, full) for edge in _direct(ledger)],
        full=full[service],
        computed=total(_computed(one, currency, rates) for one in ledger.consumed),
        invoiced=_charged(ledger, {ChargeState.INVOICED, ChargeState.RECOVERED}, currency),
        recovered=recovered,
        users=users,
        units=units,
        **measures._asdict(),
    )


def measures_of(
    full: Figure, recovered: Figure, period: Period, consumed: tuple[int, Decimal]
) -> Measures:
    """The measures of a full cost in a period; `consumed` are user-months and units."""
    users, units = (Figure(Fraction(amount)) for amount in consumed)
    return Measures(
        month_cost=ratio(full, Figure(month_count(period)), NOT_BEGUN),
        unit_cost=ratio(full, units, "no units were consumed"),
        user_cost=ratio(full, users, "no users were recorded"),
        recovery_ratio=ratio(recovered, full, "the full cost is 0"),
    )


def by_category(
    entries: Iterable[Entry], nodes: Collection[Node], currency: str, rates: RateTable
) -> dict[str, Figure]:
    """The own cost of some nodes by category, in the order of their names."""
    kept: dict[str, list[Money]] = {}
    for entry in entries:
        if entry.node in nodes:
            kept.setdefault(entry.category, []).append(money_of(entry))
    return {name: summed(kept[name], currency, rates) for name in sorted(kept)}


def consumption(consumed: Iterable[Consumed]) -> tuple[int, Decimal]:
    """User-months and units."""
    users, units = 0, Decimal(0)
    for one in consumed:
        users, units = users + one.users, units + one.units
    return users, units


def _direct(ledger: Ledger) -> list[Edge]:
    """The service's own dependencies, by provider."""
    own = [edge for edge in ledger.edges if edge.consumer == ledger.service.key]
    return sorted(own, key=lambda edge: edge.provider)


def _share(edge: Edge, full: Mapping[Node, Figure]) -> ProviderShare:
    cost = full[edge.provider]
    return ProviderShare(
        edge.provider, edge.cost_share, cost, scaled(cost, Fraction(edge.cost_share))
    )


def _computed(consumed: Consumed, currency: str, rates: RateTable) -> Figure:
    if consumed.charge is None:
        return missing(f"no charging model holds in {consumed.month:%Y-%m}")
    return converted(consumed.charge, currency, rates)


def _charged(ledger: Ledger, states: Collection[ChargeState], currency: str) -> Figure:
    return summed(
        (one.money for one in ledger.charged if one.state in states), currency, ledger.rates
    )


def _within(ledger: Ledger, period: Period) -> Ledger:
    """What of the ledger belongs to a period: months are whole, or end where the ledger ends."""
    return replace(
        ledger,
        entries=[one for one in ledger.entries if period.first <= one.month < period.end],
        consumed=[one for one in ledger.consumed if period.first <= one.month < period.end],
        charged=[one for one in ledger.charged if period.first <= one.money.month < period.end],
    )


def _without_value(
    ledger: Ledger, period: Period, currency: str | None, none: Figure
) -> CostFigures:
    users, units = consumption(_within(ledger, period).consumed)
    return CostFigures(
        service=ledger.service.key,
        period=period,
        currency=currency,
        own=none,
        own_by_category={},
        providers=[
            ProviderShare(edge.provider, edge.cost_share, none, none) for edge in _direct(ledger)
        ],
        full=none,
        month_cost=none,
        computed=none,
        invoiced=none,
        recovered=none,
        users=users,
        units=units,
        unit_cost=none,
        user_cost=none,
        recovery_ratio=none,
    )
