"""Directions, crossings of targets, and the risks that they are."""

import math
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics_api.indicators.definitions import Better
from metrics_api.indicators.periods import Grain
from metrics_api.targets.rules import HoldingTarget
from metrics_api.trends.rules import (
    PERIOD_DAYS,
    Cause,
    Crossing,
    CrossingState,
    Direction,
    Line,
    Series,
    crossing_of,
    direction_of,
    impact_of,
    last_periods,
    moment_after,
    per_month,
    reason_of,
    risk_of,
)
from shared.errors import Invalid
from shared.schemas.metrics import Comparator

UTC_ZONE = ZoneInfo("UTC")
NOW = datetime(2026, 1, 10, tzinfo=UTC)
MONTHS = last_periods(Grain.MONTH, 12, UTC_ZONE, NOW)


@pytest.mark.parametrize(
    ("slope", "p_value", "better", "direction"),
    [
        (1.0, 0.01, Better.LOWER, Direction.DEGRADING),
        (1.0, 0.01, Better.HIGHER, Direction.IMPROVING),
        (-1.0, 0.01, Better.LOWER, Direction.IMPROVING),
        (1.0, 0.05, Better.LOWER, Direction.NONE),
        (0.0, 0.01, Better.LOWER, Direction.NONE),
    ],
)
def test_a_direction_is_significant_and_in_terms_of_what_is_better(
    slope: float, p_value: float, better: Better, direction: Direction
) -> None:
    assert direction_of(slope, p_value, better) is direction


def crossing(line: Line, comparator: Comparator, target: float, direction: Direction) -> Crossing:
    series = Series(Grain.MONTH, MONTHS, [1.0] * 12, [1] * 12)
    return crossing_of(
        line, series, direction, HoldingTarget(uuid4(), comparator, Decimal(str(target)))
    )


RISING = Line(slope=1.0, low=0.5, high=2.0, middle=5.5, at_middle=5.5)  # 11 in the last month
FALLING = Line(slope=-1.0, low=-2.0, high=-0.5, middle=5.5, at_middle=5.5)  # 0 in the last month


def test_a_line_reaches_the_target_when_its_slope_says_so() -> None:
    found = crossing(RISING, Comparator.LTE, 13.0, Direction.DEGRADING)

    # Two months after mid-December; at the steepest it is at 16.5 already, at the flattest the
    # remaining 4.75 take 9.5 months.
    assert (found.state, found.on) == (CrossingState.BREACH, date(2026, 2, 15))
    assert (found.earliest, found.latest) == (date(2025, 12, 16), date(2026, 10, 1))


@pytest.mark.parametrize(
    ("line", "comparator", "target", "direction", "state"),
    [
        (RISING, Comparator.LTE, 13.0, Direction.DEGRADING, CrossingState.BREACH),
        (RISING, Comparator.LTE, 10.0, Direction.DEGRADING, CrossingState.ALREADY),
        (RISING, Comparator.LTE, 13.0, Direction.NONE, CrossingState.NEVER),
        (RISING, Comparator.GTE, 10.0, Direction.IMPROVING, CrossingState.NEVER),
        (RISING, Comparator.GTE, 13.0, Direction.IMPROVING, CrossingState.RECOVERY),
        (RISING, Comparator.LTE, 1e6, Direction.DEGRADING, CrossingState.NEVER),
        (FALLING, Comparator.GTE, -2.0, Direction.DEGRADING, CrossingState.BREACH),
        (FALLING, Comparator.LT, -2.0, Direction.IMPROVING, CrossingState.RECOVERY),
        (FALLING, Comparator.GT, 0.0, Direction.DEGRADING, CrossingState.ALREADY),
    ],
)
def test_a_crossing_is_a_breach_a_recovery_or_none(
    line: Line, comparator: Comparator, target: float, direction: Direction, state: CrossingState
) -> None:
    assert crossing(line, comparator, target, direction).state is state


def test_without_a_target_nothing_is_crossed() -> None:
    series = Series(Grain.MONTH, MONTHS, [1.0] * 12, [1] * 12)

    found = crossing_of(RISING, series, Direction.DEGRADING, None)

    assert found == Crossing(CrossingState.NO_TARGET)


def test_the_latest_crossing_is_open_where_the_flattest_slope_turns_away() -> None:
    uncertain = Line(slope=1.0, low=-0.1, high=2.0, middle=5.5, at_middle=5.5)

    found = crossing(uncertain, Comparator.LTE, 13.0, Direction.DEGRADING)

    assert found.on is not None
    assert found.latest is None


@given(
    st.floats(0.01, 5), st.floats(0, 3), st.floats(0, 3), st.floats(-50, 50), st.floats(0.01, 60)
)
def test_a_crossing_lies_between_its_earliest_and_its_latest(
    slope: float, less: float, more: float, level: float, distance: float
) -> None:
    line = Line(slope, slope - less, slope + more, 5.5, level)

    found = crossing(line, Comparator.LTE, line.at(11) + distance, Direction.DEGRADING)

    if found.state is CrossingState.BREACH:
        assert found.on is not None
        assert found.earliest is not None
        assert found.earliest <= found.on <= (found.latest or date.max)


@st.composite
def lines(draw: st.DrawFn) -> tuple[Line, Comparator, Decimal]:
    """A line that rises or falls towards a target that it still meets after 11 periods."""
    sign = draw(st.sampled_from([1, -1]))
    slope = draw(st.floats(0.05, 5))
    ends = sign * slope * draw(st.floats(0, 0.9)), sign * (slope + draw(st.floats(0, 3)))
    line = Line(sign * slope, min(ends), max(ends), 5.5, draw(st.floats(-50, 50)))
    goal = line.at(11) + sign * draw(st.floats(0.01, 60))
    comparator = Comparator.LTE if sign > 0 else Comparator.GTE
    return line, comparator, Decimal(str(round(goal, 6)))


@given(st.sampled_from(list(Grain)), lines())
def test_on_the_days_told_the_lines_are_at_the_target(
    grain: Grain, drawn: tuple[Line, Comparator, Decimal]
) -> None:
    """Walked from the middle of the last period, each slope of the interval for itself."""
    line, comparator, goal = drawn
    series = Series(grain, last_periods(grain, 12, UTC_ZONE, NOW), [1.0] * 12, [1] * 12)

    found = crossing_of(line, series, Direction.DEGRADING, HoldingTarget(uuid4(), comparator, goal))

    last = series.periods[-1]
    middle = last.first_day + (last.last_day - last.first_day + timedelta(days=1)) / 2
    sign = math.copysign(1, line.slope)
    flat, steep = (line.low, line.high) if sign > 0 else (line.high, line.low)
    for day, chosen in ((found.on, line.slope), (found.earliest, steep), (found.latest, flat)):
        if found.state is CrossingState.BREACH and day is not None:
            walked = line.at(11 + (day - middle).days / PERIOD_DAYS[grain], chosen)
            a_day = abs(chosen) / PERIOD_DAYS[grain] * 1.5
            beyond = (walked - float(goal)) * sign
            assert beyond >= -a_day
            assert beyond <= a_day or day == middle


def test_slopes_are_told_by_the_month() -> None:
    assert per_month(2.0, Grain.MONTH) == 2.0
    assert per_month(2.0, Grain.QUARTER) == pytest.approx(2 / 3)
    assert per_month(1.0, Grain.WEEK) == pytest.approx(365.2425 / 12 / 7)


@pytest.mark.parametrize("grain", list(Grain))
def test_the_last_full_periods_end_before_now(grain: Grain) -> None:
    periods = last_periods(grain, 10, ZoneInfo("America/New_York"), NOW)

    assert len(periods) == 10
    assert NOW - timedelta(days=366) < periods[-1].end <= NOW


def test_before_the_calendar_there_is_no_full_period() -> None:
    moment = moment_after(date(1900, 1, 5), UTC_ZONE, NOW)

    with pytest.raises(Invalid):
        last_periods(Grain.MONTH, 10, UTC_ZONE, moment)


def test_a_day_is_looked_at_to_its_end_and_never_into_the_future() -> None:
    assert moment_after(date(2025, 12, 31), UTC_ZONE, NOW) == datetime(2026, 1, 1, tzinfo=UTC)
    assert moment_after(date(2027, 1, 1), UTC_ZONE, NOW) == NOW


def test_a_series_without_a_direction_says_why() -> None:
    assert reason_of("none", 30) is None
    assert reason_of(None, 7) == "insufficient_data"
    assert reason_of(None, 8) == "no_recent_data"


def test_old_figures_are_not_gone_on_from() -> None:
    def recent(silent: int) -> bool:
        values = [1.0] * (36 - silent) + [None] * silent
        return Series(Grain.MONTH, (), values, ()).recent

    assert recent(3)
    assert not recent(4)


TREND: dict[str, Any] = {
    "slope_per_month": 0.5,
    "method": "mann_kendall",
    "n": 20,
    "first_period": "2024-05",
    "last_period": "2025-12",
    "p_value": 0.001,
    "level": 4.25,
    "comparator": "lte",
    "target_value": Decimal(5),
    "crosses_on": date(2026, 2, 20),
    "crosses_earliest": date(2026, 1, 20),
    "crosses_latest": None,
}


@pytest.mark.parametrize(
    ("dates", "likelihood"),
    [
        ({}, 3),
        ({"crosses_on": date(2026, 1, 30)}, 4),
        ({"crosses_latest": date(2026, 4, 1)}, 5),
        ({"crosses_latest": date(2026, 9, 1)}, 3),
    ],
)
def test_a_risk_is_the_likelier_the_nearer_and_surer_its_breach(
    dates: dict[str, date], likelihood: int
) -> None:
    cause = Cause("Mean time to resolve", "hours", "high", TREND | dates)

    assert risk_of(cause, NOW)["likelihood"] == likelihood


def test_a_risk_says_what_it_was_found_in() -> None:
    risk = risk_of(Cause("Mean time to resolve", "hours", "critical", TREND), NOW)

    assert risk["title"] == "Mean time to resolve is going to miss its target about 2026-02-20"
    assert "0.5 hours a month (mann_kendall, n = 20 from 2024-05 to 2025-12" in risk["description"]
    assert risk["impact"] == 5
    assert NOW.date() < risk["review_date"] <= NOW.date() + timedelta(days=30)


def test_the_impact_of_a_service_that_nobody_ranked_is_medium() -> None:
    assert impact_of(None) == 3
