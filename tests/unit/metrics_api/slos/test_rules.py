"""Budgets, burn rates, levels and composites."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics_api.slis.rules import SliKind
from metrics_api.slos import rules
from metrics_api.slos.rules import Level, Limits, Sums
from shared.errors import Invalid

targets = st.fractions(min_value=0, max_value=Fraction(9999, 10000), max_denominator=10_000)
LIMITS = Limits(0, Fraction(1, 4))


@st.composite
def sums(draw: st.DrawFn, least: int = 1) -> Sums:
    total = draw(st.integers(least, 10**9))
    return Sums(Fraction(draw(st.integers(0, total))), Fraction(total))


def of(good: int, total: int) -> Sums:
    return Sums(Fraction(good), Fraction(total))


def test_a_thousand_events_at_three_nines_may_fail_once() -> None:
    budget = rules.budget_of(of(9_995, 10_000), Fraction("0.999"))
    assert budget is not None
    assert [budget.total, budget.spent, budget.remaining] == [10, 5, 5]
    assert budget.remaining_ratio == Fraction(1, 2)


@given(sums(), targets)
def test_what_is_spent_and_what_is_left_make_up_the_budget(some: Sums, target: Fraction) -> None:
    budget = rules.budget_of(some, target)
    assert budget is not None
    assert budget.spent + budget.remaining == budget.total
    assert budget.remaining_ratio == budget.remaining / budget.total


@given(sums(), targets)
def test_an_slo_is_missed_exactly_when_its_value_is_below_target(
    some: Sums, target: Fraction
) -> None:
    value, budget = rules.value_of(some), rules.budget_of(some, target)
    assert value is not None
    assert budget is not None
    missed = rules.level_of(some.total, budget.remaining_ratio, LIMITS) is Level.MISSED
    assert missed == (value < target)


@given(sums(), targets)
def test_burning_at_one_over_the_window_spends_all_of_the_budget(
    some: Sums, target: Fraction
) -> None:
    rate, budget = rules.burn_rate(some, target), rules.budget_of(some, target)
    assert rate is not None
    assert budget is not None
    assert rate == 1 - budget.remaining_ratio
    assert 0 <= rate <= rules.highest_burn(target)


@given(sums(), sums(), targets)
def test_the_burn_rate_of_two_stretches_lies_between_theirs(
    one: Sums, other: Sums, target: Fraction
) -> None:
    rates = [rules.burn_rate(some, target) for some in (one, other)]
    both = rules.burn_rate(one + other, target)
    assert both is not None
    assert min(rate for rate in rates if rate is not None) <= both
    assert both <= max(rate for rate in rates if rate is not None)


def test_without_events_nothing_is_known() -> None:
    assert rules.value_of(rules.NOTHING) is None
    assert rules.budget_of(rules.NOTHING, Fraction(1, 2)) is None
    assert rules.burn_rate(rules.NOTHING, Fraction(1, 2)) is None
    assert rules.level_of(Fraction(0), None, LIMITS) is Level.UNKNOWN
    assert rules.reason_of(Fraction(0), LIMITS) == "no_data"


def test_too_few_events_decide_nothing() -> None:
    limits = Limits(5, Fraction(0))
    assert rules.level_of(Fraction(4), Fraction(-1), limits) is Level.UNKNOWN
    assert rules.reason_of(Fraction(4), limits) == "insufficient_data"
    assert rules.level_of(Fraction(5), Fraction(-1), limits) is Level.MISSED


def test_a_short_budget_is_at_risk() -> None:
    assert rules.level_of(Fraction(9), Fraction(24, 100), LIMITS) is Level.AT_RISK
    assert rules.level_of(Fraction(9), Fraction(25, 100), LIMITS) is Level.MET
    assert rules.level_of(Fraction(9), Fraction(0), LIMITS) is Level.AT_RISK


def test_the_interval_of_nine_in_ten_is_wilsons() -> None:
    low, high = rules.wilson(of(9, 10)) or (0.0, 0.0)
    # Newcombe 1998, method 3, for 9 of 10.
    assert (round(low, 4), round(high, 4)) == (0.5958, 0.9821)


@given(sums())
def test_the_interval_holds_the_value_and_lies_in_the_range_of_shares(some: Sums) -> None:
    low, high = rules.wilson(some) or (2.0, -1.0)
    value = float(some.good / some.total)
    assert 0 <= low <= high <= 1
    assert low - 1e-9 <= value <= high + 1e-9


@given(st.lists(st.tuples(sums(), targets, st.integers(1, 9)), min_size=1, max_size=5))
def test_each_member_burns_the_composite_at_its_rate_and_weight(
    members: Sequence[tuple[Sums, Fraction, int]],
) -> None:
    rates = [(rules.burn_rate(one, target), Fraction(weight)) for one, target, weight in members]
    burn = rules.composite_burn(rates)
    assert burn is not None
    parts = [rate * weight for rate, weight in rates if rate is not None]
    assert max(parts) <= burn <= len(parts) * max(parts)


def test_members_without_events_burn_nothing() -> None:
    assert rules.composite_burn([(None, Fraction(1)), (Fraction(2), Fraction(3))]) == 6
    assert rules.composite_burn([(None, Fraction(1))]) is None


def test_the_missing_parts_of_ninety_five_and_ninety_five_make_ninety() -> None:
    assert rules.composite_target([Fraction("0.95")] * 2) == Fraction("0.9")


@given(st.lists(targets, min_size=1, max_size=10))
def test_a_composite_promises_no_more_than_any_of_its_members(members: list[Fraction]) -> None:
    assert 0 <= rules.composite_target(members) <= min(members)


@given(st.lists(st.booleans(), min_size=1, max_size=40), st.data())
def test_a_composite_of_slices_is_met_when_all_its_members_are(
    first: list[bool], data: st.DataObject
) -> None:
    second = data.draw(st.lists(st.booleans(), min_size=len(first), max_size=len(first)))
    shares = [Fraction(sum(one), len(one)) for one in (first, second)]
    together = Fraction(sum(map(all, zip(first, second, strict=True))), len(first))
    assert together >= rules.composite_target(shares)


def slo(method: str = "occurrences", **fields: Any) -> dict[str, Any]:
    window = {"duration": "28d", "calendar": None}
    return {
        "sli": "a",
        "budgeting_method": method,
        "time_window": window,
        "objectives": [objective()],
        **fields,
    }


def objective(**fields: Any) -> dict[str, Any]:
    names = ("op", "value", "time_slice_target", "time_slice_window", "sli")
    return {**dict.fromkeys(names), "target": 0.9, "weight": 1, **fields}


def calendar(**fields: Any) -> dict[str, Any]:
    whole = {"start_time": "2026-01-01T00:00:00", "timezone": "UTC", **fields}
    return {"duration": "1M", "calendar": whole}


SLICED = {"time_slice_target": 0.9, "time_slice_window": 5}
RATIO = {"a": SliKind.RATIO, "b": SliKind.RATIO}


@pytest.mark.parametrize(
    "fine",
    [
        slo(),
        slo(objectives=[objective(), objective(target=0.5)]),
        slo("timeslices", objectives=[objective(**SLICED)]),
        slo("ratio_timeslices", objectives=[objective(time_slice_window=5)]),
        slo("ratio_timeslices", objectives=[objective(**SLICED)]),
        slo(sli=None, objectives=[objective(sli="a", weight=2), objective(sli="b")]),
        slo(time_window=calendar()),
    ],
)
def test_an_slo_may_be(fine: dict[str, Any]) -> None:
    rules.check_slo(fine, RATIO)


@pytest.mark.parametrize(
    ("bad", "pointer"),
    [
        (slo(objectives=[objective(sli="b")]), "/objectives/0/sli"),
        (slo(objectives=[objective(weight=2)]), "/objectives/0/weight"),
        (slo(objectives=[objective(op="lte")]), "/objectives/0/op"),
        (slo(objectives=[objective(value=1.0)]), "/objectives/0/value"),
        (slo(objectives=[objective(**SLICED)]), "/objectives/0/time_slice_target"),
        (slo("timeslices"), "/objectives/0/time_slice_target"),
        (
            slo("timeslices", objectives=[objective(time_slice_target=0.9)]),
            "/objectives/0/time_slice_window",
        ),
        (slo(sli=None, objectives=[objective(), objective(sli="a")]), "/objectives/0/sli"),
        (slo(sli=None, objectives=[objective(sli="a")]), "/objectives"),
        (
            slo(
                "timeslices",
                sli=None,
                objectives=[
                    objective(sli="a", **SLICED),
                    objective(sli="b", **{**SLICED, "time_slice_window": 6}),
                ],
            ),
            "/objectives",
        ),
        (slo(time_window={"duration": "30m", "calendar": None}), "/time_window/duration"),
        (slo(time_window={"duration": "4Y", "calendar": None}), "/time_window/duration"),
        (slo(time_window={**calendar(), "duration": "24h"}), "/time_window/duration"),
        (
            slo(time_window=calendar(timezone="Mars/Olympus")),
            "/time_window/calendar/timezone",
        ),
        (
            slo(time_window=calendar(start_time="2026-01-01T00:00:00+00:00")),
            "/time_window/calendar/start_time",
        ),
    ],
)
def test_what_contradicts_itself_is_refused(bad: dict[str, Any], pointer: str) -> None:
    with pytest.raises(Invalid) as refused:
        rules.check_slo(bad, RATIO)
    assert refused.value.errors[0].pointer == pointer


def test_a_threshold_has_one_objective_with_a_value() -> None:
    kinds = {"a": SliKind.THRESHOLD}
    rules.check_slo(slo(objectives=[objective(op="lte", value=1.0)]), kinds)
    with pytest.raises(Invalid):
        rules.check_slo(slo(), kinds)
    with pytest.raises(Invalid):
        rules.check_slo(slo(objectives=[objective(op="lte", value=1.0)] * 2), kinds)


def test_the_worst_is_missed_before_unknown_before_at_risk() -> None:
    assert rules.worst([Level.MET, Level.AT_RISK, Level.UNKNOWN, Level.MISSED]) is Level.MISSED
    assert rules.worst([Level.MET, Level.AT_RISK, Level.UNKNOWN]) is Level.UNKNOWN
    assert rules.worst([Level.MET, Level.AT_RISK]) is Level.AT_RISK
