"""The clocks of an incident: what they count, when they run out, whether they were kept."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics_api.clocks.counting import micros, open_time
from metrics_api.clocks.promises import Agreed, ServiceTerms
from metrics_api.clocks.reading import Why, explained
from metrics_api.clocks.rules import Clocked, Life, clocked
from metrics_api.clocks.standing import (
    Clock,
    ClockState,
    judge,
    ran_out,
    read_clock,
)
from metrics_api.clocks.support import ALWAYS
from shared.calendars import Calendar, calendar_from
from shared.schemas.catalog import SupportInterval
from tests.support.clocks import (
    OFFICE,
    WORKDAYS,
    at,
    hours,
    life,
    minutes,
    promise,
    target,
    terms,
)


class TestResolutionClock:
    def test_it_counts_support_hours_only(self) -> None:
        # Friday 16:00 to Monday 10:00 is two hours of the office.
        one = life((at(4, "16:00"), "new"), (at(7, "10:00"), "resolved"), opened=at(4, "16:00"))

        found = clocked(one, terms(resolution=target(120)))

        assert (minutes(found.business_us), found.resolution_met) == (120, True)

    def test_a_minute_more_than_allowed_is_a_breach(self) -> None:
        one = life((at(0, "09:00"), "new"), (at(0, "10:01"), "resolved"), opened=at(0, "09:00"))

        assert clocked(one, terms(resolution=target(60))).resolution_met is False

    def test_it_stands_still_on_hold(self) -> None:
        one = life(
            (at(0, "09:00"), "in_progress"),
            (at(0, "10:00"), "on_hold"),
            (at(2, "10:00"), "in_progress"),
            (at(2, "11:00"), "resolved"),
            opened=at(0, "09:00"),
        )

        found = clocked(one, terms(resolution=target(120)))

        assert (minutes(found.hold_us), minutes(found.business_us)) == (2 * 1440, 120)
        assert found.resolution_met is True

    def test_it_goes_on_after_a_reopening_where_it_stopped(self) -> None:
        one = life(
            (at(0, "09:00"), "new"),
            (at(0, "10:00"), "resolved"),
            (at(0, "15:00"), "in_progress"),
            opened=at(0, "09:00"),
        )

        found = clocked(one, terms(resolution=target(90)))

        assert (found.resolution_due_at, found.resolution_met) == (at(0, "15:30"), None)

    def test_it_ends_with_the_last_resolution(self) -> None:
        one = life(
            (at(0, "09:00"), "new"),
            (at(0, "10:00"), "resolved"),
            (at(0, "15:00"), "in_progress"),
            (at(0, "15:20"), "resolved"),
            (at(0, "16:00"), "closed"),
            opened=at(0, "09:00"),
            resolution_at=at(0, "15:20"),
        )

        found = clocked(one, terms(resolution=target(80)))

        assert (minutes(found.business_us), found.resolution_met) == (80, True)

    def test_the_tools_own_resolution_time_counts_and_not_when_it_told(self) -> None:
        one = life(
            (at(0, "09:00"), "new"),
            (at(1, "12:00"), "closed"),
            opened=at(0, "09:00"),
            resolution_at=at(0, "10:00"),
        )

        assert minutes(clocked(one, terms()).business_us) == 60

    def test_a_running_one_is_due_when_the_hours_left_have_passed(self) -> None:
        one = life((at(4, "16:00"), "new"), opened=at(4, "16:00"))

        found = clocked(one, terms(resolution=target(120)))

        assert (found.resolution_due_at, found.business_us) == (at(7, "10:00"), None)

    def test_a_paused_one_is_not_due(self) -> None:
        one = life((at(0, "09:00"), "new"), (at(0, "09:30"), "on_hold"), opened=at(0, "09:00"))

        assert clocked(one, terms(resolution=target(60))).resolution_due_at is None

    def test_one_that_ran_out_before_the_pause_stays_due(self) -> None:
        one = life((at(0, "09:00"), "new"), (at(0, "10:30"), "on_hold"), opened=at(0, "09:00"))

        assert clocked(one, terms(resolution=target(60))).resolution_due_at == at(0, "10:00")

    @pytest.mark.parametrize(
        "facts",
        [
            {"exclusion": "no_resolution_time", "resolution_at": None},
            {"exclusion": "negative_duration", "resolution_at": at(-1, "09:00")},
            {"opened_at": None, "exclusion": "no_opening_time"},
            {"priority": None},
            {"priority": 5},
        ],
    )
    def test_what_cannot_be_counted_is_neither_kept_nor_breached(self, facts: Any) -> None:
        one = life((at(0, "09:00"), "resolved"), opened=at(0, "08:00"), **facts)

        found = clocked(one, terms(resolution=target(60)))

        assert (found.resolution_met, found.resolution_due_at) == (None, None)

    def test_a_cancelled_incident_has_no_clocks(self) -> None:
        one = life((at(0, "09:00"), "new"), (at(0, "10:00"), "cancelled"), opened=at(0, "09:00"))

        assert clocked(one, terms(target(5), target(5))) == Clocked(2, *[None] * 9)
        reading = judge(one, terms(target(5), target(5)), Clock.RESOLUTION, micros(at(1, "0:0")))
        assert reading.state is ClockState.CANCELLED

    def test_a_year_whose_holidays_are_not_known_has_no_clock_and_says_so(self) -> None:
        known = open_time(hours(("09:00", "17:00"), years=(2020, 2025)))
        one = life((at(0, "09:00"), "new"), (at(0, "10:00"), "resolved"), opened=at(0, "09:00"))

        found = clocked(one, terms(resolution=target(60, known), support=known))

        assert (found.business_us, found.resolution_met) == (None, None)
        reading = judge(one, terms(None, target(60, known)), Clock.RESOLUTION, micros(at(1, "0:0")))
        assert (reading.state, reading.reason) == (ClockState.NONE, "outside_calendar")


class TestResponseClock:
    def test_it_ends_with_the_acknowledgement(self) -> None:
        one = life(
            (at(0, "09:00"), "new"),
            (at(0, "09:30"), "in_progress"),
            (at(0, "12:00"), "resolved"),
            opened=at(0, "09:00"),
        )

        assert clocked(one, terms(target(30))).response_met is True
        assert clocked(one, terms(target(29))).response_met is False

    def test_a_resolution_is_a_response_at_the_latest(self) -> None:
        one = life((at(0, "09:00"), "new"), (at(0, "12:00"), "resolved"), opened=at(0, "09:00"))

        assert clocked(one, terms(target(180))).response_met is True

    def test_an_unacknowledged_one_is_due(self) -> None:
        one = life((at(0, "08:00"), "new"), opened=at(0, "08:00"))

        found = clocked(one, terms(target(30)))

        assert found.response_due_at == found.response_late_from == at(0, "09:30")

    def test_one_that_is_due_at_the_close_of_business_is_late_from_the_next_morning(self) -> None:
        one = life((at(0, "09:00"), "new"), opened=at(0, "09:00"))

        found = clocked(one, terms(None, target(480)))

        assert found.resolution_due_at == at(0, "17:00")
        assert found.resolution_late_from == at(1, "09:00")

    def test_one_acknowledged_before_it_was_opened_is_not_judged(self) -> None:
        one = life(
            (at(0, "09:00"), "new"), opened=at(0, "09:00"), acknowledgement_at=at(0, "08:00")
        )

        assert clocked(one, terms(target(30))).response_met is None


class TestJudging:
    def test_an_agreement_that_covers_the_opening_stands_above_the_scheme(self) -> None:
        agreed = promise(resolution=target(60), basis="agreement:a@1")
        start, end = micros(at(0, "00:00")), micros(at(1, "00:00"))
        both = ServiceTerms(OFFICE, (Agreed(start, end, agreed),), promise(resolution=target(9999)))
        inside = life((at(0, "09:00"), "new"), (at(0, "11:00"), "closed"), opened=at(0, "09:00"))
        after = life((at(1, "09:00"), "new"), (at(1, "11:00"), "closed"), opened=at(1, "00:00"))

        first, second = clocked(inside, both), clocked(after, both)

        assert (first.clock_basis, first.resolution_met) == ("agreement:a@1", False)
        assert (second.clock_basis, second.resolution_met) == ("scheme:s@1", True)

    def test_impact_and_urgency_make_the_priority_that_no_tool_sent(self) -> None:
        one = life(
            (at(0, "09:00"), "new"),
            opened=at(0, "09:00"),
            priority=None,
            impact=" High",
            urgency="LOW",
        )

        found = clocked(one, terms(resolution=target(60)))

        assert (found.priority, found.resolution_due_at) == (2, at(0, "10:00"))

    def test_unknown_levels_make_no_priority(self) -> None:
        one = life(
            (at(0, "09:00"), "new"), opened=at(0, "09:00"), priority=None, impact="x", urgency="low"
        )

        assert clocked(one, terms(resolution=target(60))).priority is None


STATES = ("new", "in_progress", "on_hold", "resolved", "closed", "cancelled")
CALENDARS = (
    hours(("09:00", "12:00"), ("13:00", "17:00"), zone="Europe/Zurich"),
    hours(("22:00", "24:00"), ("00:00", "06:00"), zone="America/New_York"),
    ALWAYS,
)


@st.composite
def lives(draw: st.DrawFn) -> Life:
    """Any life within ten days around the night in which Zurich's clocks change."""
    begin = datetime(2026, 3, 25, tzinfo=UTC)
    stamps = st.integers(0, 14_400).map(lambda n: begin + timedelta(minutes=n))
    moves = draw(st.lists(st.tuples(stamps, st.sampled_from(STATES)), max_size=6))
    if draw(st.booleans()):
        moves.sort()
    moves = [one for n, one in enumerate(moves) if n == 0 or moves[n - 1][1] != one[1]]
    opened = draw(stamps)
    one = life(*moves, opened=opened)
    if one.resolution_at is not None and draw(st.booleans()):
        one = one._replace(resolution_at=draw(stamps))
    if one.resolution_at is not None and one.resolution_at < opened:
        one = one._replace(exclusion="negative_duration")
    return one


def minute_by_minute(one: Life, calendar: Calendar) -> int:
    """The counted minutes of a resolved incident, looking at each."""
    assert one.opened_at is not None
    assert one.resolution_at is not None
    steps: list[tuple[datetime, str]] = [(one.opened_at, "new")]
    moves = list(one.transitions)
    while moves and moves[-1][2] in {"resolved", "closed"}:
        moves.pop()
    for when, _, state in moves:
        steps.append((max(when, steps[-1][0]), state))
    counted, now = 0, one.opened_at
    while now < one.resolution_at:
        state = [name for when, name in steps if when <= now][-1]
        local = now.astimezone(calendar.zone)
        since = timedelta(hours=local.hour, minutes=local.minute)
        is_open = any(a <= since < b for a, b in calendar.week[local.weekday()])
        counted += state in {"new", "in_progress"} and is_open
        now += timedelta(minutes=1)
    return counted


@given(lives(), st.sampled_from(CALENDARS))
@settings(max_examples=40, deadline=None)
def test_business_time_is_the_minutes_that_count(one: Life, calendar: Calendar) -> None:
    found = clocked(one, terms(support=open_time(calendar)))

    if one.resolution_at is None or one.exclusion is not None:
        assert (found.business_us, found.hold_us) == (None, None)
    else:
        assert minutes(found.business_us) == minute_by_minute(one, calendar)


@given(lives(), st.sampled_from(CALENDARS), st.integers(1, 3000), st.integers(0, 30_000))
@settings(max_examples=200, deadline=None)
def test_what_is_kept_agrees_with_what_is_read(
    one: Life, calendar: Calendar, allowed: int, later: int
) -> None:
    """The end state and the reading at any moment tell the same story."""
    time = open_time(calendar)
    agreed = terms(target(allowed, time), target(allowed, time))
    found = clocked(one, agreed)
    now = micros(datetime(2026, 3, 25, tzinfo=UTC) + timedelta(minutes=later))
    for clock in Clock:
        met, due, late_from = (
            getattr(found, f"{clock.value}_{name}") for name in ("met", "due_at", "late_from")
        )
        reading = judge(one, agreed, clock, now)
        if met is not None:
            assert reading.state is (ClockState.MET if met else ClockState.BREACHED)
        if met is False:
            assert ran_out(one, target(allowed, time)) == reading.breached_at
        if late_from is not None:
            assert (reading.state is ClockState.BREACHED) == (micros(late_from) < now)
        assert reading.due_at == (None if due is None else micros(due))
        pieces = list(explained(reading))
        counted = sum(end - start for start, end, why in pieces if why is Why.COUNTED)
        assert counted == (reading.elapsed_us or 0)
        if reading.breached_at is not None and due is not None:
            assert reading.breached_at == micros(due)


@given(lives(), st.sampled_from(CALENDARS), st.integers(1, 3000))
@settings(max_examples=100, deadline=None)
def test_a_looser_target_is_never_breached_earlier(
    one: Life, calendar: Calendar, allowed: int
) -> None:
    time = open_time(calendar)
    now = micros(datetime(2026, 5, 1, tzinfo=UTC))

    strict = read_clock(one, promise(None, target(allowed, time)), Clock.RESOLUTION, now)
    loose = read_clock(one, promise(None, target(allowed + 10, time)), Clock.RESOLUTION, now)

    assert strict.elapsed_us == loose.elapsed_us
    if loose.breached_at is not None:
        assert strict.breached_at is not None
        assert strict.breached_at < loose.breached_at


def test_a_closed_day_is_not_counted() -> None:
    closed = calendar_from(
        "UTC",
        [SupportInterval(day=day, start="09:00", end="17:00") for day in WORKDAYS],
        [date(2026, 3, 3)],
    )
    one = life((at(0, "16:00"), "new"), (at(2, "10:00"), "resolved"), opened=at(0, "16:00"))

    assert minutes(clocked(one, terms(support=open_time(closed))).business_us) == 120
