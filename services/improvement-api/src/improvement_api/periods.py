"""Months and quarters of UTC by their labels, and how figures compare with limits. Pure."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Final

from shared.schemas.metrics import Comparator


class Grain(StrEnum):
    """Length of the periods that figures are looked at over."""

    MONTH = "month"
    QUARTER = "quarter"


_MONTHS: Final = {Grain.MONTH: 1, Grain.QUARTER: 3}
_DAY: Final = timedelta(days=1)


def last_full_periods(grain: Grain, count: int, now: datetime) -> list[str]:
    """The labels of the last full periods, the oldest first."""
    current = _number(grain, now.astimezone(UTC).date())
    return [_label(grain, number) for number in range(current - count, current)]


def periods_between(grain: Grain, first: date, last: date) -> list[str]:
    """The labels of the periods that end from one day to another, both included."""
    start, end = _number(grain, first), _number(grain, last + _DAY)
    return [_label(grain, number) for number in range(start, end)]


def last_day_of(label: str) -> date:
    """The last day of a period."""
    year = int(label[:4])
    month = int(label[6]) * 3 if label[5] == "Q" else int(label[5:7])
    return date(year + month // 12, month % 12 + 1, 1) - _DAY


def months_later(day: date, months: int) -> date:
    """The first day of the month that is so many months later; of an earlier one if negative."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, 1)


def end_of(day: date) -> datetime:
    """The midnight with which a day ends."""
    return datetime.combine(day + _DAY, time(), UTC)


def _number(grain: Grain, day: date) -> int:
    """Periods since the year 0, up to the one that holds the day."""
    return (day.year * 12 + day.month - 1) // _MONTHS[grain]


def _label(grain: Grain, number: int) -> str:
    year, month = divmod(number * _MONTHS[grain], 12)
    return f"{year}-Q{month // 3 + 1}" if grain is Grain.QUARTER else f"{year}-{month + 1:02}"


Number = float | Decimal | Fraction


def exact(number: Number) -> Fraction:
    """A number as it is written: the float 0.1 is a tenth."""
    return Fraction(str(number)) if isinstance(number, float) else Fraction(number)


def meets(value: Number, comparator: Comparator, limit: Number) -> bool:
    """Whether a value compares so with a limit, exactly."""
    figure, bound = exact(value), exact(limit)
    match comparator:
        case Comparator.LT:
            return figure < bound
        case Comparator.LTE:
            return figure <= bound
        case Comparator.GT:
            return figure > bound
        case Comparator.GTE:
            return figure >= bound
