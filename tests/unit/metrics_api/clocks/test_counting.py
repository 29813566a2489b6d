"""The fast count of open time against the slow one, and against the minutes themselves."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics_api.clocks.counting import MINUTE_US, OpenTime, micros, moment_of, open_time
from shared.calendars import (
    HORIZON,
    Calendar,
    OutsideCalendar,
    add_support_minutes,
    calendar_from,
    support_time,
)
from shared.schemas.catalog import SupportInterval, Weekday

ZONES = (
    "UTC",
    "Europe/Zurich",
    "America/New_York",
    "Australia/Lord_Howe",  # half an hour of daylight saving
    "Asia/Kolkata",
    "Pacific/Apia",  # once skipped a day
    "America/Sao_Paulo",  # changed its clocks at midnight
    "Africa/Casablanca",
)
# Office with a lunch break, a night shift over midnight, whole days, mornings only.
HOURS = (
    (("09:00", "12:00"), ("13:00", "17:30")),
    (("00:00", "06:00"), ("22:00", "24:00")),
    (("00:00", "24:00"),),
    (("07:15", "11:45"),),
    (),
)


@st.composite
def calendars(draw: st.DrawFn) -> Calendar:
    weekly = [
        SupportInterval(day=day, start=start, end=end)
        for day in Weekday
        for start, end in draw(st.sampled_from(HOURS))
    ]
    closed = draw(st.lists(st.dates(date(2009, 12, 25), date(2027, 1, 5)), max_size=20))
    years = draw(st.sampled_from([(None, None), (2011, 2025)]))
    return calendar_from(draw(st.sampled_from(ZONES)), weekly, closed, years)


MOMENTS = st.datetimes(datetime(2010, 1, 1), datetime(2027, 1, 1)).map(  # noqa: DTZ001 - made aware
    lambda stamp: stamp.replace(tzinfo=UTC)
)


@given(calendars(), MOMENTS, MOMENTS)
@settings(max_examples=150, deadline=None)
def test_it_counts_as_the_slow_way_does(calendar: Calendar, one: datetime, other: datetime) -> None:
    start, end = sorted((one, other))
    try:
        expected = support_time(calendar, start, end)
    except OutsideCalendar:
        with pytest.raises(OutsideCalendar):
            OpenTime(calendar).counted(micros(start), micros(end))
        return

    counted = OpenTime(calendar).counted(micros(start), micros(end))

    assert timedelta(microseconds=counted) == expected


@given(calendars(), MOMENTS, st.integers(0, 100_000))
@settings(max_examples=100, deadline=None)
def test_it_reaches_what_the_slow_way_reaches(
    calendar: Calendar, start: datetime, minutes: int
) -> None:
    try:
        expected = add_support_minutes(calendar, start, minutes)
    except OutsideCalendar:
        with pytest.raises(OutsideCalendar):
            OpenTime(calendar).reach(micros(start), minutes * MINUTE_US)
        return

    reached = OpenTime(calendar).reach(micros(start), minutes * MINUTE_US)

    assert (None if reached is None else moment_of(reached)) == expected


def is_open(calendar: Calendar, moment: datetime) -> bool:
    local = moment.astimezone(calendar.zone)
    since_midnight = timedelta(hours=local.hour, minutes=local.minute)
    hours = calendar.week[local.weekday()]
    return local.date() not in calendar.closed and any(
        opens <= since_midnight < closes for opens, closes in hours
    )


# Nights in which clocks change, a holiday, a year's end, the day that Samoa skipped.
DAYS = (
    datetime(2026, 3, 28, 12, tzinfo=UTC),
    datetime(2026, 10, 24, 12, tzinfo=UTC),
    datetime(2018, 11, 3, 12, tzinfo=UTC),
    datetime(2026, 4, 4, 6, tzinfo=UTC),
    datetime(2011, 12, 29, 6, tzinfo=UTC),
    datetime(2025, 12, 31, 6, tzinfo=UTC),
)


@given(calendars(), st.sampled_from(DAYS), st.integers(0, 1500), st.integers(1, 2000))
@settings(max_examples=60, deadline=None)
def test_it_counts_every_minute_that_is_open(
    calendar: Calendar, day: datetime, after: int, minutes: int
) -> None:
    calendar = Calendar(calendar.zone, calendar.week, calendar.closed)
    start = day + timedelta(minutes=after)

    counted = OpenTime(calendar).counted(micros(start), micros(start + timedelta(minutes=minutes)))

    opened = [is_open(calendar, start + timedelta(minutes=n)) for n in range(minutes)]
    assert counted == sum(opened) * MINUTE_US


@given(calendars(), st.sampled_from(DAYS), st.integers(0, 1500))
@settings(max_examples=60, deadline=None)
def test_the_next_minute_that_is_open_is_the_one_that_it_opens_with(
    calendar: Calendar, day: datetime, after: int
) -> None:
    calendar = Calendar(calendar.zone, calendar.week, calendar.closed)
    now = day + timedelta(minutes=after)
    looked_at = (now + timedelta(minutes=n) for n in range(30 * 1440))
    never = now + timedelta(days=30)

    opens = OpenTime(calendar).opens_next(micros(now))

    assert min(moment_of(opens), never) == next(
        (at for at in looked_at if is_open(calendar, at)), never
    )


def test_what_never_opens_opens_after_ten_years() -> None:
    never = Calendar(ZoneInfo("UTC"), ((),) * 7, frozenset())
    now = datetime(2026, 3, 2, tzinfo=UTC)

    assert moment_of(OpenTime(never).opens_next(micros(now))) == now + HORIZON


def test_nothing_is_known_to_be_open_in_a_year_that_is_not_known() -> None:
    weekly = [SupportInterval(day=day, start="09:00", end="17:00") for day in Weekday]
    time = OpenTime(calendar_from("UTC", weekly, (), (2026, 2026)))
    closing = datetime(2026, 12, 31, 17, tzinfo=UTC)

    assert moment_of(time.opens_next(micros(closing))) == datetime(2027, 1, 1, tzinfo=UTC)


@given(calendars(), st.lists(MOMENTS, min_size=3, max_size=3))
@settings(max_examples=60, deadline=None)
def test_what_is_cut_adds_up(calendar: Calendar, moments: list[datetime]) -> None:
    calendar = Calendar(calendar.zone, calendar.week, calendar.closed)
    first, middle, last = sorted(map(micros, moments))
    time = OpenTime(calendar)

    parts = time.counted(first, middle) + time.counted(middle, last)

    assert parts == time.counted(first, last)


def test_a_year_that_is_known_to_its_last_moment_is_counted_whole() -> None:
    zurich = ZoneInfo("Europe/Zurich")
    weekly = [SupportInterval(day=Weekday.MONDAY, start="00:00", end="24:00")]
    calendar = calendar_from("Europe/Zurich", weekly, (), (2025, 2025))
    start, end = datetime(2025, 1, 1, tzinfo=zurich), datetime(2026, 1, 1, tzinfo=zurich)

    assert OpenTime(calendar).counted(micros(start), micros(end)) == 52 * 1440 * MINUTE_US


def test_a_changed_calendar_counts_anew() -> None:
    weekly = [SupportInterval(day=day, start="09:00", end="17:00") for day in Weekday]
    before = calendar_from("UTC", weekly, ())
    after = calendar_from("UTC", weekly, [date(2026, 3, 2)])
    start, end = micros(datetime(2026, 3, 2, tzinfo=UTC)), micros(datetime(2026, 3, 3, tzinfo=UTC))

    counted = [open_time(one).counted(start, end) for one in (before, after, before)]

    assert counted == [480 * MINUTE_US, 0, 480 * MINUTE_US]
