"""Corrections that recur, by the wall clock of their zone."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics_api.corrections import rules
from metrics_api.measures.rules import Stretch
from shared.errors import Invalid

START = datetime(2026, 3, 1, 1, tzinfo=UTC)


def correction(**fields: Any) -> dict[str, Any]:
    usual = {"start": START, "duration_minutes": 60, "rrule": None, "timezone": "UTC"}
    return {**usual, **fields}


def days(first: int, last: int) -> Stretch:
    march = datetime(2026, 3, 1, tzinfo=UTC)
    return Stretch(march + timedelta(days=first), march + timedelta(days=last))


def test_one_without_a_rule_happens_once() -> None:
    found = rules.stretches_of(correction(), days(0, 30))
    assert found == [Stretch(START, START + timedelta(hours=1))]
    assert rules.stretches_of(correction(), days(1, 30)) == []


def test_sunday_at_two_in_vienna_stays_so_when_clocks_change() -> None:
    weekly = correction(rrule="FREQ=WEEKLY;BYDAY=SU", timezone="Europe/Vienna")
    found = rules.stretches_of(weekly, days(0, 60))
    clock = [one.start.astimezone(ZoneInfo("Europe/Vienna")).hour for one in found]
    # On 29 March two o'clock is skipped: it is three then.
    assert clock[:6] == [2, 2, 2, 2, 3, 2]
    assert all(one.end - one.start == timedelta(hours=1) for one in found)


@pytest.mark.parametrize(
    ("rule", "count"),
    [
        ("FREQ=DAILY", 30),
        ("FREQ=DAILY;COUNT=3", 3),
        ("FREQ=DAILY;UNTIL=20260310", 10),
        ("FREQ=DAILY;UNTIL=20260310T010000Z", 10),
        ("FREQ=DAILY;UNTIL=20260310T005900", 9),
        ("FREQ=DAILY;UNTIL=99991231T235959Z", 30),
        ("FREQ=DAILY;INTERVAL=7", 5),
        ("FREQ=MONTHLY;BYDAY=-1SU", 1),
        ("FREQ=MONTHLY;BYMONTHDAY=1,15", 2),
        ("RRULE:FREQ=WEEKLY;BYDAY=MO,TU;WKST=MO", 9),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30;COUNT=5", 0),
    ],
)
def test_a_rule_recurs(rule: str, count: int) -> None:
    assert len(rules.stretches_of(correction(rrule=rule), days(0, 30))) == count


def test_an_occurrence_that_began_before_the_window_still_counts() -> None:
    nightly = correction(rrule="FREQ=DAILY", duration_minutes=1430)
    found = rules.stretches_of(nightly, days(5, 6))
    assert [one.start.day for one in found] == [5, 6]


@given(st.sampled_from(sorted(available_timezones())), st.integers(1, 399), st.integers(1, 1440))
def test_occurrences_in_parts_of_a_window_are_those_in_the_whole(
    zone: str, cut: int, minutes: int
) -> None:
    daily = correction(rrule="FREQ=DAILY", timezone=zone, duration_minutes=minutes)
    middle = START + timedelta(hours=cut)
    whole = Stretch(START, START + timedelta(hours=400))
    parts = [Stretch(whole.start, middle), Stretch(middle, whole.end)]
    found = {one for part in parts for one in rules.stretches_of(daily, part)}
    assert sorted(found) == rules.stretches_of(daily, whole)


@st.composite
def recurrence(draw: st.DrawFn) -> str:
    parts = [f"FREQ={draw(st.sampled_from(['DAILY', 'WEEKLY', 'MONTHLY', 'YEARLY']))}"]
    for part in (
        st.integers(1, 5).map("INTERVAL={}".format),
        st.sampled_from(["BYDAY=MO", "BYDAY=SA,SU", "BYDAY=MO,TU,WE,TH,FR,SA,SU"]),
        st.sampled_from(["BYMONTHDAY=31", "BYMONTHDAY=-1,1,15"]),
        st.sampled_from(["BYMONTH=2", "BYMONTH=1,6,12"]),
        st.sampled_from(["UNTIL=20290315", "UNTIL=20290315T120000Z", "COUNT=40"]),
        st.sampled_from(["WKST=SU", "WKST=TH"]),
    ):
        parts += draw(st.lists(part, max_size=1))
    return ";".join(parts)


@given(recurrence(), st.integers(0, 60), st.integers(0, 1800), st.integers(1, 90))
def test_a_window_years_later_has_the_occurrences_that_follow_from_the_beginning(
    rule: str, first_day: int, later: int, days_long: int
) -> None:
    start = START + timedelta(days=first_day)
    recurring = correction(start=start, rrule=rule, timezone="Europe/Vienna", duration_minutes=1440)
    window = Stretch(START + timedelta(later), START + timedelta(later + days_long))

    from_the_beginning = [
        one
        for one in rules.stretches_of(recurring, Stretch(START, window.end))
        if one.end > window.start
    ]

    assert rules.stretches_of(recurring, window) == from_the_beginning


@pytest.mark.parametrize("rule", ["FREQ=DAILY", "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR,SA,SU"])
def test_a_rule_of_long_ago_costs_no_more_than_a_new_one(rule: str) -> None:
    old = correction(start=datetime(2000, 1, 1, tzinfo=UTC), rrule=rule)
    began = time.process_time()

    found = [len(rules.stretches_of(old, days(day, day + 1))) for day in range(100)]

    assert found == [1] * 100
    assert time.process_time() - began < 0.5  # followed from their beginning they take seconds


@pytest.mark.parametrize("minutes", range(0, 180, 15))
def test_what_begins_before_clocks_go_back_has_begun_in_the_hour_that_comes_again(
    minutes: int,
) -> None:
    # On 25 October half past two comes at 00:30 and at 01:30 UTC; the first one is meant.
    begin = datetime(2026, 10, 20, 0, 30, tzinfo=UTC)
    nightly = correction(start=begin, rrule="FREQ=DAILY", timezone="Europe/Vienna")
    night = datetime(2026, 10, 25, tzinfo=UTC)
    window = Stretch(night, night + timedelta(minutes=minutes))

    found = rules.stretches_of(nightly, window)

    assert [one.start for one in found] == [begin + timedelta(days=5)] * (minutes > 30)


def test_a_rule_that_begins_in_the_hour_that_comes_again_begins_then() -> None:
    second = datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    daily = correction(start=second, rrule="FREQ=DAILY;COUNT=2", timezone="Europe/Vienna")

    found = rules.stretches_of(daily, Stretch(second - timedelta(days=1), second + timedelta(9)))

    assert [one.start for one in found] == [second, second + timedelta(days=1)]


def test_until_is_a_moment_also_in_the_hour_that_comes_again() -> None:
    begin = datetime(2026, 10, 24, 0, 30, tzinfo=UTC)
    rule = "FREQ=DAILY;UNTIL=20261025T011500Z"
    daily = correction(start=begin, rrule=rule, timezone="Europe/Vienna")

    found = rules.stretches_of(daily, Stretch(begin, begin + timedelta(days=9)))

    assert [one.start for one in found] == [begin, begin + timedelta(days=1)]


@pytest.mark.parametrize(
    "rule",
    [
        "",
        "DAILY",
        "FREQ=SECONDLY",
        "FREQ=DAILY;FREQ=WEEKLY",
        "FREQ=DAILY;COUNT=0",
        "FREQ=DAILY;COUNT=99999",
        "FREQ=DAILY;COUNT=2;UNTIL=20260310",
        "FREQ=DAILY;UNTIL=never",
        "FREQ=DAILY;BYDAY=XX",
        "FREQ=MONTHLY;BYDAY=9MO",
        "FREQ=DAILY;BYHOUR=3",
        "FREQ=DAILY;INTERVAL=x",
        "FREQ=YEARLY;BYMONTH=13",
    ],
)
def test_a_rule_that_cannot_be_read_is_refused(rule: str) -> None:
    with pytest.raises(Invalid) as refused:
        rules.check_correction(correction(rrule=rule))
    assert refused.value.errors[0].pointer == "/rrule"


def test_an_occurrence_must_end_before_the_next_begins() -> None:
    with pytest.raises(Invalid) as refused:
        rules.check_correction(correction(rrule="FREQ=DAILY", duration_minutes=1441))
    assert refused.value.errors[0].pointer == "/duration_minutes"


@pytest.mark.parametrize(
    ("end", "minutes", "pointer"),
    [
        (None, None, "/end"),
        (START + timedelta(minutes=5), 5, "/end"),
        (START, None, "/end"),
        (START + timedelta(seconds=90), None, "/end"),
        (START + timedelta(days=400), None, "/end"),
    ],
)
def test_its_length_is_said_once(end: datetime | None, minutes: int | None, pointer: str) -> None:
    with pytest.raises(Invalid) as refused:
        rules.duration_of(START, end, minutes)
    assert refused.value.errors[0].pointer == pointer
