"""Figures of any business case agree with an independent computation: fractions, summed directly.

The independent side knows nothing of weights, factors, contexts or libraries: it walks over the
lines period by period and adds up exact fractions. Where roots are involved (months, quarters,
middles of periods) it checks the roots by raising them to their power.
"""

from datetime import date
from decimal import Decimal, localcontext
from fractions import Fraction
from itertools import pairwise
from math import prod
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from improvement_api.business_cases.analysis import analyse, npv_of
from improvement_api.business_cases.cash_flows import (
    discount_factors,
    exact,
    first_day,
    period_on,
    periods_over,
)
from improvement_api.business_cases.realisation import Booked, realise
from improvement_api.business_cases.shown import rounded
from improvement_api.business_cases.texts import BusinessCaseText, Direction, Periodicity
from tests.support.business_cases import line, parsed

KINDS = [None, "cash_releasing", "avoided_cost", "revenue", "non_financial"]
money = st.one_of(
    st.sampled_from(["0", "1e15", "0.0001"]), st.decimals(0, 10**6, places=4).map(str)
)
rates = st.one_of(
    st.sampled_from(["-0.99", "0", "10"]), st.decimals("-0.99", "10", places=6).map(str)
)


@st.composite
def texts(draw: Any, **fixed: Any) -> BusinessCaseText:
    periods = fixed.get("periods") or draw(st.integers(1, 40))
    assumptions = []
    for key in draw(st.lists(st.sampled_from(["a", "b", "c"]), unique=True)):
        values = draw(st.lists(st.decimals(0, 10**5, places=3), min_size=3, max_size=3).map(sorted))
        bounds = dict(zip(("low", "base", "high"), map(str, values), strict=True))
        assumptions.append({"key": key, "name": key, "unit": "1", "source": "s", **bounds})
    known = st.lists(st.sampled_from([one["key"] for one in assumptions] or ["-"]), unique=True)
    lines = []
    for n in range(draw(st.integers(0, 6))):
        first = draw(st.integers(0, periods))
        last = draw(st.one_of(st.none(), st.integers(first, periods)))
        kind = draw(st.sampled_from(KINDS))
        more = {"times": draw(known) if assumptions else [], "every": draw(st.integers(1, 5))}
        if kind is not None:
            more["confidence"] = draw(st.decimals(0, 1, places=4).map(str))
        lines.append(line(f"l{n}", draw(money), first, last, benefit_kind=kind, **more))
    fields = {
        "periods": periods,
        "discount_rate": draw(rates),
        "periodicity": draw(st.sampled_from(list(Periodicity))),
        "timing": draw(st.sampled_from(["end_of_period", "mid_period"])),
    }
    return parsed(**{"lines": lines, "assumptions": assumptions} | fields | fixed)


yearly = texts(periodicity="year", timing="end_of_period")


def independent_net(text: BusinessCaseText, **values: Decimal) -> list[Fraction]:
    """Net cash flow by period, straight from the words of the text."""
    base = {one.key: Fraction(values.get(one.key, one.base)) for one in text.assumptions}
    nets = []
    for period in range(text.periods + 1):
        net = Fraction(0)
        for one in text.lines:
            last = one.first_period if one.last_period is None else one.last_period
            in_time = one.first_period <= period <= last
            if not in_time or (period - one.first_period) % one.every:
                continue
            if one.benefit_kind is not None and one.benefit_kind.value == "non_financial":
                continue
            amount = Fraction(one.amount) * prod(base[key] for key in one.times)
            sure = amount * Fraction(one.confidence)
            net += -amount if one.direction is Direction.COST else sure
        nets.append(net)
    return nets


def independent_npv(text: BusinessCaseText, **values: Decimal) -> Fraction:
    """Σ net/(1 + r)^k, for years and money at their end."""
    rate = Fraction(text.discount_rate)
    nets = independent_net(text, **values)
    return sum((net / (1 + rate) ** k for k, net in enumerate(nets)), Fraction(0))


def to_the_cent(value: Fraction) -> Decimal:
    """Half-even, by Python's own rounding of fractions."""
    with localcontext(prec=5000):
        return Decimal(round(value * 100)).scaleb(-2)


@settings(max_examples=40, deadline=None)
@given(yearly)
def test_the_net_present_value_agrees_to_the_cent(text: BusinessCaseText) -> None:
    found = analyse(text, ())

    with localcontext(prec=5000):
        assert rounded(found.npv) == to_the_cent(independent_npv(text))
        assert rounded(npv_of(text)) == rounded(found.npv)
        assert found.costs_worth + found.npv == found.benefits_worth or abs(
            found.costs_worth + found.npv - found.benefits_worth
        ) < Decimal("1e-40")


@settings(max_examples=40, deadline=None)
@given(texts())
def test_undiscounted_flows_and_their_return_are_exact(text: BusinessCaseText) -> None:
    found = analyse(text, ())

    assert [Fraction(flow.net) for flow in found.flows] == independent_net(text)
    costs = sum((Fraction(flow.costs) for flow in found.flows), Fraction(0))
    if costs == 0:
        assert (found.roi.value, bool(found.roi.reason)) == (None, True)
    else:
        gain = sum(independent_net(text), Fraction(0)) / costs
        assert found.roi.value is not None
        assert abs(Fraction(found.roi.value) - gain) < Fraction(1, 10**20)


@settings(max_examples=30, deadline=None)
@given(texts(lines=[], assumptions=[]))
def test_a_factor_raised_to_its_root_is_the_discount_of_its_time(text: BusinessCaseText) -> None:
    with localcontext(exact(text)):
        factors = discount_factors(text)

    rate, halves = Fraction(text.discount_rate), 2 * text.periodicity.per_year
    assert factors[0] == 1
    for period in {1, text.periods // 2, text.periods} - {0}:
        moment = 2 * period - (text.timing.value == "mid_period")  # in half periods
        whole = Fraction(factors[period]) ** halves * (1 + rate) ** moment
        assert abs(whole - 1) < Fraction(1, 10**150)


@settings(max_examples=40, deadline=None)
@given(yearly)
def test_the_internal_rate_is_where_the_present_value_turns(text: BusinessCaseText) -> None:
    found = analyse(text, ()).internal_rate
    nets = independent_net(text)
    signs = [net > 0 for net in nets if net]
    changes = sum(a != b for a, b in pairwise(signs))

    def worth(rate: Fraction) -> Fraction:
        return sum((net / (1 + rate) ** k for k, net in enumerate(nets)), Fraction(0))

    assert found.sign_changes == changes
    assert (found.value is None) == (found.reason is not None)
    assert len(found.rates) <= changes
    for one in found.rates:
        near = Fraction(1, 10**7)
        low = max(Fraction(one) - near, Fraction(-99999, 100000))
        size = sum(abs(net) / (1 + Fraction(one)) ** k for k, net in enumerate(nets))
        touches = abs(worth(Fraction(one))) <= size / 10**20
        assert touches or worth(low) * worth(Fraction(one) + near) <= 0
    if changes == 1 and found.value is None:
        inside = worth(Fraction(-9999, 10000)) * worth(Fraction(1000)) < 0
        assert not inside


@settings(max_examples=40, deadline=None)
@given(texts())
def test_the_internal_rate_discounts_the_case_to_nothing(text: BusinessCaseText) -> None:
    found = analyse(text, ()).internal_rate
    if found.value is None or not Decimal("-0.98") < found.value < 9:
        return
    at_rate = text.model_copy(update={"discount_rate": found.value})

    size = analyse(at_rate, ()).costs_worth
    assert abs(npv_of(at_rate)) <= size * Decimal("1e-4")


@settings(max_examples=40, deadline=None)
@given(texts(), st.booleans())
def test_payback_is_the_first_return_to_zero(text: BusinessCaseText, discounted: bool) -> None:
    found = analyse(text, ())
    factors = found.factors if discounted else [Decimal(1)] * len(found.flows)
    payback = found.discounted_payback if discounted else found.payback
    with localcontext(exact(text)):
        worths = [Fraction(flow.net * f) for flow, f in zip(found.flows, factors, strict=True)]

    balance, below, expected = Fraction(0), False, None
    for period, net in enumerate(worths):
        if expected is None and below and balance + net >= 0:
            expected = period - 1 + (-balance) / net
        balance += net
        below = below or balance < 0
    if not below:
        expected = Fraction(0)

    if expected is None:
        assert (payback.value, bool(payback.reason)) == (None, True)
    else:
        assert payback.value is not None
        assert abs(Fraction(payback.value) - expected) < Fraction(1, 10**20)


@settings(max_examples=40, deadline=None)
@given(yearly)
def test_each_assumption_alone_moves_the_value_as_if_the_text_said_so(
    text: BusinessCaseText,
) -> None:
    found = analyse(text, ()).sensitivities

    assert {one.assumption.key for one in found} == {one.key for one in text.assumptions}
    assert [one.swing for one in found] == sorted((one.swing for one in found), reverse=True)
    with localcontext(prec=5000):
        for one in found:
            ends = (one.assumption.low, one.npv_low), (one.assumption.high, one.npv_high)
            for value, npv in ends:
                told = independent_npv(text, **{one.assumption.key: value})
                assert rounded(npv) == to_the_cent(told)


@settings(max_examples=40, deadline=None)
@given(yearly)
def test_at_its_switching_value_the_case_is_worth_nothing(text: BusinessCaseText) -> None:
    for one in analyse(text, ()).sensitivities:
        key, switch = one.assumption.key, one.switching.value
        at = [independent_npv(text, **{key: Decimal(value)}) for value in (0, 1)]
        if switch is None:
            # Either it has no influence, or it would have to be negative.
            assert at[0] == at[1] or -at[0] / (at[1] - at[0]) < 0
        else:
            slope = at[1] - at[0]
            assert abs(Fraction(switch) + at[0] / slope) < Fraction(1, 10**6)


@pytest.mark.parametrize("rate", ["-0.99", "0", "0.08", "10"])
@pytest.mark.parametrize("timing", ["end_of_period", "mid_period"])
@pytest.mark.parametrize("periodicity", ["month", "year"])
def test_the_longest_and_dearest_case_is_exact_too(
    rate: str, timing: str, periodicity: str
) -> None:
    lines = [
        line("spent", "1e15", 0),
        line("gained", "1e15", 1, 999, benefit_kind="revenue", confidence="0.0101"),
    ]
    fields = {"discount_rate": rate, "timing": timing, "periodicity": periodicity}
    text = parsed(lines=lines, assumptions=[], periods=999, **fields)

    found = analyse(text, ())

    with localcontext(prec=5000):
        if periodicity == "year" and timing == "end_of_period":
            assert rounded(found.npv) == to_the_cent(independent_npv(text))
        # Geometric series: gain · f1 · (1 − q^999)/(1 − q).
        q = found.factors[2] / found.factors[1]
        sum_of_powers = Decimal(999) if q == 1 else (1 - q**999) / (1 - q)
        gained = Decimal("1.01e13") * found.factors[1] * sum_of_powers
        assert abs(gained - Decimal("1e15") - found.npv) < Decimal("0.001")
    assert found.internal_rate.value is not None
    assert found.payback.value is not None
    assert abs(found.payback.value - Decimal("1e15") / Decimal("1.01e13")) < Decimal("1e-9")


class TestPeriods:
    @given(texts(lines=[], assumptions=[]), st.integers(1, 40))
    def test_a_period_is_that_of_each_of_its_days(self, text: BusinessCaseText, n: int) -> None:
        period = min(n, text.periods)
        day = first_day(text, period)

        assert period_on(text, day) == period
        assert period_on(text, day.replace(day=28)) == period
        assert periods_over(text, day) == period - 1

    def test_days_outside_the_horizon_have_none(self) -> None:
        text = parsed()

        assert period_on(text, date(2025, 12, 31)) is None
        assert period_on(text, date(2029, 1, 1)) is None
        assert periods_over(text, date(1999, 1, 1)) == 0
        assert periods_over(text, date(2999, 1, 1)) == 3


class TestRealisation:
    @settings(max_examples=40, deadline=None)
    @given(yearly, st.dates(date(2024, 1, 1), date(2070, 1, 1)))
    @example(parsed(), date(2026, 1, 1))
    def test_booking_just_what_was_planned_changes_nothing(
        self, text: BusinessCaseText, today: date
    ) -> None:
        base = {one.key: one.base for one in text.assumptions}
        with localcontext(exact(text)):
            booked = [
                Booked(
                    one.key,
                    period == 0,
                    first_day(text, period),
                    prod((base[key] for key in one.times), start=one.amount) * one.confidence,
                )
                for one in text.lines
                if one.counts
                for period in one.occurrences
            ]

        found = realise(text, booked, today)

        assert found.flows == found.planned_flows
        assert (found.npv, found.not_counted) == (found.planned_npv, 0)
        assert all(one.unrecorded == 0 and one.planned == one.actual for one in found.lines)

    def test_a_period_without_a_booking_keeps_its_plan_and_says_so(self) -> None:
        booked = [Booked("agents", False, date(2027, 1, 1), Decimal(1000))]

        found = realise(parsed(), booked, date(2028, 6, 1))

        assert [flow.net for flow in found.flows] == [-50000, 27000, 1000, 27000]
        assert [one.unrecorded for one in found.lines] == [1, 1]
        assert found.over == 2

    def test_bookings_of_another_line_or_time_are_told_apart(self) -> None:
        booked = [
            Booked("nothing", False, date(2027, 1, 1), Decimal(1)),
            Booked("agents", False, date(2036, 1, 1), Decimal(2)),
        ]

        found = realise(parsed(), booked, date(2040, 1, 1))

        assert (found.not_counted, found.npv) == (3, found.planned_npv)
