"""Clocks of an incident: what they count, until when they may run, whether they were kept. Pure.

The life of an incident is a row of *stretches*: running, on hold, resolved and not yet reopened,
cancelled. A clock counts the open time of its target's calendar in the running ones, from the
opening to the acknowledgement (response) or to the resolution (resolution, Records rule 3). So it
stands still on hold and between a resolution and a reopening, and goes on where it stopped. An
incident that is resolved without an acknowledgement was responded to by its resolution.

Moments are whole microseconds since 1970 (`counting.micros`).
"""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple

from metrics_api.clocks.counting import OpenTime, micros, moment_of
from metrics_api.clocks.promises import Promise, ServiceTerms, Target
from shared.calendars import OutsideCalendar

OVER: Final = frozenset({"resolved", "closed"})
Move = tuple[datetime, str | None, str]
"""When, from which state, to which."""


class Stretch(StrEnum):
    """What an incident is in a part of its life; only a running one is counted."""

    RUNNING = "running"
    ON_HOLD = "on_hold"
    RESOLVED = "resolved"
    CANCELLED = "cancelled"


_STRETCHES: Final = {
    "new": Stretch.RUNNING,
    "in_progress": Stretch.RUNNING,
    "on_hold": Stretch.ON_HOLD,
    "resolved": Stretch.RESOLVED,
    "closed": Stretch.RESOLVED,
    "cancelled": Stretch.CANCELLED,
}


_RUNNING: Final = frozenset({"new", "in_progress"})


class Part(NamedTuple):
    """[start, end) of an incident's life; `end` is None for what still lasts."""

    start: int
    end: int | None
    stretch: Stretch


class Life(NamedTuple):
    """What clocks need to know of an incident's end state.

    `resolution_at` is set exactly if the resolution counts; `over`: resolved or closed.
    """

    opened_at: datetime | None
    acknowledgement_at: datetime | None
    resolution_at: datetime | None
    exclusion: str | None
    state: str | None
    priority: int | None  # as the tool sent it
    impact: str | None
    urgency: str | None
    transitions: Sequence[Move]


class Clocked(NamedTuple):
    """What the end state keeps of its clocks; see incidents.tables for the fields."""

    priority: int | None
    hold_us: int | None
    business_us: int | None
    response_due_at: datetime | None
    resolution_due_at: datetime | None
    response_late_from: datetime | None
    resolution_late_from: datetime | None
    response_met: bool | None
    resolution_met: bool | None
    clock_basis: str | None


def parts_of(life: Life, opened: int) -> list[Part]:
    """The life of an incident from its opening, in order and without gaps.

    Moves stand in the order of the fold: one whose stamp lies before the one ahead of it, or before
    the opening, happened no earlier than that. A counted resolution ends the last part; the moves
    of a tool that has a resolution time of its own say nothing about when that was.
    """
    moves, until = life.transitions, None
    if life.resolution_at is not None and life.exclusion is None:
        until = micros(life.resolution_at)
        moves = _before_the_end(moves)
    parts: list[Part] = []
    at, stretch = opened, Stretch.RUNNING
    for move in moves:
        moved = max(at, micros(move[0]))
        _lengthen(parts, Part(at, moved, stretch))
        at, stretch = moved, _STRETCHES[move[2]]
    if until is None:
        _lengthen(parts, Part(at, None, stretch))
        return parts
    _lengthen(parts, Part(at, max(at, until), stretch))
    return clipped(parts, until)


def _lengthen(parts: list[Part], part: Part) -> None:
    """Add what follows. A move that stops no clock and starts none divides nothing: cut there, a
    clock that had counted all it might when its calendar closed would run out at that move."""
    if part.start == part.end:
        return
    if parts and parts[-1].stretch is part.stretch:
        parts[-1] = parts[-1]._replace(end=part.end)
    else:
        parts.append(part)


def _before_the_end(moves: Sequence[Move]) -> Sequence[Move]:
    """Without the last moves into resolved or closed that nothing followed."""
    count = len(moves)
    while count and moves[count - 1][2] in OVER:
        count -= 1
    return moves[:count]


def clipped(parts: Sequence[Part], until: int) -> list[Part]:
    """What of the parts lies before a moment."""
    clipped: list[Part] = []
    for part in parts:
        if part.start >= until:
            break
        if part.end is None or part.end > until:
            part = part._replace(end=until)  # noqa: PLW2901 - cut
        if part.end != part.start:
            clipped.append(part)
    return clipped


def clocked(life: Life, terms: ServiceTerms) -> Clocked:
    """The clocks of an end state; what depends on the present moment is not in it."""
    opened = None if life.opened_at is None else micros(life.opened_at)
    promise = terms.promise_at(opened)
    priority = life.priority
    if priority is None:
        priority = _made_priority(life, promise, terms)
    if opened is None or life.state is None or life.state == "cancelled":
        return Clocked(priority, *[None] * 9)
    resolved = resolution_end(life)
    # The hot path: what nothing interrupts is one stretch, and is not put together from parts.
    parts = None if is_plain(life) else parts_of(life, opened)
    hold = business = None
    if resolved is not None:
        hold = 0 if parts is None else _on_hold(parts)
        business = _business(terms, opened, resolved, parts)
    if promise is None:
        return Clocked(priority, hold, business, *[None] * 7)
    response, resolution = promise.targets_of(priority)
    # The calendar of a target is mostly the one that the service is supported by.
    same = resolution is not None and resolution.time is terms.support
    ends = (response_end(life), resolved)
    if ends[0] is not None and ends[0] < opened:
        response = None  # answered before it was opened: not to be judged
    span = Span(opened, parts, life.state in OVER)
    responded = _verdict(span, response, ends[0], None)
    done = _verdict(span, resolution, ends[1], business if same else None)
    basis = promise.basis if response or resolution else None
    return Clocked(
        priority,
        hold,
        business,
        responded.due_at,
        done.due_at,
        responded.late_from,
        done.late_from,
        responded.met,
        done.met,
        basis,
    )


class Span(NamedTuple):
    """An incident's life from its opening; `parts` is None where nothing interrupts it."""

    opened: int
    parts: Sequence[Part] | None
    over: bool


def is_plain(life: Life) -> bool:
    """Whether nothing ever stopped its clocks but a resolution that stands: most lives are so."""
    ended = False
    for _, _, state in life.transitions:
        if state in OVER:
            ended = True
        elif ended or state not in _RUNNING:
            return False
    return not ended or (life.resolution_at is not None and life.exclusion is None)


def _on_hold(parts: Sequence[Part]) -> int:
    return sum(
        part.end - part.start
        for part in parts
        if part.stretch is Stretch.ON_HOLD and part.end is not None
    )


def _made_priority(life: Life, promise: Promise | None, terms: ServiceTerms) -> int | None:
    """What the scheme makes of impact and urgency."""
    if life.impact is None or life.urgency is None:
        return None
    for one in (promise, terms.scheme):
        found = None if one is None else one.priority_of(life.impact, life.urgency)
        if found is not None:
            return found
    return None


def _business(
    terms: ServiceTerms, opened: int, resolved: int, parts: Sequence[Part] | None
) -> int | None:
    """Rule 9: support time, neither on hold nor between a resolution and a reopening."""
    try:
        if parts is None:
            return terms.support.counted(opened, resolved)
        return counted_in(parts, terms.support)
    except OutsideCalendar:
        return None


def response_end(life: Life) -> int | None:
    """When an incident was responded to: acknowledged, or resolved before."""
    end = life.acknowledgement_at
    if life.resolution_at is not None and life.exclusion is None:
        end = life.resolution_at if end is None else min(end, life.resolution_at)
    return None if end is None else micros(end)


class Verdict(NamedTuple):
    """When a clock runs out that has not completed, and whether a completed one was kept.

    It has counted all it may at `due_at`, and more than that only after `late_from`: the same
    moment, unless its calendar is closed then.
    """

    due_at: datetime | None
    late_from: datetime | None
    met: bool | None


_NONE: Final = Verdict(None, None, None)
_KEPT: Final = Verdict(None, None, met=True)
_MISSED: Final = Verdict(None, None, met=False)


def _verdict(span: Span, target: Target | None, end: int | None, known: int | None) -> Verdict:
    """`known` is what a clock counted, where that was counted already."""
    if target is None or target.time is None:
        return _NONE
    opened, parts, over = span
    try:
        if end is not None:
            if known is None and parts is None:
                known = target.time.counted(opened, end)
            elif known is None:
                known = counted_in(clipped(parts or (), end), target.time)
            return _KEPT if known <= target.limit_us else _MISSED
        if over:  # resolved, nobody knows when: nothing runs, nothing is judged
            return _NONE
        due = (
            target.time.reach(opened, target.limit_us) if parts is None else runs_out(parts, target)
        )
    except OutsideCalendar:
        return _NONE
    if due is None:
        return _NONE
    return Verdict(moment_of(due), moment_of(target.time.opens_next(due)), None)


def counted_in(parts: Sequence[Part], time: OpenTime) -> int:
    return sum(
        time.counted(part.start, part.end)
        for part in parts
        if part.stretch is Stretch.RUNNING and part.end is not None
    )


def runs_out(parts: Sequence[Part], target: Target) -> int | None:
    """When the clock of a target has counted all it may, if it goes on as it does now.

    None while it stands still, or if the calendar is not open for so long within ten years.
    """
    assert target.time is not None
    left = target.limit_us
    for start, end, stretch in parts:
        if stretch is not Stretch.RUNNING:
            continue
        if end is None:
            return target.time.reach(start, left)
        counted = target.time.counted(start, end)
        if counted > left:
            return target.time.reach(start, left)
        left -= counted
    return None


def resolution_end(life: Life) -> int | None:
    if life.resolution_at is None or life.exclusion is not None:
        return None
    return micros(life.resolution_at)
