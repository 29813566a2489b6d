"""How much hangs on each assumption: its swing, and where the case would turn. Pure.

One-at-a-time analysis (a tornado diagram): each assumption at its low and high value while the
others keep their base. The net present value is linear in each, so the value at which it is zero
is exact: −NPV(0) / slope.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from improvement_api.business_cases.cash_flows import (
    amount_of,
    base_values,
    line_weights,
    npv_by_lines,
)
from improvement_api.business_cases.measures import Figure
from improvement_api.business_cases.texts import Assumption, BusinessCaseText

_SIGNS: Final = {True: "positive", False: "negative"}


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
    weights = line_weights(text, factors)
    found = [_of_one(text, one, weights) for one in text.assumptions]
    return sorted(found, key=lambda one: (-one.swing, one.assumption.key))


def _of_one(text: BusinessCaseText, one: Assumption, weights: Mapping[str, Decimal]) -> Sensitivity:
    base = base_values(text)
    at_zero = npv_by_lines(text, {**base, one.key: Decimal(0)}, weights)
    slope = sum(
        (
            amount_of(line, {**base, one.key: Decimal(1)}) * weights[line.key]
            for line in text.lines
            if line.counts and one.key in line.times
        ),
        Decimal(0),
    )
    return Sensitivity(
        one, at_zero + slope * one.low, at_zero + slope * one.high, _switching(at_zero, slope)
    )


def _switching(at_zero: Decimal, slope: Decimal) -> Figure:
    if slope == 0:
        return Figure(None, "the net present value does not depend on it")
    # By their signs, for a quotient of tiny numbers would not tell zero from below.
    if at_zero != 0 and (at_zero > 0) is (slope > 0):
        return Figure(None, f"the net present value is {_SIGNS[slope > 0]} whatever it is")
    return Figure(-at_zero / slope)
