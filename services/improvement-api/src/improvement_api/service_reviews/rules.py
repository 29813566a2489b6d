"""States of a service review, its periods, when the next is due, and what closes it."""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from shared.errors import Conflict, Forbidden, Invalid

PERIODS_SHOWN: Final = 6  # the one reviewed and five before it
_LABEL: Final = re.compile(
    r"(?P<year>19\d\d|2[01]\d\d)(?:-Q(?P<quarter>[1-4])|-(?P<month>0[1-9]|1[0-2]))?"
)
_MONTHS: Final = {"year": 12, "quarter": 3, "month": 1}


class ReviewState(StrEnum):
    SCHEDULED = "scheduled"
    HELD = "held"
    CLOSED = "closed"


MOVES: Final[Mapping[ReviewState, tuple[ReviewState, ...]]] = {
    ReviewState.SCHEDULED: (ReviewState.HELD,),
    ReviewState.HELD: (ReviewState.CLOSED,),
}


class PackState(StrEnum):
    """Of an ordered pack: not yet made, made, or never to be."""

    PENDING = "pending"
    MADE = "made"
    FAILED = "failed"


class ActionState(StrEnum):
    OPEN = "open"
    DONE = "done"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class Planned:
    """An action as closing looks at it."""

    name: str
    owner: str | None
    due_on: date | None


def zone_of(name: str) -> ZoneInfo:
    """The IANA time zone of that name; 422 when there is none."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise Invalid(
            "timezone must be the name of an IANA time zone, such as Europe/Vienna",
            code="unknown_timezone",
            pointer="/timezone",
        ) from None


def days_of(label: str) -> tuple[date, date]:
    """First day of a period such as 2026, 2026-Q1 or 2026-03, and first day after it."""
    first, months = _read(label)
    return first, _months_later(first, months)


def bounds_of(label: str, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """[start, end) of a period in UTC: its local midnights."""
    first, following = days_of(label)
    start, end = (datetime.combine(day, time(), zone).astimezone(UTC) for day in (first, following))
    return start, end


def periods_until(label: str, count: int = PERIODS_SHOWN) -> list[str]:
    """A period and those of its length before it, `count` in all, the earliest first."""
    first, months = _read(label)
    return [_label(_months_later(first, -months * n), months) for n in reversed(range(count))]


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


def _months_later(day: date, months: int) -> date:
    whole = day.year * 12 + day.month - 1 + months
    return date(whole // 12, whole % 12 + 1, 1)


def _label(first: date, months: int) -> str:
    if months == _MONTHS["year"]:
        return f"{first.year:04}"
    if months == _MONTHS["quarter"]:
        return f"{first.year:04}-Q{(first.month + 2) // 3}"
    return f"{first.year:04}-{first.month:02}"


def next_due(held_on: date, cadence_days: int | None, review_dates: Iterable[date]) -> date | None:
    """When the next review is due: a cadence after this one, or on the first review date of an
    agreement that lies ahead, whichever is earlier; None where neither says anything."""
    ahead = [day for day in review_dates if day > held_on]
    if cadence_days is not None:
        ahead.append(held_on + timedelta(days=cadence_days))
    return min(ahead, default=None)


def hash_of(text: str) -> str:
    """SHA-256, in hex, of a text in UTF-8: what an approval stands by."""
    return hashlib.sha256(text.encode()).hexdigest()


def is_overdue(state: ActionState, due_on: date | None, today: date) -> bool:
    return state is ActionState.OPEN and due_on is not None and due_on < today


def check_may_close(minutes_approved: bool, actions: Iterable[Planned]) -> None:
    """A review ends with approved minutes, and who does what until when (409)."""
    if not minutes_approved:
        raise Conflict(
            "A review is closed with minutes that its chair has approved",
            code="minutes_not_approved",
        )
    lacking = {
        one.name: [part for part in ("owner", "due_on") if getattr(one, part) is None]
        for one in actions
        if one.owner is None or one.due_on is None
    }
    if lacking:
        raise Conflict(
            "Every action needs an owner and a due date before the review is closed",
            code="actions_incomplete",
            actions=lacking,
        )


def check_approver(
    *, subject: str, kind: str, acting_for: str | None, chair: str, seen: str, text_hash: str
) -> None:
    """The chair approves in person (403), and what they have read (409)."""
    if kind != "user" or acting_for is not None:
        raise Forbidden(
            "Only a person can approve, and nobody in their place", code="not_in_person"
        )
    if subject != chair:
        raise Forbidden("Minutes are approved by the chair of the review", code="not_the_chair")
    if seen != text_hash:
        raise Conflict(
            "text_hash is not that of these minutes: read them again before you approve",
            code="minutes_changed",
            pointer="/text_hash",
        )
