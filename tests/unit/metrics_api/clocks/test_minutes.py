"""What clocks say at any moment, against looking at each minute of an incident's life."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from metrics_api.clocks.counting import micros, moment_of, open_time
from metrics_api.clocks.reading import explained
from metrics_api.clocks.rules import Life
from metrics_api.clocks.standing import Clock, ClockState, read_clock
from metrics_api.clocks.support import ALWAYS
from shared.calendars import Calendar
from tests.support.clocks import hours, life, promise, target

MINUTE = timedelta(minutes=1)
NIGHTS = (
    datetime(2026, 3, 26, tzinfo=UTC),  # before clocks go forward in Zurich
    datetime(2026, 10, 22, tzinfo=UTC),  # before they go back there
    datetime(2026, 10, 30, tzinfo=UTC),  # and in New York
)
CALENDARS = (
    hours(("09:00", "12:00"), ("13:00", "17:00"), zone="Europe/Zurich"),
    hours(("22:00", "24:00"), ("00:00", "06:00"), zone="America/New_York"),
    hours(("04:00", "23:30"), zone="Australia/Lord_Howe"),  # whose clocks move by half an hour
    ALWAYS,
)
STATES = ("new", "in_progress", "on_hold", "resolved", "closed")
WHY = {"on_hold": "on_hold", "resolved": "resolved", "closed": "resolved"}


@st.composite
def lives(draw: st.DrawFn) -> Life:
    begin, length = draw(st.sampled_from(NIGHTS)), draw(st.sampled_from([600, 4000]))
    stamps = st.integers(0, length).map(lambda n: begin + n * MINUTE)
    moves = sorted(draw(st.lists(st.tuples(stamps, st.sampled_from(STATES)), max_size=6)))
    moves = [one for n, one in enumerate(moves) if n == 0 or moves[n - 1][1] != one[1]]
    return life(*(moves or [(begin, "new")]), opened=begin)


def steps_of(one: Life) -> list[tuple[datetime, str]]:
    """When it came into which state; what is resolved for good goes on as before for its clock."""
    assert one.opened_at is not None
    moves = list(one.transitions)
    while one.resolution_at is not None and moves and moves[-1][2] in {"resolved", "closed"}:
        moves.pop()
    return [(one.opened_at, "new"), *((when, state) for when, _, state in moves)]


def minutes_of(one: Life, calendar: Calendar) -> Iterator[tuple[datetime, str]]:
    """Each minute from the opening on, and what a clock makes of it."""
    steps = steps_of(one)
    now = steps[0][0]
    while True:
        state = [name for when, name in steps if when <= now][-1]
        local = now.astimezone(calendar.zone)
        since = timedelta(hours=local.hour, minutes=local.minute)
        is_open = any(a <= since < b for a, b in calendar.week[local.weekday()])
        yield now, WHY.get(state) or ("counted" if is_open else "outside_hours")
        now += MINUTE


def end_of(one: Life, clock: Clock) -> datetime | None:
    ends = [one.resolution_at]
    if clock is Clock.RESPONSE:
        ends.append(one.acknowledgement_at)
    return min((end for end in ends if end is not None), default=None)


def runs_out(one: Life, calendar: Calendar, allowed: int) -> datetime | None:
    """The end of the last minute that it may count, if it goes on as it does."""
    counted = 0
    last, state = steps_of(one)[-1]
    for now, why in islice(minutes_of(one, calendar), 40 * 1440):
        counted += why == "counted"
        if counted == allowed:
            return now + MINUTE
        if now >= last and state in WHY:
            return None
    return None


def state_of(one: Life, *, late: bool, ended: bool) -> ClockState:
    if late:
        return ClockState.BREACHED
    if ended:
        return ClockState.MET
    return ClockState.PAUSED if steps_of(one)[-1][1] in WHY else ClockState.RUNNING


@given(
    lives(),
    st.sampled_from(CALENDARS),
    st.sampled_from(list(Clock)),
    st.integers(1, 900),
    st.integers(0, 6000),
)
@settings(max_examples=60, deadline=None)
def test_a_reading_is_what_looking_at_each_minute_finds(
    one: Life, calendar: Calendar, clock: Clock, allowed: int, later: int
) -> None:
    assert one.opened_at is not None
    now, end = one.opened_at + later * MINUTE, end_of(one, clock)
    agreed = target(allowed, open_time(calendar))

    reading = read_clock(one, promise(agreed, agreed), clock, micros(now))

    length = ((end or now) - one.opened_at) // MINUTE
    looked_at = list(islice(minutes_of(one, calendar), max(length, 0)))
    counted = sum(why == "counted" for _, why in looked_at)
    assert (reading.elapsed_us, reading.left_us) == (
        counted * 60_000_000,
        (allowed - counted) * 60_000_000,
    )
    late = counted > allowed
    assert reading.state is state_of(one, late=late, ended=end is not None)
    out = runs_out(one, calendar, allowed)
    assume(out not in {when for when, _ in steps_of(one)[1:]})  # spent just when it stops: not due
    assert reading.due_at == (None if end or out is None else micros(out))
    assert reading.breached_at == (micros(out) if late and out else None)
    told = [(moment_of(at), piece.why) for piece in explained(reading) for at in each(*piece[:2])]
    assert told == looked_at


def each(start: int, end: int) -> range:
    """The minutes of an interval."""
    return range(start, end, 60_000_000)
