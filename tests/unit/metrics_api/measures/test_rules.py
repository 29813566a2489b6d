# ruff: noqa: DTZ001 - wall clocks
"""Stretches less corrections, and whole slices, against a count minute by minute."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

from hypothesis import given
from hypothesis import strategies as st

from metrics_api.measures.rules import (
    Asked,
    Look,
    Mode,
    Stretch,
    joined,
    parts_of,
    slices_in,
    within,
)
from metrics_api.slos.durations import Calendar, window_at

START = datetime(2026, 3, 28, 22, 17, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
ZONES = sorted(available_timezones())


def at(minute: int) -> datetime:
    return START + minute * MINUTE


@st.composite
def stretches(draw: st.DrawFn) -> Stretch:
    start = draw(st.integers(0, 300))
    return Stretch(at(start), at(start + draw(st.integers(1, 90))))


def look(minutes: int | None) -> Look:
    return Look(1, "network", None, (), (), None, None, None, minutes, None)


def minutes_of(some: list[Stretch]) -> set[int]:
    return {
        minute
        for one in some
        for minute in range((one.start - START) // MINUTE, (one.end - START) // MINUTE)
    }


@given(st.lists(stretches(), max_size=8))
def test_joined_stretches_are_the_same_time_without_overlap(some: list[Stretch]) -> None:
    whole = joined(some)
    assert minutes_of(whole) == minutes_of(some)
    assert all(one.end < other.start for one, other in pairwise(whole))


@given(st.lists(stretches(), max_size=8), stretches())
def test_what_lies_within_a_stretch_is_the_time_both_have(
    some: list[Stretch], outer: Stretch
) -> None:
    assert minutes_of(within(some, outer)) == minutes_of(some) & minutes_of([outer])


@given(stretches(), st.lists(stretches(), max_size=6).map(tuple))
def test_parts_of_events_leave_just_the_minutes_that_no_correction_has(
    stretch: Stretch, corrected: tuple[Stretch, ...]
) -> None:
    parts = parts_of(Asked(0, look(None), Mode.EVENTS, stretch, corrected))
    out = [part.stretch for part in parts if part.excluded]
    assert [part.stretch for part in parts if not part.excluded] == [stretch]
    assert sum(len(minutes_of([one])) for one in out) == len(minutes_of(out))
    assert minutes_of(out) == minutes_of([stretch]) & minutes_of(list(corrected))


def slices_one_by_one(
    stretch: Stretch, corrected: tuple[Stretch, ...], width: int
) -> tuple[int, int]:
    """How many slices lie wholly in a stretch, and how many of these no correction touches."""
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    whole = untouched = 0
    minute = stretch.start
    while minute < stretch.end:
        end = minute + width * MINUTE
        if (minute - epoch) // MINUTE % width == 0 and end <= stretch.end:
            whole += 1
            untouched += not any(one.start < end and minute < one.end for one in corrected)
        minute += MINUTE
    return whole, untouched


@given(stretches(), st.lists(stretches(), max_size=6).map(tuple), st.integers(1, 45))
def test_slices_are_those_that_a_count_minute_by_minute_finds(
    stretch: Stretch, corrected: tuple[Stretch, ...], width: int
) -> None:
    parts = parts_of(Asked(0, look(width), Mode.SLICES, stretch, corrected))
    counts = {False: 0, True: 0}
    for part in parts:
        counts[part.excluded] += (part.stretch.end - part.stretch.start) // (width * MINUTE)
    whole, untouched = slices_one_by_one(stretch, corrected, width)
    assert (counts[False], counts[False] - counts[True]) == (whole, untouched)


@given(
    st.sampled_from(ZONES),
    st.integers(0, 72 * 60),
    st.sampled_from([1, 5, 7, 15, 60]),
    st.booleans(),
)
def test_slices_of_a_day_are_those_of_its_minutes_in_every_zone_also_when_clocks_change(
    zone: str, minute: int, width: int, rolling: bool
) -> None:
    calendar = None if rolling else Calendar(datetime(2026, 1, 1), ZoneInfo(zone))
    window = window_at("1d", calendar, at(minute))
    assert window is not None
    stretch = Stretch(window.start, window.end)
    found = slices_in(stretch, width)
    count = max((found.end - found.start) // (width * MINUTE), 0)
    assert count == slices_one_by_one(stretch, (), width)[0]
