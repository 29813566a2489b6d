"""Which moments a calendar counts: wall-clock hours in a time zone, less the closed days.

A moment is open when its wall-clock reading lies in one of the intervals of its weekday and its
day is not closed. So the night in which clocks change is an hour shorter or longer, as it is for
the people on shift: 22:00 to 06:00 counts seven or nine hours.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from shared.schemas.agreements import CalendarVersionOut
from shared.schemas.catalog import Weekday

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
# How far ahead a due time is looked for.
HORIZON = timedelta(days=3660)
_DAYS = tuple(Weekday)


class HoursLike(Protocol):
    """A weekly interval as it is written: `start` and `end` as HH:MM, 24:00 is the day's end."""

    @property
    def day(self) -> Weekday: ...
    @property
    def start(self) -> str: ...
    @property
    def end(self) -> str: ...


@dataclass(frozen=True)
class Calendar:
    """What counting needs of a calendar version.

    `week` has for each weekday, Monday first, its intervals as offsets from midnight. Closed days
    are known from `first_year` to `last_year`; None where no country limits that.
    """

    zone: ZoneInfo
    week: tuple[tuple[tuple[timedelta, timedelta], ...], ...]
    closed: frozenset[date]
    first_year: int | None = None
    last_year: int | None = None


@dataclass(frozen=True)
class Interval:
    """[start, end) in UTC."""

    start: datetime
    end: datetime


class OutsideCalendar(Exception):
    """The public holidays of the asked time are not known to this version; the message says so."""


def calendar_from(
    timezone: str,
    weekly: Iterable[HoursLike],
    closed: Iterable[date],
    years: tuple[int | None, int | None] = (None, None),
) -> Calendar:
    """A calendar as it is counted with, from one as it is written."""
    week: list[list[tuple[timedelta, timedelta]]] = [[] for _ in _DAYS]
    for interval in weekly:
        bounds = _offset(interval.start), _offset(interval.end)
        week[_DAYS.index(interval.day)].append(bounds)
    days = tuple(tuple(sorted(hours)) for hours in week)
    return Calendar(ZoneInfo(timezone), days, frozenset(closed), *years)


def calendar_of(version: CalendarVersionOut) -> Calendar:
    """The calendar of a stored version."""
    closed = (day.date for day in version.closed_days)
    years = (version.first_year, version.last_year)
    return calendar_from(version.timezone, version.weekly, closed, years)


def _offset(clock_time: str) -> timedelta:
    hours, minutes = clock_time.split(":")
    return timedelta(hours=int(hours), minutes=int(minutes))


def open_intervals(calendar: Calendar, start: datetime, end: datetime) -> list[Interval]:
    """The open time in [start, end), in order; what touches is one interval.

    Raises OutsideCalendar when the holidays of a part of it are not known.
    """
    found: list[Interval] = []
    for one in _pieces(calendar, start.astimezone(UTC), end.astimezone(UTC)):
        if found and found[-1].end == one.start:
            found[-1] = Interval(found[-1].start, one.end)
        else:
            found.append(one)
    return found


def support_time(calendar: Calendar, start: datetime, end: datetime) -> timedelta:
    """The open time in [start, end), exactly."""
    pieces = _pieces(calendar, start.astimezone(UTC), end.astimezone(UTC))
    return sum((one.end - one.start for one in pieces), timedelta())


def support_minutes(calendar: Calendar, start: datetime, end: datetime) -> float:
    """The open minutes in [start, end)."""
    return support_time(calendar, start, end) / MINUTE


def add_support_minutes(calendar: Calendar, start: datetime, minutes: int) -> datetime | None:
    """The first moment by which that many open minutes have passed since `start`.

    None when the calendar is not open for so long within ten years.
    """
    left = minutes * MINUTE
    start = start.astimezone(UTC)
    if not left:
        return start
    for one in _pieces(calendar, start, start + HORIZON):
        if one.end - one.start >= left:
            return one.start + left
        left -= one.end - one.start
    return None


def covers(wide: Calendar, narrow: Calendar) -> bool:
    """Whether `wide` is open whenever `narrow` is, as far as that can be told for ever.

    Closed days are compared in the years that both know.
    """
    if wide.zone.key != narrow.zone.key and not _never_closes(wide):
        return False
    hours = zip(wide.week, narrow.week, strict=True)
    if not all(_contains(_joined(outer), inner) for outer, inner in hours):
        return False
    return all(
        day in narrow.closed or not _knows(narrow, day.year)
        for day in wide.closed
        if narrow.week[day.weekday()]
    )


def _never_closes(calendar: Calendar) -> bool:
    whole_day = [(timedelta(), DAY)]
    return not calendar.closed and all(_joined(hours) == whole_day for hours in calendar.week)


def _joined(hours: Sequence[tuple[timedelta, timedelta]]) -> list[tuple[timedelta, timedelta]]:
    """Intervals of a day in order, those that meet as one."""
    joined: list[tuple[timedelta, timedelta]] = []
    for begin, end in hours:
        if joined and joined[-1][1] == begin:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((begin, end))
    return joined


def _contains(
    outer: Sequence[tuple[timedelta, timedelta]], inner: Sequence[tuple[timedelta, timedelta]]
) -> bool:
    return all(any(start <= begin and end <= stop for start, stop in outer) for begin, end in inner)


def _knows(calendar: Calendar, year: int) -> bool:
    first, last = calendar.first_year, calendar.last_year
    return (first is None or first <= year) and (last is None or year <= last)


def _pieces(calendar: Calendar, start: datetime, end: datetime) -> Iterator[Interval]:
    """The open time of each day, split also where the offset from UTC changes."""
    for begin, stop, offset in _steady(calendar.zone, start, end):
        # Within a steady stretch the wall clock is UTC plus the offset.
        local_stop = stop.replace(tzinfo=None) + offset
        local = begin.replace(tzinfo=None) + offset
        day = local.date()
        while datetime.combine(day, time()) < local_stop:
            midnight = datetime.combine(day, time())
            for opens, closes in _hours_of(calendar, day):
                first = max(midnight + opens, local)
                last = min(midnight + closes, local_stop)
                if first < last:
                    yield Interval(
                        (first - offset).replace(tzinfo=UTC), (last - offset).replace(tzinfo=UTC)
                    )
            day += DAY


def _hours_of(calendar: Calendar, day: date) -> Sequence[tuple[timedelta, timedelta]]:
    if not _knows(calendar, day.year):
        raise OutsideCalendar(
            f"The public holidays of {day.year} are not known to this version of the calendar:"
            f" it knows those from {calendar.first_year} to {calendar.last_year}"
        )
    return () if day in calendar.closed else calendar.week[day.weekday()]


def _steady(
    zone: ZoneInfo, start: datetime, end: datetime
) -> Iterator[tuple[datetime, datetime, timedelta]]:
    """[start, end) cut where the zone's offset changes, each stretch with its offset."""
    begin = start
    while begin < end:
        offset = _offset_at(zone, begin)
        stop = _end_of_offset(zone, begin, end, offset)
        yield begin, stop, offset
        begin = stop


def _end_of_offset(zone: ZoneInfo, begin: datetime, end: datetime, offset: timedelta) -> datetime:
    """The first moment with another offset, or the end; no zone changes twice within a day."""
    at = begin
    while at < end:
        following = min(at + DAY, end)
        if _offset_at(zone, following) != offset:
            return min(_change_between(zone, at, following), end)
        at = following
    return end


def _change_between(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """The second of the change, when the offsets at both ends differ."""
    old = _offset_at(zone, before)
    base = before.replace(microsecond=0)
    seconds = range(int((after - base).total_seconds()) + 2)
    position = bisect_left(
        seconds,
        True,
        key=lambda second: _offset_at(zone, base + timedelta(seconds=second)) != old,
    )
    return base + timedelta(seconds=position)


def _offset_at(zone: ZoneInfo, moment: datetime) -> timedelta:
    offset = moment.astimezone(zone).utcoffset()
    assert offset is not None
    return offset
