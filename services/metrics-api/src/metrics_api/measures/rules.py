"""Stretches of time as they are summed up: windows less corrections, cut at slices. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Final, NamedTuple

from metrics_api.slis.rules import RecordMeasure

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MINUTE: Final = timedelta(minutes=1)


class Stretch(NamedTuple):
    """[start, end) in UTC at whole minutes."""

    start: datetime
    end: datetime


def joined(stretches: Iterable[Stretch]) -> list[Stretch]:
    """The same time in order, what overlaps or touches as one."""
    found: list[Stretch] = []
    for one in sorted(stretches):
        if found and one.start <= found[-1].end:
            found[-1] = Stretch(found[-1].start, max(found[-1].end, one.end))
        else:
            found.append(one)
    return found


def within(stretches: Sequence[Stretch], outer: Stretch) -> list[Stretch]:
    """The parts of stretches that lie in another."""
    cut = (Stretch(max(one.start, outer.start), min(one.end, outer.end)) for one in stretches)
    return [one for one in cut if one.start < one.end]


def slices_in(stretch: Stretch, minutes: int) -> Stretch:
    """The whole slices in a stretch: slices are counted from 1970 on, in UTC.

    Empty (end before start) when there is none.
    """
    return Stretch(_up(stretch.start, minutes), _down(stretch.end, minutes))


def slices_touched(stretches: Iterable[Stretch], minutes: int) -> list[Stretch]:
    """All slices that stretches touch: one that a correction touches counts for nothing."""
    return joined(Stretch(_down(one.start, minutes), _up(one.end, minutes)) for one in stretches)


def _down(moment: datetime, minutes: int) -> datetime:
    return moment - (moment - EPOCH) % (minutes * MINUTE)


def _up(moment: datetime, minutes: int) -> datetime:
    return moment + (EPOCH - moment) % (minutes * MINUTE)


class Mode(StrEnum):
    """What is summed up: events, good slices, or the shares of good events in slices."""

    EVENTS = "events"
    SLICES = "slices"
    SHARES = "shares"


@dataclass(frozen=True)
class Look:
    """What an objective looks at; without a `measure` the samples of its facet are summed up.

    Of an SLI that is counted of records nothing is summed up by facet, so it may have none.

    `filters` are the priorities and channels of the records that count; empty: all.
    """

    facet: int | None
    service: str
    measure: RecordMeasure | None
    priorities: tuple[int, ...]
    channels: tuple[str, ...]
    within_hours: str | None
    op: str | None
    value: float | None
    slice_minutes: int | None
    slice_target: Decimal | None


@dataclass(frozen=True)
class Asked:
    """One stretch of one look, for the sums of that number.

    `corrected` are the stretches that corrections take out of it. What is `joint` is a member of
    a composite: its slices are judged together with those of the same number.
    """

    n: int
    look: Look
    mode: Mode
    stretch: Stretch
    corrected: tuple[Stretch, ...]
    joint: bool = False


class Part(NamedTuple):
    """A stretch that is added up under a number, or is taken out of it (`excluded`)."""

    asked: Asked
    stretch: Stretch
    excluded: bool


def parts_of(asked: Asked) -> list[Part]:
    """The stretches that are summed up; whole slices only where slices are asked for.

    A slice that a correction touches is left out of the corrected sums altogether.
    """
    stretch, corrected = asked.stretch, joined(asked.corrected)
    minutes = asked.look.slice_minutes
    if asked.mode is not Mode.EVENTS:
        assert minutes is not None, "the facet of a time slice has its length"
        stretch = slices_in(stretch, minutes)
        corrected = slices_touched(corrected, minutes)
    if stretch.start >= stretch.end:
        return []
    taken_out = (Part(asked, one, True) for one in within(corrected, stretch))
    return [Part(asked, stretch, False), *taken_out]
