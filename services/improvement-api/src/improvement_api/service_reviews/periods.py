"""The calendar periods that reviews look back over, by their labels. Pure."""

import re
from datetime import UTC, date, datetime, time
from typing import Final
from zoneinfo import ZoneInfo

from improvement_api.periods import months_later
from shared.errors import Invalid
from shared.timezones import zone_named

PERIODS_SHOWN: Final = 6  # the one reviewed and five before it
_LABEL: Final = re.compile(
    r"(?P<year>19\d\d|2[01]\d\d)(?:-Q(?P<quarter>[1-4])|-(?P<month>0[1-9]|1[0-2]))?"
)
_MONTHS: Final = {"year": 12, "quarter": 3, "month": 1}


def zone_of(name: str) -> ZoneInfo:
    """The IANA time zone of that name; 422 when there is none."""
    return zone_named(name, "/timezone")


def days_of(label: str) -> tuple[date, date]:
    """First day of a period such as 2026, 2026-Q1 or 2026-03, and first day after it."""
    first, months = _read(label)
    return first, months_later(first, months)


def bounds_of(label: str, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """[start, end) of a period in UTC: its local midnights."""
    first, following = days_of(label)
    start, end = (datetime.combine(day, time(), zone).astimezone(UTC) for day in (first, following))
    return start, end


def periods_until(label: str, count: int = PERIODS_SHOWN) -> list[str]:
    """A period and those of its length before it, `count` in all, the earliest first."""
    first, months = _read(label)
    return [_label(months_later(first, -months * n), months) for n in reversed(range(count))]


def _read(label: str) -> tuple[date, int]:
    """First day and length in months."""
    found = _LABEL.fullmatch(label)
    if found is None:
        raise Invalid(
            "period must be a year, quarter or month, such as 2026, 2026-Q1 or 2026-03",
            code="bad_period",
            pointer="/period",
        )
    year, quarter, month = (found[name] for name in ("year", "quarter", "month"))
    if quarter:
        return date(int(year), int(quarter) * 3 - 2, 1), 3
    return date(int(year), int(month or 1), 1), 1 if month else 12


def _label(first: date, months: int) -> str:
    if months == _MONTHS["year"]:
        return f"{first.year:04}"
    if months == _MONTHS["quarter"]:
        return f"{first.year:04}-Q{(first.month + 2) // 3}"
    return f"{first.year:04}-{first.month:02}"
