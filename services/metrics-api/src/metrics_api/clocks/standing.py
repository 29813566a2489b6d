"""How a clock stands at a moment: running, paused, met, breached, and until when. Pure."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from metrics_api.clocks.counting import OpenTime, micros
from metrics_api.clocks.promises import Promise, ServiceTerms, Target
from metrics_api.clocks.rules import (
    OVER,
    Life,
    Part,
    Stretch,
    clipped,
    counted_in,
    is_plain,
    parts_of,
    resolution_end,
    response_end,
    runs_out,
)
from shared.calendars import OutsideCalendar


class Clock(StrEnum):
    RESPONSE = "response"
    RESOLUTION = "resolution"


class ClockState(StrEnum):
    """`met`, `breached` and `cancelled` are final unless the incident changes."""

    RUNNING = "running"
    PAUSED = "paused"
    MET = "met"
    BREACHED = "breached"
    CANCELLED = "cancelled"
    NONE = "none"


class Reading(NamedTuple):
    """A clock at a moment; where it has counted nothing `reason` says why.

    `left_us` is negative once it ran out; `due_at` is when it runs out if it goes on as it does,
    None while it stands still and once it has completed.
    """

    state: ClockState
    reason: str | None
    target: Target | None
    elapsed_us: int | None
    left_us: int | None
    due_at: int | None
    breached_at: int | None
    completed_at: int | None
    counted: Sequence[Part]  # the parts of the life that it looked at, up to the moment


def read_clock(life: Life, promise: Promise | None, clock: Clock, now: int) -> Reading:
    """A clock against a promise, as it stands at a moment."""
    reason = _why_none(life, promise)
    if reason is None:
        assert promise is not None
        target = promise.targets_of(life.priority)[0 if clock is Clock.RESPONSE else 1]
        reason = _why_no_target(life, promise, target)
    if reason is not None:
        return _no_reading(ClockState.NONE, reason)
    assert life.opened_at is not None
    assert target is not None
    opened = micros(life.opened_at)
    parts = parts_of(life, opened)
    end = response_end(life) if clock is Clock.RESPONSE else resolution_end(life)
    if life.state == "cancelled":
        return _no_reading(ClockState.CANCELLED, "cancelled", target)
    if end is None and life.state in OVER:
        return _no_reading(ClockState.NONE, life.exclusion or "no_resolution_time", target)
    if end is not None and end < opened:
        return _no_reading(ClockState.NONE, "negative_duration", target)
    try:
        return _read(parts, target, end, now)
    except OutsideCalendar:
        return _no_reading(ClockState.NONE, "outside_calendar", target)


def _why_none(life: Life, promise: Promise | None) -> str | None:
    if promise is None:
        return "nothing_promised"
    if life.opened_at is None:
        return "no_opening_time"
    if life.state is None:
        return "no_state"
    return "no_priority" if life.priority is None else None


def _why_no_target(life: Life, promise: Promise, target: Target | None) -> str | None:
    if target is None:
        return "no_target"
    return "calendar_not_known" if target.time is None else None


def _no_reading(state: ClockState, reason: str, target: Target | None = None) -> Reading:
    return Reading(state, reason, target, None, None, None, None, None, ())


def _read(parts: Sequence[Part], target: Target, end: int | None, now: int) -> Reading:
    until = now if end is None else end
    counted = clipped(parts, until)
    assert target.time is not None
    elapsed = counted_in(counted, target.time)
    breached_at = passed_at(counted, target) if elapsed > target.limit_us else None
    due = None if end is not None else runs_out(parts, target)
    if breached_at is not None:
        state = ClockState.BREACHED
    elif end is not None:
        state = ClockState.MET
    elif parts[-1].stretch is Stretch.RUNNING:
        state = ClockState.RUNNING
    else:
        state = ClockState.PAUSED
    left = target.limit_us - elapsed
    return Reading(state, None, target, elapsed, left, due, breached_at, end, counted)


def passed_at(parts: Sequence[Part], target: Target) -> int | None:
    """When a clock had counted all it might and went on; None if it never did."""
    assert target.time is not None
    left = target.limit_us
    for start, end, stretch in parts:
        if stretch is Stretch.RUNNING and end is not None:
            counted = target.time.counted(start, end)
            if counted > left:
                return target.time.reach(start, left)
            left -= counted
    return None


class Promised(NamedTuple):
    """What one clock of an incident is judged by, its calendar known."""

    basis: str
    target: Target
    time: OpenTime


def promised(
    terms: ServiceTerms, opened_at: datetime, priority: int, clock: Clock
) -> Promised | None:
    """What a clock is judged by, of an incident opened then; None where there is no clock."""
    promise = terms.promise_at(micros(opened_at))
    if promise is None:
        return None
    target = promise.targets_of(priority)[clock is Clock.RESOLUTION]
    if target is None or target.time is None:
        return None
    return Promised(promise.basis, target, target.time)


def open_between(promise: Promised, start: int, end: int) -> int | None:
    """Open time of its calendar in [start, end); None where its holidays are not known."""
    try:
        return promise.time.counted(start, end)
    except OutsideCalendar:
        return None


def ran_out(life: Life, target: Target) -> int | None:
    """When the clock of a target ran out that is known to have completed late."""
    assert target.time is not None
    assert life.opened_at is not None
    opened = micros(life.opened_at)
    if is_plain(life):
        return target.time.reach(opened, target.limit_us)
    return runs_out(parts_of(life, opened), target)


def judge(life: Life, terms: ServiceTerms, clock: Clock, now: int) -> Reading:
    """A clock against what the incident is judged by: the agreement, else the scheme (rule 11)."""
    opened = None if life.opened_at is None else micros(life.opened_at)
    return read_clock(life, terms.promise_at(opened), clock, now)
