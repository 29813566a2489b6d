"""A service's own figures beside those of the industry. Pure."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

from catalog_api.benchmarks.rules import Measure
from catalog_api.currencies.rules import RateTable
from catalog_api.financials.books import Published
from catalog_api.financials.rules import Figure, Money, converted, missing, ratio


class Measured(Protocol):
    """Figures of a service in one currency, each by the name of the measure that it is of."""

    @property
    def currency(self) -> str | None: ...
    @property
    def unit_cost(self) -> Figure: ...
    @property
    def user_cost(self) -> Figure: ...
    @property
    def month_cost(self) -> Figure: ...
    @property
    def recovery_ratio(self) -> Figure: ...


@dataclass(frozen=True)
class Comparison:
    """Own − published, and that as a part of what was published."""

    own: Figure
    difference: Figure
    relative_difference: Figure


def compared(published: Published, figures: Measured, rates: RateTable) -> Comparison:
    """Money is compared at the rate of the day the benchmark was published on."""
    own = own_figure(published.measure, figures)
    value = _in_currency(published, figures.currency, rates)
    if own.value is None or value.value is None:
        none = Figure(None, own.reasons | value.reasons)
        return Comparison(own, none, none)
    difference = Figure(own.value - value.value)
    return Comparison(own, difference, ratio(difference, value, "the benchmark is 0"))


def own_figure(measure: Measure, figures: Measured) -> Figure:
    """What the service itself has of a measure."""
    return {
        Measure.UNIT_COST: figures.unit_cost,
        Measure.USER_COST: figures.user_cost,
        Measure.MONTH_COST: figures.month_cost,
        Measure.RECOVERY_RATIO: figures.recovery_ratio,
    }[measure]


def _in_currency(published: Published, currency: str | None, rates: RateTable) -> Figure:
    value = Fraction(published.value)
    if published.currency is None:
        return Figure(value)
    if currency is None:
        return missing("there is no currency to compare in")
    return converted(Money(published.published_on, published.currency, value), currency, rates)
