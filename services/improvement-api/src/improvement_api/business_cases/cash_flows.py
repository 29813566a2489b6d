"""A business case laid out over its periods: exact amounts, and what discounting makes of them.

Decimals throughout, in a context (`exact`) so wide that amounts are exact and discounted ones are
right to far below a cent. Callers round, once, what they show.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import (
    ROUND_HALF_EVEN,
    Context,
    Decimal,
    DivisionByZero,
    InvalidOperation,
    Overflow,
)
from math import ceil, log10, prod
from typing import Final

from improvement_api.business_cases.texts import (
    BusinessCaseText,
    CashFlowLine,
    Direction,
    Timing,
)
from improvement_api.periods import months_later

Values = Mapping[str, Decimal]
"""What each assumption is taken to be."""

# An amount, its confidence and MAX_FACTORS assumptions have at most 16 + 5·16 digits before the
# point and 4 + 4 + 5·6 behind it; the rest is for the sums of MAX_LINES lines and for what
# discounting leaves over.
_DIGITS: Final = 180
_WIDE: Final = Context(prec=2 * _DIGITS)


@dataclass(frozen=True)
class Flow:
    """What one period (0: the start) costs and brings, undiscounted."""

    period: int
    costs: Decimal
    benefits: Decimal

    @property
    def net(self) -> Decimal:
        """Exactly, in whatever context it is asked for."""
        return _WIDE.subtract(self.benefits, self.costs)


def exact(text: BusinessCaseText) -> Context:
    """The context in which a case is reckoned; negative rates make numbers of many digits."""
    years = text.periods / text.periodicity.per_year
    growth = max(0, ceil(-years * log10(1 + text.discount_rate)))
    traps = [InvalidOperation, DivisionByZero, Overflow]
    return Context(prec=_DIGITS + growth, rounding=ROUND_HALF_EVEN, traps=traps)


def base_values(text: BusinessCaseText) -> dict[str, Decimal]:
    """Every assumption at its base value."""
    return {one.key: one.base for one in text.assumptions}


def amount_of(line: CashFlowLine, values: Values) -> Decimal:
    """What a line comes to each time: amount × assumptions × confidence, never negative."""
    return prod((values[key] for key in line.times), start=line.amount) * line.confidence


def flows_of(text: BusinessCaseText, values: Values) -> list[Flow]:
    """The flows of period 0 to the last one. In the context of `exact`."""
    costs = [Decimal(0)] * (text.periods + 1)
    benefits = [Decimal(0)] * (text.periods + 1)
    for line in text.lines:
        if not line.counts:
            continue
        side = costs if line.direction is Direction.COST else benefits
        amount = amount_of(line, values)
        for period in line.occurrences:
            side[period] += amount
    return [Flow(period, costs[period], benefits[period]) for period in range(text.periods + 1)]


def discount_factors(text: BusinessCaseText) -> list[Decimal]:
    """What a unit of money of each period is worth at the start. In the context of `exact`.

    (1 + r)^(−k/m) at the end of period k, (1 + r)^(−(k − ½)/m) in its middle, r the effective
    annual rate and m the periods of a year; 1 for period 0 (OMB Circular A-94, section 8 and
    appendix A, which discounts mid-year flows so).
    """
    one_and_rate = 1 + text.discount_rate
    a_year = text.periodicity.per_year
    step = one_and_rate ** (Decimal(-1) / a_year)
    half = one_and_rate ** (Decimal(-1) / (2 * a_year))
    factors = [Decimal(1)]
    factor = step if text.timing is Timing.END_OF_PERIOD else half
    for _ in range(text.periods):
        factors.append(factor)
        factor *= step
    return factors


def present_value(amounts: Iterable[Decimal], factors: Sequence[Decimal]) -> Decimal:
    """Σ amount · factor over the periods."""
    return sum((a * f for a, f in zip(amounts, factors, strict=True)), Decimal(0))


def line_weights(text: BusinessCaseText, factors: Sequence[Decimal]) -> dict[str, Decimal]:
    """By how much the net present value grows with each unit of a line's amount, by its key."""
    weights = {}
    for line in text.lines:
        if line.counts:
            total = sum((factors[period] for period in line.occurrences), Decimal(0))
            weights[line.key] = -total if line.direction is Direction.COST else total
    return weights


def npv_by_lines(text: BusinessCaseText, values: Values, weights: Mapping[str, Decimal]) -> Decimal:
    """The net present value, line by line: the same as that of the flows, for any assumptions."""
    return sum(
        (amount_of(line, values) * weights[line.key] for line in text.lines if line.counts),
        Decimal(0),
    )


def first_day(text: BusinessCaseText, period: int) -> date:
    """The first day of a period, from 1; period 0 is the day on which period 1 begins."""
    return months_later(text.starts_on, max(period - 1, 0) * text.periodicity.months)


def period_on(text: BusinessCaseText, day: date) -> int | None:
    """The period, from 1, in which a day lies; None outside the horizon."""
    months = (day.year - text.starts_on.year) * 12 + day.month - text.starts_on.month
    period = months // text.periodicity.months + 1
    return period if 1 <= period <= text.periods else None


def periods_over(text: BusinessCaseText, today: date) -> int:
    """How many periods have ended before a day."""
    months = (today.year - text.starts_on.year) * 12 + today.month - text.starts_on.month
    return min(max(months // text.periodicity.months, 0), text.periods)
