"""Periods: stretches of calendar time in a time zone, and how they are cut into UTC days. Pure."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from shared.errors import Invalid
from shared.timezones import zone_named

MAX_PERIODS: Final = 400
_YEARS: Final = range(1900, 2200)
_DAY: Final = timedelta(days=1)
_PERIODS: Final = "/query/periods"
_LABEL: Final = re.compile(
    r"(?P<year>\d{4})"
    r"(?:-Q(?P<quarter>[1-4])|-W(?P<week>\d{2})|-(?P<month>\d{2})(?:-(?P<day>\d{2}))?)?",
    re.ASCII,
)


class Grain(StrEnum):
    """Length of the periods of a series."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


@dataclass(frozen=True)
class Period:
    """[start, end) in UTC. An unfinished one ends now and is not `complete`.

    `first_day` and `last_day` are local days, the latter the day of its last moment.
    """

    label: str
    start: datetime
    end: datetime
    complete: bool
    first_day: date
    last_day: date


class Span(NamedTuple):
    """[start, end) in UTC under a number `n`; without a start: from the first record on."""

    n: int
    start: datetime | None
    end: datetime


@dataclass(frozen=True)
class Pieces:
    """A span cut at UTC midnights: whole months, whole days beside them, and rests of days."""

    months: tuple[tuple[date, date], ...]
    days: tuple[tuple[date, date], ...]
    edges: tuple[tuple[datetime, datetime], ...]


def parse_zone(name: str) -> ZoneInfo:
    """The IANA time zone of that name; 422 when there is none."""
    return zone_named(name, "/query/timezone")


def parse_period(label: str, zone: ZoneInfo, now: datetime, pointer: str = _PERIODS) -> Period:
    """The period that a label such as 2016-Q1 names; 422 when it names none."""
    first, following = _days_of(label, pointer)
    start, end = _midnight(first, zone), _midnight(following, zone)
    if end <= now:
        return Period(label, start, end, True, first, following - _DAY)
    today = now.astimezone(zone).date()
    return Period(label, start, max(start, now), False, first, max(first, today))


def parse_periods(labels: Iterable[str], zone: ZoneInfo, now: datetime) -> list[Period]:
    """The periods in the order asked, each once; 422 when one is none or they are too many."""
    asked = dict.fromkeys(label.strip() for label in labels)
    if len(asked) > MAX_PERIODS:
        raise _bad_period(f"at most {MAX_PERIODS} periods can be asked for at once")
    return [parse_period(label, zone, now) for label in asked]


def labels_between(grain: Grain, first: date, last: date) -> list[str]:
    """Labels of the periods from the one that holds `first` to the one that holds `last`."""
    if last < first:
        raise Invalid("to must not be before from", code="bad_range", pointer="/query/to")
    if first.year not in _YEARS or last.year not in _YEARS:
        raise Invalid(
            "from and to must lie between 1900 and 2199", code="bad_range", pointer="/query/from"
        )
    labels: list[str] = []
    day = first
    while day <= last:
        if len(labels) == MAX_PERIODS:
            raise Invalid(
                f"from, to and grain ask for more than {MAX_PERIODS} periods",
                code="too_many_periods",
                pointer="/query/to",
            )
        labels.append(_label_of(grain, day))
        day = _days_of(labels[-1])[1]
    return labels


def _label_of(grain: Grain, day: date) -> str:
    week = day.isocalendar()
    return {
        Grain.DAY: f"{day:%Y-%m-%d}",
        Grain.WEEK: f"{week.year}-W{week.week:02}",
        Grain.MONTH: f"{day:%Y-%m}",
        Grain.QUARTER: f"{day.year}-Q{(day.month + 2) // 3}",
        Grain.YEAR: f"{day.year}",
    }[grain]


def _days_of(label: str, pointer: str = _PERIODS) -> tuple[date, date]:
    """First day of a period and of the one after it."""
    found = _LABEL.fullmatch(label)
    if found is None or int(found["year"]) not in _YEARS:
        raise _bad_period(f"{label[:40]!r} is no period", pointer)
    year = int(found["year"])
    try:
        if found["week"]:
            monday = date.fromisocalendar(year, int(found["week"]), 1)
            return monday, monday + 7 * _DAY
        if found["day"]:
            day = date(year, int(found["month"]), int(found["day"]))
            return day, day + _DAY
        if found["month"]:
            return _months(year, int(found["month"]), 1)
    except ValueError:
        raise _bad_period(f"{label!r} is not in the calendar", pointer) from None
    if found["quarter"]:
        return _months(year, 3 * int(found["quarter"]) - 2, 3)
    return _months(year, 1, 12)


def _months(year: int, month: int, count: int) -> tuple[date, date]:
    months = year * 12 + month - 1 + count
    return date(year, month, 1), date(months // 12, months % 12 + 1, 1)


def _bad_period(reason: str, pointer: str = _PERIODS) -> Invalid:
    return Invalid(
        f"{reason}; write 2016, 2016-Q1, 2016-03, 2016-W05 or 2016-03-01",
        code="bad_period",
        pointer=pointer,
    )


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    """The moment a local day begins. One that has no midnight begins when the clocks jump."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def spans_up_to(moments: Iterable[datetime]) -> list[Span]:
    """Spans without gap or overlap, from the first record to the last moment, cut at each.

    A period's sums are those of the spans in it, and a level at a moment is the sum of all
    spans before it, so each record is read once, however the periods overlap.
    """
    first, *others = sorted(set(moments))
    later = [Span(n, *ends) for n, ends in enumerate(pairwise([first, *others]), 1)]
    return [Span(0, None, first), *later]


def decompose(start: datetime, end: datetime) -> Pieces:
    """Cut [start, end) into whole UTC months, whole UTC days outside them, and the rests of days.

    The pieces do not overlap and make up the span.
    """
    first = _day_from(start)
    last = end.date()  # begins no later than `end`
    if first >= last:
        return Pieces((), (), ((start, end),) if start < end else ())
    edges = [(start, _utc(first)), (_utc(last), end)]
    months: list[tuple[date, date]] = []
    days = [(first, last)]
    month_first, month_last = _month_from(first), last.replace(day=1)
    if month_first < month_last:
        months = [(month_first, month_last)]
        days = [(first, month_first), (month_last, last)]
    return Pieces(
        tuple(months),
        tuple((low, high) for low, high in days if low < high),
        tuple((low, high) for low, high in edges if low < high),
    )


def _utc(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _day_from(stamp: datetime) -> date:
    """The first UTC day that begins at or after a moment."""
    day = stamp.date()
    return day if stamp == _utc(day) else day + _DAY


def _month_from(day: date) -> date:
    """The first day of the first month that begins on or after a day."""
    if day.day == 1:
        return day
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)
