"""Periods of accounts: whole calendar months, a running one up to today. Pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from typing import Final

from shared.errors import Invalid

MAX_MONTHS: Final = 60
_YEARS: Final = range(1900, 2200)
_LABEL: Final = re.compile(
    r"(?P<year>\d{4})(?:-Q(?P<quarter>[1-4])|-(?P<month>0[1-9]|1[0-2]))?", re.ASCII
)


@dataclass(frozen=True)
class Period:
    """The days [first, end); one that is not `complete` ends with today."""

    label: str
    first: date
    end: date
    complete: bool

    @property
    def begun(self) -> bool:
        """Whether it has a day yet."""
        return self.first < self.end


def parse_period(label: str, today: date, pointer: str = "/query/period") -> Period:
    """The period of a label: 2026, 2026-Q1 or 2026-03; 422 when it names none.

    Costs and consumption are kept by month: days and weeks are no periods of accounts.
    """
    found = _LABEL.fullmatch(label)
    if found is None or int(found["year"]) not in _YEARS:
        raise Invalid(
            f"{label[:40]!r} is no period of accounts; write 2026, 2026-Q1 or 2026-03",
            code="bad_period",
            pointer=pointer,
        )
    year = int(found["year"])
    if found["month"]:
        return _from_month(label, date(year, int(found["month"]), 1), 1, today)
    if found["quarter"]:
        return _from_month(label, date(year, 3 * int(found["quarter"]) - 2, 1), 3, today)
    return _from_month(label, date(year, 1, 1), 12, today)


def last_months(count: int, today: date) -> Period:
    """The whole months before the present one; its label names the first and the last."""
    end = today.replace(day=1)
    first = plus_months(end, -count)
    return Period(f"{first:%Y-%m}/{plus_months(end, -1):%Y-%m}", first, end, True)


def recent_periods(today: date) -> list[Period]:
    """The last whole twelve months, month, quarter and year: what others keep copies of."""
    this_month = today.replace(day=1)
    quarter = plus_months(this_month, -((today.month - 1) % 3) - 3)
    month, year = plus_months(this_month, -1), date(today.year - 1, 1, 1)
    return [
        last_months(12, today),
        _from_month(f"{month:%Y-%m}", month, 1, today),
        _from_month(f"{quarter.year}-Q{quarter.month // 3 + 1}", quarter, 3, today),
        _from_month(f"{year.year}", year, 12, today),
    ]


def month_range(first: date, last: date, today: date) -> list[Period]:
    """A period for each month from one to another, both included; 422 when they are too many."""
    if last < first:
        raise Invalid("to must not be before from", code="bad_range", pointer="/query/to")
    months = (last.year - first.year) * 12 + last.month - first.month + 1
    if months > MAX_MONTHS:
        raise Invalid(
            f"at most {MAX_MONTHS} months can be asked for at once",
            code="too_many_periods",
            pointer="/query/to",
        )
    starts = (plus_months(first, number) for number in range(months))
    return [_from_month(f"{start:%Y-%m}", start, 1, today) for start in starts]


def months_of(period: Period) -> Iterator[date]:
    """The first day of each month that the period has a day of."""
    month = period.first
    while month < period.end:
        yield month
        month = plus_months(month, 1)


def plus_months(first: date, count: int) -> date:
    """The first day of the month so many months later."""
    months = first.year * 12 + first.month - 1 + count
    return date(months // 12, months % 12 + 1, 1)


def _from_month(label: str, first: date, months: int, today: date) -> Period:
    following = plus_months(first, months)
    if following <= today:
        return Period(label, first, following, True)
    return Period(label, first, max(first, today + timedelta(days=1)), False)


def month_count(period: Period) -> Fraction:
    """How many months the days of a period are, a part of a month by its days."""
    return sum((_part_of_month(month, period) for month in months_of(period)), Fraction(0))


def _part_of_month(month: date, period: Period) -> Fraction:
    following = plus_months(month, 1)
    return Fraction((min(following, period.end) - month).days, (following - month).days)
