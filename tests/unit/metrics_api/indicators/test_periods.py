"""Periods in any time zone, and their cutting into UTC months, days and rests."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics_api.indicators.periods import (
    MAX_PERIODS,
    Grain,
    decompose,
    labels_between,
    parse_period,
    parse_periods,
    parse_zone,
)
from shared.errors import Invalid

LATER = datetime(2200, 1, 1, tzinfo=UTC)
ZONES = [
    "UTC",
    "Europe/Vienna",
    "America/New_York",
    "America/Sao_Paulo",  # once changed its clocks at midnight
    "Asia/Kathmandu",  # +05:45
    "Australia/Lord_Howe",  # changes by half an hour
    "Pacific/Apia",  # had no 2011-12-30
    "Africa/Casablanca",
]
moments = st.integers(-20 * 365 * 86_400, 130 * 365 * 86_400).map(
    lambda seconds: datetime.fromtimestamp(seconds, UTC)
)


@pytest.mark.parametrize(
    ("label", "start", "end"),
    [
        ("2016", "2016-01-01T00:00Z", "2017-01-01T00:00Z"),
        ("2016-Q1", "2016-01-01T00:00Z", "2016-04-01T00:00Z"),
        ("2016-Q4", "2016-10-01T00:00Z", "2017-01-01T00:00Z"),
        ("2016-03", "2016-03-01T00:00Z", "2016-04-01T00:00Z"),
        ("2016-12", "2016-12-01T00:00Z", "2017-01-01T00:00Z"),
        ("2016-W05", "2016-02-01T00:00Z", "2016-02-08T00:00Z"),
        ("2015-W53", "2015-12-28T00:00Z", "2016-01-04T00:00Z"),
        ("2016-03-01", "2016-03-01T00:00Z", "2016-03-02T00:00Z"),
    ],
)
def test_a_label_names_a_half_open_stretch(label: str, start: str, end: str) -> None:
    period = parse_period(label, ZoneInfo("UTC"), LATER)
    assert period.start == datetime.fromisoformat(start)
    assert period.end == datetime.fromisoformat(end)
    assert period.complete


@pytest.mark.parametrize(
    "label",
    [
        "",
        "16",
        "2016-Q5",
        "2016-Q0",
        "2016-13",
        "2016-00",
        "2016-02-30",
        "2016-W00",
        "2016-W54",
        "2015-W54",
        "1899",
        "2200",
        "0000",
        "9999-Q4",
        "٢٠١٦",
        "2016-3",
        "2016\x00",
        "2016-W05-1",
    ],
)
def test_what_is_no_period_is_refused_at_the_parameter(label: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse_period(label, ZoneInfo("UTC"), LATER)
    assert refused.value.errors[0].pointer == "/query/periods"


@pytest.mark.parametrize(
    "name", ["", "Mars", "../etc/passwd", "/etc/passwd", "Europe", "a\x00b", "Europe/\ud800"]
)
def test_what_is_no_time_zone_is_refused_at_the_parameter(name: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse_zone(name)
    assert refused.value.errors[0].pointer == "/query/timezone"


def test_an_unfinished_period_runs_to_now() -> None:
    now = datetime(2016, 2, 10, 12, tzinfo=UTC)
    period = parse_period("2016-Q1", ZoneInfo("UTC"), now)
    assert (period.end, period.complete) == (now, False)
    assert period.last_day == date(2016, 2, 10)


def test_a_period_that_has_not_begun_is_empty() -> None:
    period = parse_period("2017", ZoneInfo("UTC"), datetime(2016, 2, 10, tzinfo=UTC))
    assert period.start == period.end
    assert not period.complete


def test_periods_keep_the_order_asked_and_come_once() -> None:
    asked = parse_periods(["2016-Q2", " 2016-Q1", "2016-Q2"], ZoneInfo("UTC"), LATER)
    assert [period.label for period in asked] == ["2016-Q2", "2016-Q1"]


def test_a_day_of_changing_clocks_is_not_24_hours_long() -> None:
    day = parse_period("2016-03-27", ZoneInfo("Europe/Vienna"), LATER)
    assert day.end - day.start == timedelta(hours=23)


def test_a_range_of_too_many_periods_is_refused() -> None:
    with pytest.raises(Invalid, match=str(MAX_PERIODS)):
        labels_between(Grain.DAY, date(2016, 1, 1), date(2018, 1, 1))


@given(
    st.sampled_from(ZONES),
    st.sampled_from(Grain),
    st.dates(date(1950, 1, 1), date(2100, 1, 1)),
    st.integers(0, 390),
)
def test_periods_of_a_grain_tile_time_without_gap(
    zone: str, grain: Grain, first: date, days: int
) -> None:
    labels = labels_between(grain, first, first + timedelta(days=days))
    periods = [parse_period(label, ZoneInfo(zone), LATER) for label in labels]
    assert all(earlier.end == later.start for earlier, later in pairwise(periods))
    assert periods[0].first_day <= first
    assert first + timedelta(days=days) <= periods[-1].last_day


@given(st.sampled_from(ZONES), st.sampled_from(Grain), moments)
def test_a_moment_lies_in_the_period_of_its_local_day(
    zone: str, grain: Grain, moment: datetime
) -> None:
    day = moment.astimezone(ZoneInfo(zone)).date()
    (label,) = labels_between(grain, day, day)
    period = parse_period(label, ZoneInfo(zone), LATER)
    assert period.start <= moment < period.end


@given(moments, st.timedeltas(timedelta(0), timedelta(days=1200)))
def test_the_pieces_of_a_span_tile_it(start: datetime, length: timedelta) -> None:
    end = start + length
    pieces = decompose(start, end)
    whole = [*pieces.months, *pieces.days]
    spans = [
        *((_at(low), _at(high)) for low, high in whole),
        *pieces.edges,
    ]
    spans.sort()
    assert all(low < high for low, high in spans)
    assert all(earlier[1] == later[0] for earlier, later in pairwise(spans))
    assert sum((high - low for low, high in spans), timedelta(0)) == length
    assert not spans or (spans[0][0], spans[-1][1]) == (start, end)


@given(moments, st.timedeltas(timedelta(0), timedelta(days=1200)))
def test_no_piece_is_smaller_than_it_needs_to_be(start: datetime, length: timedelta) -> None:
    pieces = decompose(start, start + length)
    assert all(low.day == high.day == 1 for low, high in pieces.months)
    assert len(pieces.months) <= 1
    assert sum((high - low).days for low, high in pieces.days) <= 60
    assert sum((high - low for low, high in pieces.edges), timedelta(0)) < timedelta(days=2)


def _at(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
