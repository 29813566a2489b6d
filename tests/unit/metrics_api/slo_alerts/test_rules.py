"""Which policies can fire, and when an alert begins, fires and ends."""

import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics_api.slo_alerts import rules
from metrics_api.slo_alerts.rules import AlertCause, AlertState, Burn, Burnable, Pace, Standing
from metrics_api.slos.durations import length_of
from metrics_api.slos.rules import highest_burn
from shared.errors import Invalid

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
MONTH = timedelta(days=30)


def policy(**fields: Any) -> dict[str, Any]:
    usual = {"factor": 14.4, "op": "gt", "long_window": "1h", "short_window": "5m"}
    return {**usual, **fields}


def burnable(*targets: str, minutes: Sequence[int] = ()) -> Burnable:
    """A month of objectives with these targets, and slices so long."""
    rates = [highest_burn(Fraction(target)) for target in targets]
    slices = [timedelta(minutes=one) for one in minutes] or [timedelta()] * len(rates)
    return Burnable(tuple(map(Pace, rates, slices)), MONTH)


def test_the_workbooks_table_comes_out_at_thirty_days() -> None:
    made = [rules.default_policy(one, MONTH) for one in rules.DEFAULTS]
    assert [float(one["factor"]) for one in made] == [14.4, 6, 1]
    windows = [(one["long_window"], one["short_window"]) for one in made]
    assert windows == [("1h", "5m"), ("6h", "30m"), ("3d", "6h")]


@given(st.integers(60, 1100 * 1440), st.sampled_from(rules.DEFAULTS))
def test_default_policies_spend_their_share_of_the_budget_whatever_the_window(
    minutes: int, default: rules.DefaultPolicy
) -> None:
    window = timedelta(minutes=minutes)
    made = rules.default_policy(default, window)
    long_window = length_of(made["long_window"])
    spent = float(made["factor"]) * (long_window / window)
    assert spent == pytest.approx(float(default.budget))
    assert length_of(made["short_window"]) < long_window <= window


def test_a_policy_above_the_highest_burn_rate_is_refused_with_that_rate() -> None:
    slo = burnable("0.93")
    with pytest.raises(Invalid) as refused:
        rules.check_policy(policy(), slo)
    assert refused.value.code == "can_never_fire"
    assert refused.value.extra["highest_burn_rate"] == pytest.approx(14.2857142857)
    rules.check_policy(policy(), burnable("0.931"))


def test_at_the_highest_burn_rate_only_at_least_can_fire() -> None:
    slo = burnable("0.9")
    assert rules.problem_of(policy(factor=10), slo) is not None
    assert rules.problem_of(policy(factor=10, op="gte"), slo) is None


def test_the_strictest_objective_decides_what_can_fire() -> None:
    slo = burnable("0.5", "0.999")
    assert slo.highest == 1000


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"long_window": "31d"}, "/long_window"),
        ({"short_window": "1h"}, "/short_window"),
        ({"short_window": "2h"}, "/short_window"),
    ],
)
def test_windows_must_fit(fields: dict[str, Any], pointer: str) -> None:
    with pytest.raises(Invalid) as refused:
        rules.check_policy(policy(**fields), burnable("0.999"))
    assert refused.value.errors[0].pointer == pointer


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"long_window": "6h", "short_window": "59m"}, "/short_window"),
        ({"long_window": "59m", "short_window": None}, "/long_window"),
    ],
)
def test_a_window_that_never_holds_a_whole_slice_is_refused(
    fields: dict[str, Any], pointer: str
) -> None:
    hourly = burnable("0.999", minutes=[60])
    assert rules.problem_of(policy(long_window="6h", short_window="1h"), hourly) is None
    problem = rules.problem_of(policy(**fields), hourly)
    assert problem == (pointer, "It never holds a whole slice of 1h")


def test_an_objective_whose_slices_are_too_long_does_not_count() -> None:
    mixed = burnable("0.999", "0.9", minutes=[60, 5])
    problem = rules.problem_of(policy(), mixed)
    assert problem is not None
    assert problem[0] == "/factor"
    assert rules.problem_of(policy(factor=9), mixed) is None


def ever_fires(fields: dict[str, Any], slices: Sequence[int], targets: Sequence[str]) -> bool:
    """Everything goes wrong, and we look each minute for as long as slices come round."""
    lengths = [length_of(fields[name]) // timedelta(minutes=1) for name in WINDOWS]
    for end in range(5_000, 5_000 + math.lcm(*slices)):
        for width, target in zip(slices, targets, strict=True):
            begins = [-(-(end - length) // width) * width for length in lengths]
            whole = all(begin < end // width * width for begin in begins)
            if whole and 1 / (1 - Fraction(target)) > fields["factor"]:
                return True
    return False


WINDOWS = ("long_window", "short_window")


@given(
    st.lists(st.sampled_from([1, 2, 5, 7, 12, 60]), min_size=2, max_size=2),
    st.lists(st.sampled_from(["0.5", "0.9", "0.99"]), min_size=2, max_size=2),
    st.sampled_from([1.5, 3, 50]),
    st.sampled_from([("70m", "7m"), ("59m", "6m"), ("12m", "1m"), ("2h", "1h")]),
)
def test_what_is_refused_is_just_what_never_fires_when_everything_goes_wrong(
    slices: list[int], targets: list[str], factor: float, windows: tuple[str, str]
) -> None:
    fields = policy(factor=factor, **dict(zip(WINDOWS, windows, strict=True)))
    problem = rules.problem_of(fields, burnable(*targets, minutes=slices))
    assert (problem is None) == ever_fires(fields, slices, targets)


def firing_policy(**fields: Any) -> Any:
    usual = {
        "factor": 10,
        "op": "gt",
        "alert_when_breaching": True,
        "alert_when_no_data": False,
    }
    return SimpleNamespace(**{**usual, **fields})


@pytest.mark.parametrize(
    ("long", "short", "cause"),
    [
        (11, 11, AlertCause.BURN_RATE),
        (11, 10, None),
        (10, 11, None),
        (11, None, None),
        (None, None, None),
    ],
)
def test_both_windows_must_burn(
    long: int | None, short: int | None, cause: AlertCause | None
) -> None:
    burn = Burn(*(None if one is None else Fraction(one) for one in (long, short)))
    assert rules.cause_of(firing_policy(), burn) is cause


def test_absent_data_alerts_where_that_is_asked_for() -> None:
    nothing = Burn(None, None)
    assert rules.cause_of(firing_policy(alert_when_no_data=True), nothing) is AlertCause.NO_DATA
    assert rules.cause_of(firing_policy(alert_when_no_data=False), nothing) is None


def test_a_policy_may_look_for_absent_data_only() -> None:
    burning = Burn(Fraction(99), Fraction(99))
    assert rules.cause_of(firing_policy(alert_when_breaching=False), burning) is None


def run(found: Sequence[bool], wait: int) -> list[AlertState | None]:
    """The states minute by minute; what is resolved stands no longer."""
    standing: Standing | None = None
    states = []
    for minute, condition in enumerate(found):
        now = NOW + timedelta(minutes=minute)
        cause = AlertCause.BURN_RATE if condition else None
        state = rules.next_state(standing, cause, now, timedelta(minutes=wait))
        states.append(state)
        if state in (None, AlertState.RESOLVED):
            standing = None
        else:
            standing = Standing(state, now if standing is None else standing.since)
    return states


def test_an_alert_waits_fires_and_is_resolved() -> None:
    pending, firing, resolved = AlertState.PENDING, AlertState.FIRING, AlertState.RESOLVED
    assert run([True, True, True, False, False], 2) == [pending, pending, firing, resolved, None]
    assert run([True, False], 2) == [pending, None]
    assert run([True, False], 0) == [firing, resolved]


@given(st.lists(st.booleans(), max_size=30), st.integers(0, 4))
def test_an_alert_fires_after_it_has_lasted_and_is_resolved_as_often(
    found: list[bool], wait: int
) -> None:
    states = run([*found, False], wait)
    begun = sum(
        now is AlertState.FIRING and before is not AlertState.FIRING
        for before, now in zip([None, *states], states, strict=False)
    )
    assert begun == states.count(AlertState.RESOLVED)
    lasting = [len(run) for run in "".join("x" if one else " " for one in found).split()]
    assert begun == sum(length > wait for length in lasting)
