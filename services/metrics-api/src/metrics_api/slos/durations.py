"""Durations as OpenSLO writes them (`28d`, `1M`), and the windows that they make. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from dateutil.relativedelta import relativedelta

from shared.errors import Invalid
from shared.timezones import zone_named

PATTERN: Final = r"^[1-9][0-9]{0,4}[mhdwMQY]$"
MINUTE: Final = timedelta(minutes=1)
_FIXED: Final = {
    "m": MINUTE,
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
    # OpenSLO leaves their length open. Where they roll they are as long as budgets are made for.
    "M": timedelta(days=30),
    "Q": timedelta(days=90),
    "Y": timedelta(days=365),
}
_CALENDAR: Final = {
    "d": relativedelta(days=1),
    "w": relativedelta(weeks=1),
    "M": relativedelta(months=1),
    "Q": relativedelta(months=3),
    "Y": relativedelta(years=1),
}


@dataclass(frozen=True)
class Calendar:
    """A window that begins anew: the first at `start`, by the wall clock of `zone`."""

    start: datetime
    zone: ZoneInfo


@dataclass(frozen=True)
class Window:
    """[start, end) in UTC at whole minutes; `ends_at` is the end that it will have."""

    start: datetime
    end: datetime
    ends_at: datetime

    @property
    def complete(self) -> bool:
        return self.end >= self.ends_at


def length_of(duration: str) -> timedelta:
    """How long a duration is; a month counts 30 days, a quarter 90, a year 365."""
    number, unit = _split(duration)
    return number * _FIXED[unit]


def _split(duration: str) -> tuple[int, str]:
    if not re.fullmatch(PATTERN, duration):
        raise ValueError(f"{duration!r} is no duration such as 28d")
    return int(duration[:-1]), duration[-1]


def minute_of(moment: datetime) -> datetime:
    """The whole minute in which a moment lies, in UTC."""
    return moment.astimezone(UTC).replace(second=0, microsecond=0)


def window_at(duration: str, calendar: Calendar | None, at: datetime) -> Window | None:
    """The window in which an SLO is judged at a moment, as far as it has come by then.

    None before a calendar window has begun for the first time.
    """
    end = minute_of(at)
    if calendar is None:
        return Window(end - length_of(duration), end, end)
    return _calendar_window(duration, calendar, end)


def _calendar_window(duration: str, calendar: Calendar, end: datetime) -> Window | None:
    """At the moment it ends a window is whole; the next one has begun a minute later."""
    number = _windows_before(duration, calendar, end)
    # The estimate is off where months are longer or shorter than 30 days, or clocks change.
    while number >= 0 and _begin(duration, calendar, number) >= end:
        number -= 1
    if number < 0:
        return None
    while _begin(duration, calendar, number + 1) < end:
        number += 1
    start = _begin(duration, calendar, number)
    return Window(start, end, _begin(duration, calendar, number + 1))


def _windows_before(duration: str, calendar: Calendar, end: datetime) -> int:
    past = end - _utc(calendar.start, calendar.zone)
    return max(int(past / length_of(duration)), 0)


def _begin(duration: str, calendar: Calendar, number: int) -> datetime:
    """The minute in which the window of that number begins.

    Counted from the first one, so that windows that began on the 31st do so again.
    """
    count, unit = _split(duration)
    return _utc(calendar.start + _CALENDAR[unit] * (count * number), calendar.zone)


def _utc(local: datetime, zone: ZoneInfo) -> datetime:
    """The moment a wall clock first shows that time; one it skips is read by the offset before."""
    return minute_of(local.replace(tzinfo=zone, fold=0))


def calendar_of(window: Mapping[str, Any]) -> Calendar | None:
    """The calendar of a time window as it is kept."""
    calendar = window["calendar"]
    if calendar is None:
        return None
    start = datetime.fromisoformat(calendar["start_time"])
    return Calendar(start, ZoneInfo(calendar["timezone"]))


def check_window(window: Mapping[str, Any], shortest: timedelta, longest: timedelta) -> None:
    """Refuse a time window whose length, start or time zone cannot be (422)."""
    pointer = "/time_window"
    if not shortest <= length_of(window["duration"]) <= longest:
        raise Invalid(
            f"A window lasts from {shortest} to {longest.days} days", pointer=f"{pointer}/duration"
        )
    if window["calendar"] is None:
        return
    if window["duration"][-1] not in _CALENDAR:
        raise Invalid(
            "A window of the calendar lasts days, weeks, months, quarters or years",
            pointer=f"{pointer}/duration",
        )
    start = datetime.fromisoformat(window["calendar"]["start_time"])
    if start.tzinfo is not None or not 1970 <= start.year < 2100:
        raise Invalid(
            "start_time is a wall-clock time without offset between 1970 and 2099",
            pointer=f"{pointer}/calendar/start_time",
        )
    zone_named(window["calendar"]["timezone"], f"{pointer}/calendar/timezone")
