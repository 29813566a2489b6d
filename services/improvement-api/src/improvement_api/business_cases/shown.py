"""Figures of business cases as they are shown: rounded half-even once, at the very end. Pure."""

from collections.abc import Sequence
from decimal import ROUND_HALF_EVEN, Context, Decimal, localcontext
from itertools import accumulate
from typing import Final

from improvement_api.business_cases.analysis import Analysis
from improvement_api.business_cases.cash_flows import amount_of, base_values, exact, first_day
from improvement_api.business_cases.measures import Figure, Ownership, Payback
from improvement_api.business_cases.realisation import Realisation
from improvement_api.business_cases.schemas import (
    BenefitOut,
    FigureOut,
    InternalRateOut,
    LineRealisationOut,
    OwnershipOut,
    PaybackOut,
    PeriodFlow,
    PeriodRealisation,
    RealisationOut,
    ResultsOut,
    SensitivityOut,
)
from improvement_api.business_cases.sensitivity import Sensitivity
from improvement_api.business_cases.tables import BusinessCase
from improvement_api.business_cases.texts import (
    BusinessCaseText,
    CashFlowLine,
    Timing,
)

_CENTS: Final = 2
_SIX: Final = 6
_WIDE: Final = Context(prec=5000, rounding=ROUND_HALF_EVEN)
_MOMENTS: Final = {Timing.END_OF_PERIOD: "at the end", Timing.MID_PERIOD: "in the middle"}


def rounded(value: Decimal, places: int = _CENTS) -> Decimal:
    """Half-even to so many decimals, and no negative zero."""
    return value.quantize(Decimal(1).scaleb(-places), context=_WIDE) + 0


def conventions(text: BusinessCaseText) -> str:
    """What the figures rest on, in a sentence or two."""
    return (
        f"Money moves {_MOMENTS[text.timing]} of its {text.periodicity}, that of period 0 at the"
        f" start, undiscounted. The rate of {text.discount_rate} a year is effective: a"
        f" {text.periodicity} discounts with its {text.periodicity.per_year}th root. Benefits are"
        " counted with their confidence. Amounts are rounded half-even to the cent, each by"
        " itself, when they are shown."
    )


def results_of(case: BusinessCase, text: BusinessCaseText, found: Analysis) -> ResultsOut:
    """All figures of a version."""
    with localcontext(exact(text)):
        return ResultsOut(
            plan=str(case.plan_id),
            version=case.version,
            state=case.state,
            text_hash=case.text_hash,
            currency=text.currency,
            conventions=conventions(text),
            total_costs=rounded(found.total_costs),
            total_benefits=rounded(found.total_benefits),
            present_value_of_costs=rounded(found.costs_worth),
            present_value_of_benefits=rounded(found.benefits_worth),
            npv=rounded(found.npv),
            roi=_figure(found.roi, _SIX),
            benefit_cost_ratio=_figure(found.benefit_cost_ratio, _SIX),
            payback=_payback(found.payback),
            discounted_payback=_payback(found.discounted_payback),
            irr=_rate(found),
            tco=_ownership(found.plain_tco),
            discounted_tco=_ownership(found.discounted_tco),
            benefits=[_benefit(text, one) for one in text.lines if one.benefit_kind is not None],
            cash_flow=_cash_flow(text, found),
            sensitivity=[_sensitivity(one) for one in found.sensitivities],
        )


def realisation_of(
    case: BusinessCase, text: BusinessCaseText, found: Realisation
) -> RealisationOut:
    """What came of a version so far."""
    with localcontext(exact(text)):
        nets = [flow.net for flow in found.flows]
        return RealisationOut(
            plan=str(case.plan_id),
            version=case.version,
            currency=text.currency,
            periods_over=found.over,
            planned_npv=rounded(found.planned_npv),
            npv=rounded(found.npv),
            difference=rounded(found.npv - found.planned_npv),
            not_counted=rounded(found.not_counted),
            lines=[
                LineRealisationOut(
                    line=one.line.key,
                    name=one.line.name,
                    direction=one.line.direction,
                    planned=rounded(one.planned),
                    actual=rounded(one.actual),
                    difference=rounded(one.actual - one.planned),
                    unrecorded_periods=one.unrecorded,
                )
                for one in found.lines
            ],
            cash_flow=[
                PeriodRealisation(
                    period=flow.period,
                    starts_on=first_day(text, flow.period),
                    over=flow.period <= found.over,
                    planned_net=rounded(planned.net),
                    net=rounded(flow.net),
                    cumulative=rounded(cumulative),
                )
                for planned, flow, cumulative in zip(
                    found.planned_flows, found.flows, accumulate(nets), strict=True
                )
            ],
        )


def _figure(figure: Figure, places: int = _CENTS) -> FigureOut:
    value = None if figure.value is None else rounded(figure.value, places)
    return FigureOut(value=value, reason=figure.reason)


def _payback(found: Payback) -> PaybackOut:
    value = None if found.value is None else rounded(found.value)
    return PaybackOut(value=value, lasting=found.lasting, reason=found.reason)


def _rate(found: Analysis) -> InternalRateOut:
    rate = found.internal_rate
    return InternalRateOut(
        value=None if rate.value is None else rounded(rate.value, _SIX),
        reason=rate.reason,
        sign_changes=rate.sign_changes,
        rates=[rounded(one, _SIX) for one in rate.rates],
    )


def _ownership(found: Ownership | None) -> OwnershipOut | None:
    if found is None:
        return None
    return OwnershipOut(
        before=_figure(found.before), after=_figure(found.after), delta=rounded(found.delta)
    )


def _benefit(text: BusinessCaseText, line: CashFlowLine) -> BenefitOut:
    assert line.benefit_kind is not None, "asked for benefits only"
    times = len(line.occurrences)
    sure = line.model_copy(update={"confidence": Decimal(1)})
    values = base_values(text)
    return BenefitOut(
        line=line.key,
        name=line.name,
        kind=line.benefit_kind,
        confidence=line.confidence,
        hoped=rounded(amount_of(sure, values) * times) if line.counts else None,
        counted=rounded(amount_of(line, values) * times) if line.counts else None,
    )


def _cash_flow(text: BusinessCaseText, found: Analysis) -> list[PeriodFlow]:
    nets = [flow.net for flow in found.flows]
    discounted = [net * factor for net, factor in zip(nets, found.factors, strict=True)]
    return [
        PeriodFlow(
            period=flow.period,
            starts_on=first_day(text, flow.period),
            costs=rounded(flow.costs),
            benefits=rounded(flow.benefits),
            net=rounded(flow.net),
            cumulative=rounded(cumulative),
            discounted_net=rounded(worth),
            discounted_cumulative=rounded(cumulative_worth),
        )
        for flow, cumulative, worth, cumulative_worth in zip(
            found.flows, _sums(nets), discounted, _sums(discounted), strict=True
        )
    ]


def _sums(values: Sequence[Decimal]) -> list[Decimal]:
    return list(accumulate(values))


def _sensitivity(one: Sensitivity) -> SensitivityOut:
    return SensitivityOut(
        assumption=one.assumption.key,
        name=one.assumption.name,
        unit=one.assumption.unit,
        low=one.assumption.low,
        base=one.assumption.base,
        high=one.assumption.high,
        npv_at_low=rounded(one.npv_low),
        npv_at_high=rounded(one.npv_high),
        swing=rounded(one.swing),
        switching_value=_figure(one.switching, _SIX),
    )
