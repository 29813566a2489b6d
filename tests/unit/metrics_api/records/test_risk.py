"""The risk of a change: explained by its factors, and never lower for a worse one."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics_api.records.risk import Facts, History, impact_of, score

OPENED = datetime(2026, 3, 1, tzinfo=UTC)
SAFEST = Facts(
    emergency=False,
    type="standard",
    impact="low",
    criticality="low",
    opened_at=OPENED,
    planned_start_at=OPENED + timedelta(days=9),
    test_plan=True,
    backout_plan=True,
)
RISKIEST = Facts(
    emergency=True,
    type=None,
    impact="1 - High",
    criticality="critical",
    opened_at=OPENED,
    planned_start_at=OPENED,
    test_plan=False,
    backout_plan=False,
    of_service=History(100_000, 100_000),
    of_group=History(100_000, 100_000),
)


@st.composite
def histories(draw: st.DrawFn) -> History:
    ended = draw(st.integers(0, 50))
    return History(ended, draw(st.integers(0, ended)))


@st.composite
def facts(draw: st.DrawFn) -> Facts:
    hours = draw(st.none() | st.integers(-50, 200))
    return Facts(
        emergency=draw(st.booleans()),
        type=draw(st.sampled_from([None, "standard", "Normal", "odd"])),
        impact=draw(st.sampled_from([None, "high", "2", "3 - Low", "odd"])),
        criticality=draw(st.sampled_from([None, "low", "medium", "high", "critical"])),
        opened_at=OPENED,
        planned_start_at=None if hours is None else OPENED + timedelta(hours=hours),
        test_plan=draw(st.sampled_from([None, True, False])),
        backout_plan=draw(st.sampled_from([None, True, False])),
        of_service=draw(histories()),
        of_group=draw(histories()),
    )


def risk(of: Facts, **instead: Any) -> int:
    return score(replace(of, **instead))[0]


def test_the_safest_change_has_no_risk_and_the_riskiest_has_it_all() -> None:
    assert (risk(SAFEST), risk(RISKIEST)) == (0, 100)


@given(of=facts())
def test_it_is_the_sum_of_factors_that_each_say_why(of: Facts) -> None:
    total, factors = score(of)

    assert total == sum(factor.points for factor in factors)
    assert 0 <= total <= 100
    assert all(factor.why and factor.points >= 0 for factor in factors)


@given(of=facts())
def test_an_emergency_is_never_safer(of: Facts) -> None:
    assert risk(of, emergency=True) >= risk(of, emergency=False)


@given(of=facts())
def test_a_standard_change_is_never_riskier(of: Facts) -> None:
    assert risk(of, type="standard") <= risk(of, type="normal")


@given(of=facts())
def test_more_impact_is_never_safer(of: Facts) -> None:
    risks = [risk(of, impact=impact) for impact in ("low", "medium", "high")]

    assert risks == sorted(risks)


@given(of=facts())
def test_more_criticality_is_never_safer(of: Facts) -> None:
    risks = [risk(of, criticality=each) for each in ("low", "medium", "high", "critical")]

    assert risks == sorted(risks)


@given(of=facts(), hours=st.integers(-100, 200), less=st.integers(0, 200))
def test_less_lead_time_is_never_safer(of: Facts, hours: int, less: int) -> None:
    start = OPENED + timedelta(hours=hours)

    assert risk(of, planned_start_at=start - timedelta(hours=less)) >= risk(
        of, planned_start_at=start
    )


@given(of=facts(), ended=st.integers(0, 50), failed=st.integers(0, 50))
@pytest.mark.parametrize("whose", ["of_service", "of_group"])
def test_one_failure_more_is_never_safer_and_one_success_more_never_riskier(
    whose: str, of: Facts, ended: int, failed: int
) -> None:
    history = History(ended + failed, failed)
    before = risk(of, **{whose: history})

    assert risk(of, **{whose: History(history.ended + 1, failed + 1)}) >= before
    assert risk(of, **{whose: History(history.ended + 1, failed)}) <= before


@given(of=facts())
@pytest.mark.parametrize("plan", ["test_plan", "backout_plan"])
def test_a_plan_is_never_riskier_than_none(plan: str, of: Facts) -> None:
    assert risk(of, **{plan: True}) <= risk(of, **{plan: False})


def test_a_plan_that_the_tool_does_not_know_is_no_factor() -> None:
    _, factors = score(replace(SAFEST, test_plan=None, backout_plan=False))

    plans = {each.factor: each.points for each in factors if each.factor.endswith("plan")}
    assert plans == {"backout_plan": 5}


@pytest.mark.parametrize(
    ("words", "impact"),
    [
        ("1", "high"),
        ("2 - Medium", "medium"),
        ("3", "low"),
        ("P5", "low"),
        ("High", "high"),
        ("Extensive", "high"),
        ("moderate ", "medium"),
        ("17", None),
        ("whatever", None),
        ("", None),
        (None, None),
    ],
)
def test_impacts_are_read_from_words_and_numbers(words: str | None, impact: str | None) -> None:
    assert impact_of(words) == impact
