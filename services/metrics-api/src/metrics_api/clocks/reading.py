"""Explaining a clock: every stretch of an incident's life, counted or not, and why. Pure."""

from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple

from metrics_api.clocks.counting import micros, moment_of
from metrics_api.clocks.rules import Part, Stretch
from metrics_api.clocks.standing import Reading
from shared.calendars import open_intervals


class Why(StrEnum):
    """`counted`, or what kept the clock from counting."""

    COUNTED = "counted"
    OUTSIDE_HOURS = "outside_hours"
    ON_HOLD = "on_hold"
    RESOLVED = "resolved"
    CANCELLED = "cancelled"


class Explained(NamedTuple):
    """[start, end) in microseconds since 1970."""

    start: int
    end: int
    why: Why


def explained(reading: Reading, since: int | None = None) -> Iterator[Explained]:
    """What a clock looked at, in order and without gaps; the counted ones add up to its time.

    `since`: only what begins after that.
    """
    for part in reading.counted:
        if part.end is not None and (since is None or part.end > since):
            yield from (
                piece
                for piece in _pieces(part, part.end, reading)
                if since is None or piece.start > since
            )


def _pieces(part: Part, end: int, reading: Reading) -> Iterator[Explained]:
    if part.stretch is not Stretch.RUNNING:
        yield Explained(part.start, end, Why(part.stretch.value))
        return
    assert reading.target is not None
    assert reading.target.time is not None
    at = part.start
    calendar = reading.target.time.calendar
    for interval in open_intervals(calendar, moment_of(part.start), moment_of(end)):
        opens, closes = micros(interval.start), micros(interval.end)
        if opens > at:
            yield Explained(at, opens, Why.OUTSIDE_HOURS)
        yield Explained(opens, closes, Why.COUNTED)
        at = closes
    if at < end:
        yield Explained(at, end, Why.OUTSIDE_HOURS)
