"""Weeks and months as whole numbers, and which of them lie before and after an intervention. Pure.

The periods in which the intervention began and ended belong to neither side.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final


class Grain(StrEnum):
    WEEK = "week"
    MONTH = "month"


DAYS_PER_YEAR: Final = 365.2425
PERIODS_A_YEAR: Final = {Grain.WEEK: DAYS_PER_YEAR / 7, Grain.MONTH: 12.0}
LONGEST_BEFORE: Final = {Grain.WEEK: 104, Grain.MONTH: 36}
LOOKS: Final = {Grain.WEEK: (12, 26, 52), Grain.MONTH: (6, 9, 12)}
"""After so many periods an effect is judged, and never in between: who looks every week finds an
effect sooner or later, where there is none."""

_FIRST, _LAST = date(1900, 1, 1), date(2199, 12, 31)  # days that metrics-api knows


@dataclass(frozen=True)
class Days:
    """Both included."""

    first: date
    last: date


@dataclass(frozen=True)
class Windows:
    """What is asked for: `before` is None where there is no day before, `after` until a look is
    reached. `look` counts the periods after, None before the first look."""

    before: Days | None
    after: Days | None
    look: int | None


def position_of(day: date, grain: Grain) -> int:
    """The number of the week or month that holds a day."""
    if grain is Grain.WEEK:
        return (day.toordinal() - 1) // 7  # 0001-01-01 was a Monday
    return day.year * 12 + day.month - 1


def position_of_label(label: str, grain: Grain) -> int:
    """The number of 2016-W05 or 2016-03; ValueError for anything else."""
    if grain is Grain.WEEK:
        year, week = label.split("-W")
        return position_of(date.fromisocalendar(int(year), int(week), 1), grain)
    year, month = label.split("-")
    return position_of(date(int(year), int(month), 1), grain)


def first_day(position: int, grain: Grain) -> date:
    """The day a period begins; the last day there is, for those beyond."""
    try:
        if grain is Grain.WEEK:
            return date.fromordinal(position * 7 + 1)
        return date(position // 12, position % 12 + 1, 1)
    except (ValueError, OverflowError):
        return date.max


def judged_on(end: date, grain: Grain, look: int) -> date:
    """The day on which so many periods after the intervention are over."""
    return first_day(position_of(end, grain) + 1 + look, grain)


def reached_look(end: date, grain: Grain, today: date) -> int | None:
    """The last look whose periods are over."""
    return max(
        (look for look in LOOKS[grain] if judged_on(end, grain, look) <= today), default=None
    )


def next_look_on(end: date, grain: Grain, today: date) -> date | None:
    """When the effect is judged next; None once all looks are past."""
    days = (judged_on(end, grain, look) for look in LOOKS[grain])
    return min((day for day in days if day > today), default=None)


def last_look_on(end: date, grain: Grain) -> date:
    return judged_on(end, grain, LOOKS[grain][-1])


def windows(start: date, end: date, grain: Grain, today: date) -> Windows:
    """The days of the periods before and after, as far as a look has been reached."""
    starts, ends = position_of(start, grain), position_of(end, grain)
    look = reached_look(end, grain, today)
    after = None if look is None else _days(ends + 1, ends + look, grain)
    return Windows(_days(max(1, starts - LONGEST_BEFORE[grain]), starts - 1, grain), after, look)


def _days(first: int, last: int, grain: Grain) -> Days | None:
    begins = max(first_day(max(first, 12), grain), _FIRST)
    ends = min(first_day(last + 1, grain) - timedelta(days=1), _LAST) if last >= 12 else _FIRST
    return Days(begins, ends) if begins < ends else None
