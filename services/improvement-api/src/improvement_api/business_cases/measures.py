"""Figures of a cash flow: return, benefit-cost ratio, payback, total cost of ownership. Pure.

A figure that is not defined has no value and says why. All of it in the context of
`cash_flows.exact`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import accumulate

from improvement_api.business_cases.cash_flows import Flow, present_value


@dataclass(frozen=True)
class Figure:
    """An unrounded number, or none and why."""

    value: Decimal | None
    reason: str | None = None


@dataclass(frozen=True)
class Payback:
    """After how many periods what was spent is recovered, a part of a period included.

    `lasting` is false where later costs take more than was recovered; null without a value.
    """

    value: Decimal | None
    lasting: bool | None
    reason: str | None = None


@dataclass(frozen=True)
class Ownership:
    """Total cost of ownership over the horizon without and with the case, and the difference."""

    before: Figure
    after: Figure
    delta: Decimal


def return_on_investment(flows: Sequence[Flow]) -> Figure:
    """(Σ benefit − Σ cost) / Σ cost, undiscounted: 0.25 is 25 %."""
    costs = sum((flow.costs for flow in flows), Decimal(0))
    benefits = sum((flow.benefits for flow in flows), Decimal(0))
    if costs == 0:
        return Figure(None, "nothing is spent: there is no cost to set the gain against")
    return Figure((benefits - costs) / costs)


def benefit_cost_ratio(flows: Sequence[Flow], factors: Sequence[Decimal]) -> Figure:
    """Present value of the benefits / present value of the costs."""
    costs = present_value((flow.costs for flow in flows), factors)
    if costs == 0:
        return Figure(None, "nothing is spent: there is no cost to divide by")
    return Figure(present_value((flow.benefits for flow in flows), factors) / costs)


def payback(nets: Sequence[Decimal]) -> Payback:
    """When the cumulative net, once below zero, first is zero or above again.

    Linear inside the period: t − 1 + |cumulative(t − 1)| / net(t). 0 where it is never below zero:
    then nothing was ever to be recovered. `nets` start with period 0; pass discounted ones for the
    discounted payback.
    """
    sums = list(accumulate(nets))
    if all(one >= 0 for one in sums):
        return Payback(Decimal(0), lasting=True)
    for period in range(1, len(sums)):
        before, after = sums[period - 1], sums[period]
        if before < 0 <= after:
            lasting = all(one >= 0 for one in sums[period:])
            return Payback(period - 1 - before / nets[period], lasting)
    reason = "what is spent is not recovered within the periods of the case"
    return Payback(None, None, reason)


def ownership(
    flows: Sequence[Flow],
    cash_released: Sequence[Decimal],
    baseline: Sequence[Decimal] | str,
    factors: Sequence[Decimal],
) -> Ownership:
    """Total cost of ownership: after = before + costs − benefits that release cash.

    Avoided costs and revenue are in no account of the service, so they do not change its TCO.
    `baseline` is what the services cost in each period without the case, or why that is not known.
    Factors of 1 give the plain TCO, those of the case the discounted one.
    """
    changes = (flow.costs - less for flow, less in zip(flows, cash_released, strict=True))
    delta = present_value(changes, factors)
    if isinstance(baseline, str):
        return Ownership(Figure(None, baseline), Figure(None, baseline), delta)
    before = present_value(baseline, factors)
    return Ownership(Figure(before), Figure(before + delta), delta)
