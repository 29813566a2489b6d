# ruff: noqa: DTZ001 - wall clocks
"""Windows that roll, and windows of the calendar in every time zone."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics_api.slos.durations import MINUTE, Calendar, Window, length_of, minute_of, window_at

ZONES = sorted(available_timezones())
moments = st.datetimes(
    min_value=datetime(2020, 1, 3), max_value=datetime(2030, 1, 1), timezones=st.just(UTC)
)
calendars = st.builds(
    Calendar,
    st.sampled_from(
        [datetime(2020, 1, 1), datetime(2019, 12, 31, 2, 30), datetime(2020, 1, 1, 12, 30)]
    ),
    st.sampled_from(ZONES).map(ZoneInfo),
)
durations = st.sampled_from(["1d", "1w", "1M", "1Q", "1Y", "3d", "2M"])


def window(duration: str, calendar: Calendar | None, at: datetime) -> Window:
    found = window_at(duration, calendar, at)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("duration", "days"), [("1d", 1), ("4w", 28), ("1M", 30), ("1Q", 90), ("1Y", 365)]
)
def test_a_rolling_window_has_a_fixed_length(duration: str, days: int) -> None:
    at = datetime(2026, 3, 29, 12, 0, 59, tzinfo=UTC)
    found = window(duration, None, at)
    assert found.end == datetime(2026, 3, 29, 12, tzinfo=UTC)
    assert found.end - found.start == timedelta(days=days)
    assert found.complete


def test_a_month_in_vienna_begins_at_its_midnight_whatever_the_clocks_do() -> None:
    calendar = Calendar(datetime(2026, 1, 1), ZoneInfo("Europe/Vienna"))
    march = window("1M", calendar, datetime(2026, 3, 15, tzinfo=UTC))
    assert march.start == datetime(2026, 2, 28, 23, tzinfo=UTC)
    assert march.ends_at == datetime(2026, 3, 31, 22, tzinfo=UTC)
    assert not march.complete


def test_windows_that_begin_on_the_31st_do_so_again_after_february() -> None:
    calendar = Calendar(datetime(2026, 1, 31), ZoneInfo("UTC"))
    found = window("1M", calendar, datetime(2026, 4, 1, tzinfo=UTC))
    assert (found.start.day, found.ends_at.day) == (31, 30)


def test_before_its_first_window_there_is_none() -> None:
    calendar = Calendar(datetime(2026, 1, 1), ZoneInfo("UTC"))
    assert window_at("1M", calendar, datetime(2025, 12, 31, tzinfo=UTC)) is None
    assert window_at("1M", calendar, datetime(2026, 1, 1, tzinfo=UTC)) is None


@given(durations, calendars, moments)
def test_a_moment_lies_in_its_window(duration: str, calendar: Calendar, at: datetime) -> None:
    found = window(duration, calendar, at)
    assert found.start < found.end <= found.ends_at
    assert found.end == minute_of(at)


@given(durations, calendars, moments)
def test_windows_follow_each_other_without_gap(
    duration: str, calendar: Calendar, at: datetime
) -> None:
    this = window(duration, calendar, at)
    following = window(duration, calendar, this.ends_at + MINUTE)
    assert following.start == this.ends_at
    assert window(duration, calendar, this.ends_at).complete


@given(calendars, moments)
def test_windows_begin_at_the_wall_clock_time_of_the_first(
    calendar: Calendar, at: datetime
) -> None:
    found = window("1d", calendar, at)
    local = found.start.astimezone(calendar.zone).replace(tzinfo=None)
    written = datetime.combine(local.date(), calendar.start.time())
    moment = written.replace(tzinfo=calendar.zone).astimezone(UTC)
    assert moment == found.start
    skipped = moment.astimezone(calendar.zone).replace(tzinfo=None) != written
    assert skipped or local == written


@pytest.mark.parametrize("text", ["", "d", "0d", "-1d", "1.5d", "1D", "1s", "1d ", "٣d"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no duration"):
        length_of(text)
