"""Weeks and months before and after an intervention, and when effects are judged."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from improvement_api.benefits.periods import (
    LONGEST_BEFORE,
    LOOKS,
    Grain,
    first_day,
    judged_on,
    next_look_on,
    position_of,
    position_of_label,
    reached_look,
    windows,
)

DAYS = st.dates(date(1902, 1, 1), date(2190, 1, 1))
GRAINS = st.sampled_from(Grain)


@given(DAYS, GRAINS)
def test_a_period_holds_its_days_and_no_others(day: date, grain: Grain) -> None:
    position = position_of(day, grain)

    assert first_day(position, grain) <= day < first_day(position + 1, grain)


@given(DAYS)
def test_labels_of_metrics_api_have_the_number_of_their_days(day: date) -> None:
    week = day.isocalendar()

    assert position_of_label(f"{week.year}-W{week.week:02}", Grain.WEEK) == position_of(
        day, Grain.WEEK
    )
    assert position_of_label(f"{day:%Y-%m}", Grain.MONTH) == position_of(day, Grain.MONTH)


@given(DAYS, st.integers(0, 500), GRAINS, st.integers(0, 900))
def test_the_periods_of_the_intervention_belong_to_neither_side(
    start: date, length: int, grain: Grain, later: int
) -> None:
    end = start + timedelta(days=length)
    today = end + timedelta(days=later)

    found = windows(start, end, grain, today)

    assert found.before is not None
    assert found.before.last < start
    assert position_of(found.before.last, grain) == position_of(start, grain) - 1
    if found.after is not None:
        assert found.look is not None
        assert end < found.after.first <= found.after.last < today
        periods = position_of(found.after.last, grain) - position_of(found.after.first, grain) + 1
        assert periods == found.look


@given(DAYS, GRAINS, st.integers(0, 900))
def test_looks_are_reached_one_after_the_other(end: date, grain: Grain, later: int) -> None:
    today = end + timedelta(days=later)

    reached, coming = reached_look(end, grain, today), next_look_on(end, grain, today)

    place = -1 if reached is None else LOOKS[grain].index(reached)
    if place + 1 < len(LOOKS[grain]):
        assert coming == judged_on(end, grain, LOOKS[grain][place + 1])
        assert coming > today
    else:
        assert coming is None


def test_weeks_are_judged_from_the_monday_after_so_many_of_them() -> None:
    wednesday = date(2026, 1, 7)

    assert judged_on(wednesday, Grain.WEEK, 12) == date(2026, 4, 6)
    assert reached_look(wednesday, Grain.WEEK, date(2026, 4, 5)) is None
    assert reached_look(wednesday, Grain.WEEK, date(2026, 4, 6)) == 12


@pytest.mark.parametrize("grain", list(Grain))
def test_before_reaches_back_so_far_and_no_further(grain: Grain) -> None:
    found = windows(date(2020, 6, 1), date(2020, 6, 1), grain, date(2020, 6, 2))

    assert found.before is not None
    last, first = position_of(found.before.last, grain), position_of(found.before.first, grain)
    assert last - first + 1 == LONGEST_BEFORE[grain]
    assert (found.after, found.look) == (None, None)


@pytest.mark.parametrize("grain", list(Grain))
@pytest.mark.parametrize(
    ("start", "end"),
    [(date.min, date.min), (date.min, date.max), (date.max, date.max), (date(1900, 1, 2),) * 2],
)
def test_the_ends_of_the_calendar_do_no_harm(grain: Grain, start: date, end: date) -> None:
    found = windows(start, end, grain, date(2026, 1, 1))

    for side in (found.before, found.after):
        assert side is None or date(1900, 1, 1) <= side.first <= side.last
