"""Counting support time: wall clocks, nights of change, holidays; against a count by the minute."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.calendars import (
    Calendar,
    Interval,
    OutsideCalendar,
    add_support_minutes,
    calendar_from,
    covers,
    open_intervals,
    support_minutes,
)
from shared.schemas.catalog import Weekday

STEP = timedelta(minutes=15)
# Zones that change by an hour, by half an hour, in the other hemisphere, and over the date line.
ZONES = ["Europe/Zurich", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "UTC"]
OFFICE = [(day, "08:00", "18:00") for day in list(Weekday)[:5]]


def hours(*weekly: tuple[str, str, str]) -> list[Any]:
    return [SimpleNamespace(day=Weekday(day), start=start, end=end) for day, start, end in weekly]


def calendar(
    *weekly: tuple[str, str, str], zone: str = "Europe/Zurich", closed: Sequence[date] = ()
) -> Calendar:
    return calendar_from(zone, hours(*weekly), closed)


def local(text: str, zone: str = "Europe/Zurich", fold: int = 0) -> datetime:
    here = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold)
    return here.astimezone(UTC)


def clock(offset: timedelta) -> str:
    minutes = offset // timedelta(minutes=1)
    return f"{minutes // 60:02}:{minutes % 60:02}"


def is_open(one: Calendar, moment: datetime) -> bool:
    """The definition itself: read the wall clock and look it up."""
    here = moment.astimezone(one.zone)
    since_midnight = timedelta(hours=here.hour, minutes=here.minute)
    return here.date() not in one.closed and any(
        start <= since_midnight < end for start, end in one.week[here.weekday()]
    )


def counted(one: Calendar, start: datetime, end: datetime, step: timedelta = STEP) -> float:
    """Open minutes, step by step through the time."""
    steps = (end - start) // step
    opened = sum(is_open(one, start + number * step) for number in range(steps))
    return opened * step / timedelta(minutes=1)


class TestOpenIntervals:
    def test_a_day_has_several_intervals_and_a_night_meets_at_midnight(self) -> None:
        shifts = calendar(
            ("monday", "08:00", "12:00"),
            ("monday", "22:00", "24:00"),
            ("tuesday", "00:00", "06:00"),
        )

        found = open_intervals(shifts, local("2026-02-02T00:00"), local("2026-02-04T00:00"))

        assert found == [
            Interval(local("2026-02-02T08:00"), local("2026-02-02T12:00")),
            Interval(local("2026-02-02T22:00"), local("2026-02-03T06:00")),
        ]

    def test_what_is_asked_for_cuts_the_intervals(self) -> None:
        office = calendar(*OFFICE)

        found = open_intervals(office, local("2026-02-02T10:30"), local("2026-02-02T11:15"))

        assert found == [Interval(local("2026-02-02T10:30"), local("2026-02-02T11:15"))]

    def test_a_closed_day_has_none(self) -> None:
        office = calendar(*OFFICE, closed=[date(2026, 2, 2)])

        assert open_intervals(office, local("2026-02-02T00:00"), local("2026-02-03T00:00")) == []

    def test_an_hour_that_happens_twice_is_open_twice(self) -> None:
        early = calendar(("sunday", "02:00", "02:30"))

        found = open_intervals(early, local("2026-10-25T00:00"), local("2026-10-26T00:00"))

        assert found == [
            Interval(local("2026-10-25T02:00"), local("2026-10-25T02:30")),
            Interval(local("2026-10-25T02:00", fold=1), local("2026-10-25T02:30", fold=1)),
        ]

    def test_an_hour_that_does_not_happen_is_not_open(self) -> None:
        early = calendar(("sunday", "02:00", "03:00"))

        assert open_intervals(early, local("2026-03-29T00:00"), local("2026-03-30T00:00")) == []


class TestSupportMinutes:
    @pytest.mark.parametrize(
        ("day", "night", "expected"),
        [
            ("2026-03-28", "saturday", 7),
            ("2026-10-24", "saturday", 9),
            ("2026-06-06", "saturday", 8),
        ],
    )
    def test_the_night_in_which_clocks_change_is_an_hour_shorter_or_longer(
        self, day: str, night: str, expected: int
    ) -> None:
        shift = calendar((night, "22:00", "24:00"), ("sunday", "00:00", "06:00"))
        start = local(f"{day}T12:00")

        assert support_minutes(shift, start, start + timedelta(days=1)) == expected * 60

    def test_around_the_clock_counts_every_minute(self) -> None:
        always = calendar(*((day, "00:00", "24:00") for day in Weekday))
        start, end = local("2026-01-01T00:00"), local("2027-01-01T00:00")

        assert support_minutes(always, start, end) == 365 * 24 * 60

    def test_seconds_count_in_part(self) -> None:
        office = calendar(*OFFICE)
        start = local("2026-02-02T08:00") + timedelta(seconds=15)

        assert support_minutes(office, start, start + timedelta(seconds=30)) == 0.5

    def test_years_whose_holidays_are_not_known_are_refused(self) -> None:
        known = calendar_from("UTC", hours(*OFFICE), [], (2020, 2026))

        with pytest.raises(OutsideCalendar, match="2027"):
            support_minutes(known, local("2026-12-31T00:00"), local("2027-01-02T00:00"))

    @pytest.mark.parametrize("zone", ZONES[:3])
    def test_a_year_of_office_hours_agrees_with_a_count_by_the_minute(self, zone: str) -> None:
        closed = [date(2026, 1, 1), date(2026, 3, 30), date(2026, 12, 25)]
        crosses_the_change = [("sunday", "01:30", "02:45")]
        one = calendar(*OFFICE, *crosses_the_change, zone=zone, closed=closed)
        start, end = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)

        assert support_minutes(one, start, end) == counted(one, start, end)


quarters = st.integers(0, 96).map(lambda number: number * STEP)


@st.composite
def weeks(draw: st.DrawFn) -> list[tuple[str, str, str]]:
    """Weekly hours on the quarter of an hour, at most three intervals a day."""
    weekly = []
    for day in Weekday:
        bounds = sorted(draw(st.sets(quarters, max_size=6)))
        for start, end in zip(bounds[::2], bounds[1::2], strict=False):
            weekly.append((day.value, clock(start), clock(end)))
    return weekly


@st.composite
def calendars(draw: st.DrawFn) -> Calendar:
    zone = draw(st.sampled_from(ZONES))
    days = st.dates(date(2011, 1, 1), date(2012, 12, 31))
    return calendar(*draw(weeks()), zone=zone, closed=draw(st.lists(days, max_size=40)))


starts = st.integers(0, 2 * 365 * 96).map(
    lambda number: datetime(2011, 1, 1, tzinfo=UTC) + number * STEP
)


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Calendar, Calendar]:
    """Two calendars, the second often the first with fewer hours and more closed days."""
    wide = draw(calendars())
    if draw(st.booleans()):
        return wide, draw(calendars())
    kept = draw(st.sets(st.integers(0, 2)))
    week = tuple(
        tuple(hours for number, hours in enumerate(day) if number in kept) for day in wide.week
    )
    return wide, replace(wide, week=week, closed=wide.closed | {date(2011, 5, 2)})


class TestAgreesWithBruteForce:
    @settings(max_examples=12, deadline=None)
    @given(calendars(), st.sampled_from([2011, 2012]))
    def test_over_a_year_with_changes_of_clocks_and_holidays(
        self, one: Calendar, year: int
    ) -> None:
        start, end = datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC)

        assert support_minutes(one, start, end) == counted(one, start, end)

    @settings(max_examples=60, deadline=None)
    @given(calendars(), starts, st.integers(0, 14 * 96))
    def test_intervals_hold_exactly_the_open_moments_in_order(
        self, one: Calendar, start: datetime, steps: int
    ) -> None:
        end = start + steps * STEP

        found = open_intervals(one, start, end)

        moments = [start + number * STEP for number in range(steps)]
        inside = [any(i.start <= moment < i.end for i in found) for moment in moments]
        assert inside == [is_open(one, moment) for moment in moments]
        assert all(one.end < other.start for one, other in pairwise(found))

    @settings(max_examples=60, deadline=None)
    @given(calendars(), starts, st.integers(0, 20_000))
    def test_a_due_time_is_the_first_moment_by_which_the_minutes_have_passed(
        self, one: Calendar, start: datetime, minutes: int
    ) -> None:
        due = add_support_minutes(one, start, minutes)

        if due is None:
            assert (
                not any(one.week) or support_minutes(one, start, start + timedelta(365)) < minutes
            )
        else:
            assert support_minutes(one, start, due) == minutes
            second = timedelta(seconds=1)
            assert due == start or support_minutes(one, start, due - second) < minutes

    @settings(max_examples=40, deadline=None)
    @given(pairs(), starts)
    def test_a_calendar_that_covers_another_is_open_whenever_the_other_is(
        self, pair: tuple[Calendar, Calendar], start: datetime
    ) -> None:
        wide, narrow = pair
        moments = [start + number * STEP for number in range(7 * 96)]

        if covers(wide, narrow):
            assert all(is_open(wide, moment) for moment in moments if is_open(narrow, moment))


class TestCovers:
    def test_around_the_clock_covers_hours_of_any_zone(self) -> None:
        always = calendar(*((day, "00:00", "24:00") for day in Weekday), zone="UTC")

        assert covers(always, calendar(*OFFICE))
        assert not covers(calendar(*OFFICE), always)

    def test_a_holiday_more_covers_less(self) -> None:
        closed = calendar(*OFFICE, closed=[date(2026, 2, 2)])

        assert covers(calendar(*OFFICE), closed)
        assert not covers(closed, calendar(*OFFICE))

    def test_holidays_of_years_that_the_other_does_not_know_do_not_matter(self) -> None:
        newer = calendar_from("Europe/Zurich", hours(*OFFICE), [date(2037, 1, 1)], (2012, 2037))
        older = calendar_from("Europe/Zurich", hours(*OFFICE), [], (2011, 2036))

        assert covers(newer, older)


class TestDueTime:
    def test_nothing_to_wait_for_is_due_at_once(self) -> None:
        start = local("2026-02-01T03:00")

        assert add_support_minutes(calendar(*OFFICE), start, 0) == start

    def test_a_calendar_that_never_opens_has_no_due_time(self) -> None:
        assert add_support_minutes(calendar(), local("2026-02-01T03:00"), 1) is None

    def test_it_waits_over_the_weekend(self) -> None:
        friday = local("2026-02-06T17:30")

        assert add_support_minutes(calendar(*OFFICE), friday, 60) == local("2026-02-09T08:30")
