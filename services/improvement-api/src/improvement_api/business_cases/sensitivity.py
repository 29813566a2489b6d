"""How much hangs on each assumption: its swing, and where the case would turn. Pure.

One-at-a-time analysis (a tornado diagram): each assumption at its low and high value while the
others keep their base. The net present value is linear in each, so the value at which it is zero
is exact: base − NPV / slope.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from improvement_api.business_cases.cash_flows import (
    Values,
    amount_of,
    base_values,
    line_weights,
    npv_by_lines,
)
from improvement_api.business_cases.measures import Figure
from improvement_api.business_cases.texts import Assumption, BusinessCaseText


@dataclass(frozen=True)
class Sensitivity:
    """One assumption: the NPV at its low and high value, and the value at which it is zero."""

    assumption: Assumption
    npv_low: Decimal
    npv_high: Decimal
    switching: Figure

    @property
    def swing(self) -> Decimal:
        return abs(self.npv_high - self.npv_low)


def sensitivities(text: BusinessCaseText, factors: Sequence[Decimal]) -> list[Sensitivity]:
    """Every assumption, the widest swing first. In the context of `exact`."""
    base, weights = base_values(text), line_weights(text, factors)
    npv = npv_by_lines(text, base, weights)
    found = [_of_one(text, one, base, weights, npv) for one in text.assumptions]
    return sorted(found, key=lambda one: (-one.swing, one.assumption.key))


def _of_one(
    text: BusinessCaseText,
    one: Assumption,
    base: Values,
    weights: Mapping[str, Decimal],
    npv: Decimal,
) -> Sensitivity:
    slope = sum(
        (
            amount_of(line, {**base, one.key: Decimal(1)}) * weights[line.key]
            for line in text.lines
            if line.counts and one.key in line.times
        ),
        Decimal(0),
    )
    return Sensitivity(
        one,
        npv + slope * (one.low - one.base),
        npv + slope * (one.high - one.base),
        _switching(one.base, npv, slope),
    )


def _switching(base: Decimal, npv: Decimal, slope: Decimal) -> Figure:
    if slope == 0:
        return Figure(None, "the net present value does not depend on it")
    value = base - npv / slope
    if value < 0:
        sign = "positive" if npv > 0 else "negative"
        return Figure(None, f"the net present value stays {sign} even at 0")
    return Figure(value)
