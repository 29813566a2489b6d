"""Everything that is reckoned of a business case, exactly. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext

from improvement_api.business_cases.cash_flows import (
    Flow,
    amount_of,
    base_values,
    discount_factors,
    exact,
    flows_of,
    present_value,
)
from improvement_api.business_cases.measures import (
    Figure,
    Ownership,
    Payback,
    benefit_cost_ratio,
    ownership,
    payback,
    return_on_investment,
)
from improvement_api.business_cases.returns import InternalRate, internal_rate
from improvement_api.business_cases.sensitivity import Sensitivity, sensitivities
from improvement_api.business_cases.texts import BenefitKind, BusinessCaseText


@dataclass(frozen=True)
class YearlyCost:
    """What a service cost in the catalog's last twelve whole months, or why that is not known."""

    service: str
    full: Decimal | None
    reason: str | None


@dataclass(frozen=True)
class Analysis:
    """The figures of a case at the base value of its assumptions; nothing is rounded yet."""

    flows: list[Flow]
    factors: list[Decimal]
    total_costs: Decimal
    total_benefits: Decimal
    costs_worth: Decimal
    benefits_worth: Decimal
    npv: Decimal
    roi: Figure
    benefit_cost_ratio: Figure
    payback: Payback
    discounted_payback: Payback
    internal_rate: InternalRate
    plain_tco: Ownership | None
    discounted_tco: Ownership | None
    sensitivities: list[Sensitivity]


def analyse(text: BusinessCaseText, costs: Sequence[YearlyCost]) -> Analysis:
    """All figures of a case; `costs` are those of its services, from which its TCO starts.

    Takes a millisecond or two for a case of some years, and up to a second for 999 periods whose
    flow changes its sign often: keep it off the event loop.
    """
    with localcontext(exact(text)):
        flows, factors = flows_of(text, base_values(text)), discount_factors(text)
        nets = [flow.net for flow in flows]
        costs_worth = present_value((flow.costs for flow in flows), factors)
        benefits_worth = present_value((flow.benefits for flow in flows), factors)
        return Analysis(
            flows=flows,
            factors=factors,
            total_costs=sum((flow.costs for flow in flows), Decimal(0)),
            total_benefits=sum((flow.benefits for flow in flows), Decimal(0)),
            costs_worth=costs_worth,
            benefits_worth=benefits_worth,
            npv=present_value(nets, factors),
            roi=return_on_investment(flows),
            benefit_cost_ratio=benefit_cost_ratio(flows, factors),
            payback=payback(nets),
            discounted_payback=payback([n * f for n, f in zip(nets, factors, strict=True)]),
            internal_rate=internal_rate(text, nets),
            plain_tco=_tco(text, flows, costs, [Decimal(1)] * len(flows)),
            discounted_tco=_tco(text, flows, costs, factors),
            sensitivities=sensitivities(text, factors),
        )


def npv_of(text: BusinessCaseText) -> Decimal:
    """The net present value alone."""
    with localcontext(exact(text)):
        nets = (flow.net for flow in flows_of(text, base_values(text)))
        return present_value(nets, discount_factors(text))


def _tco(
    text: BusinessCaseText,
    flows: Sequence[Flow],
    costs: Sequence[YearlyCost],
    factors: Sequence[Decimal],
) -> Ownership | None:
    """None for a case that names no service."""
    if not costs:
        return None
    return ownership(flows, _cash_released(text), _baseline(text, costs), factors)


def _cash_released(text: BusinessCaseText) -> list[Decimal]:
    released = [Decimal(0)] * (text.periods + 1)
    values = base_values(text)
    for line in text.lines:
        if line.benefit_kind is BenefitKind.CASH_RELEASING:
            amount = amount_of(line, values)
            for period in line.occurrences:
                released[period] += amount
    return released


def _baseline(text: BusinessCaseText, costs: Sequence[YearlyCost]) -> list[Decimal] | str:
    """The services' cost of a year, spread evenly over the periods; nothing at the start itself."""
    unknown = [f"{one.service}: {one.reason}" for one in costs if one.full is None]
    if unknown:
        return "; ".join(unknown[:5])
    a_year = sum((one.full for one in costs if one.full is not None), Decimal(0))
    return [Decimal(0)] + [a_year / text.periodicity.per_year] * text.periods
