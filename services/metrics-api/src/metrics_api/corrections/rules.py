"""Corrections: stretches of time that an error budget is not charged for. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import islice
from typing import Any, Final
from zoneinfo import ZoneInfo

from dateutil.rrule import DAILY, MONTHLY, WEEKLY, YEARLY, rrule, weekday

from metrics_api.measures.rules import Stretch
from shared.errors import FieldError, Invalid
from shared.timezones import zone_named


class CorrectionCategory(StrEnum):
    SCHEDULED_MAINTENANCE = "scheduled_maintenance"
    OUTSIDE_BUSINESS_HOURS = "outside_business_hours"
    DEPLOYMENT = "deployment"
    OTHER = "other"


class CorrectionState(StrEnum):
    REQUESTED = "requested"
    APPROVED = "approved"
    REJECTED = "rejected"
    REVOKED = "revoked"


MOVES: Final[Mapping[CorrectionState, tuple[CorrectionState, ...]]] = {
    CorrectionState.REQUESTED: (CorrectionState.APPROVED, CorrectionState.REJECTED),
    CorrectionState.APPROVED: (CorrectionState.REVOKED,),
    CorrectionState.REJECTED: (),
    CorrectionState.REVOKED: (),
}
EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)
MOST_OCCURRENCES: Final = 5_000
"""That a COUNT may ask for."""
_A_DAY: Final = timedelta(days=1)
_FREQUENCIES: Final = {"DAILY": DAILY, "WEEKLY": WEEKLY, "MONTHLY": MONTHLY, "YEARLY": YEARLY}
_PERIODS: Final = {
    DAILY: timedelta(days=1),
    WEEKLY: timedelta(weeks=1),
    MONTHLY: timedelta(days=28),
    YEARLY: timedelta(days=365),
}
_MONTHS: Final = {MONTHLY: 1, YEARLY: 12}
_WEEKDAYS: Final = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


@dataclass(frozen=True)
class Recurrence:
    """The parts of a rule as dateutil takes them; `until` is in UTC or a local wall clock."""

    frequency: int
    options: Mapping[str, Any]
    count: int | None
    until: datetime | None


def parse_rule(rule: str) -> Recurrence:
    """The recurrence that a rule of RFC 5545 means, of the parts that we know; ValueError else."""
    parts = dict(_part(one) for one in rule.upper().removeprefix("RRULE:").split(";"))
    if len(parts) != rule.count(";") + 1:
        raise ValueError("each part is given once")
    frequency = _FREQUENCIES.get(parts.pop("FREQ", ""))
    if frequency is None:
        raise ValueError(f"FREQ is one of {', '.join(_FREQUENCIES)}")
    until = _until(parts.pop("UNTIL")) if "UNTIL" in parts else None
    if until is not None and "COUNT" in parts:
        raise ValueError("COUNT and UNTIL exclude each other")
    count = _numbers(parts.pop("COUNT"), 1, MOST_OCCURRENCES)[0] if "COUNT" in parts else None
    options: dict[str, Any] = {}
    for name, text in parts.items():
        if name not in _READERS:
            raise ValueError(f"{name} is not supported")
        options |= _READERS[name](text)
    return Recurrence(frequency, options, count, until)


def _part(text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not (separator and name and value):
        raise ValueError("a rule has parts such as FREQ=WEEKLY, with ; between them")
    return name, value


def _until(text: str) -> datetime:
    """A day, a wall-clock time, or a moment in UTC."""
    if len(text) == 8:
        return datetime.strptime(text, "%Y%m%d").replace(hour=23, minute=59)  # noqa: DTZ007 - local
    if text.endswith("Z"):
        return datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    return datetime.strptime(text, "%Y%m%dT%H%M%S")  # noqa: DTZ007 - local


def _numbers(text: str, low: int, high: int) -> list[int]:
    numbers = [int(one) for one in text.split(",")]
    if not all(low <= number <= high and number for number in numbers):
        raise ValueError(f"{text} does not lie between {low} and {high}")
    return numbers


def _weekdays(text: str) -> list[weekday]:
    found = []
    for one in text.split(","):
        day, ordinal = one[-2:], one[:-2]
        if day not in _WEEKDAYS or (ordinal and not -5 <= int(ordinal) <= 5):
            raise ValueError(f"{one} is no weekday such as MO or -1SU")
        number = int(ordinal) if ordinal else None
        found.append(weekday(_WEEKDAYS.index(day), number))
    return found


_READERS: Final[Mapping[str, Callable[[str], dict[str, Any]]]] = {
    "INTERVAL": lambda text: {"interval": _numbers(text, 1, 1_000)[0]},
    "BYDAY": lambda text: {"byweekday": _weekdays(text)},
    "BYMONTHDAY": lambda text: {"bymonthday": _numbers(text, -31, 31)},
    "BYMONTH": lambda text: {"bymonth": _numbers(text, 1, 12)},
    "WKST": lambda text: {"wkst": _weekdays(text)[0]},
}


def duration_of(start: datetime, end: datetime | None, duration_minutes: int | None) -> int:
    """The minutes of an occurrence, of its end or its duration; 422 for both or neither."""
    if (end is None) == (duration_minutes is None):
        raise Invalid("Give either end or duration_minutes", code="one_of", pointer="/end")
    if end is None:
        assert duration_minutes is not None, "one of them is given"
        return duration_minutes
    minutes = (end - start) / timedelta(minutes=1)
    if minutes < 1 or minutes > 527_040 or minutes != int(minutes):
        raise Invalid(
            "end lies whole minutes after start, a year at most", code="bad_end", pointer="/end"
        )
    return int(minutes)


def check_correction(correction: Mapping[str, Any]) -> None:
    """Refuse a correction whose times cannot be read (422)."""
    errors = []
    start = correction["start"]
    if start.second or start.microsecond or start < EARLIEST:
        errors.append(FieldError("/start", "start is a whole minute after 1999"))
    zone = zone_named(correction["timezone"], "/timezone")
    if correction["rrule"] is not None:
        errors += _rule_errors(correction["rrule"], start, zone, correction["duration_minutes"])
    if errors:
        raise Invalid(errors[0].detail, errors=errors)


def _rule_errors(rule: str, start: datetime, zone: ZoneInfo, minutes: int) -> list[FieldError]:
    try:
        recurrence = parse_rule(rule)
        interval = recurrence.options.get("interval", 1)
        if timedelta(minutes=minutes) > interval * _PERIODS[recurrence.frequency]:
            return [FieldError("/duration_minutes", "An occurrence outlasts the rule's period")]
        _rule(recurrence, _wall_clock(start, zone), zone, start)
    except (ValueError, OverflowError) as error:
        return [FieldError("/rrule", f"rrule cannot be read: {error}", "bad_rule")]
    return []


def stretches_of(correction: Mapping[str, Any], window: Stretch) -> list[Stretch]:
    """The occurrences of a correction that touch a window, in order.

    A rule follows the wall clock of its zone, so that Sunday at two stays that when clocks
    change; each occurrence lasts as long as its minutes say.
    """
    length = timedelta(minutes=correction["duration_minutes"])
    start: datetime = correction["start"].astimezone(UTC)
    begins = [start] if correction["rrule"] is None else _begins(correction, start, window)
    return [
        Stretch(begin, begin + length)
        for begin in begins
        if begin < window.end and begin + length > window.start
    ]


def _wall_clock(moment: datetime, zone: ZoneInfo) -> datetime:
    return moment.astimezone(zone).replace(tzinfo=None)


def _begins(correction: Mapping[str, Any], start: datetime, window: Stretch) -> list[datetime]:
    """When the occurrences of a rule begin that may touch the window, and perhaps some before and
    after; the first one when it was said."""
    zone = ZoneInfo(correction["timezone"])
    first = _wall_clock(start, zone)
    recurrence = _spelt_out(parse_rule(correction["rrule"]), first)
    over = window.start - timedelta(minutes=correction["duration_minutes"]) - _A_DAY
    near = _near(recurrence, first, _wall_clock(over, zone))
    occurrences = islice(_rule(recurrence, near, zone, window.end), recurrence.count)
    begins = [
        start if one == first else one.replace(tzinfo=zone).astimezone(UTC) for one in occurrences
    ]
    until = recurrence.until
    if until is None or until.tzinfo is None:
        return begins
    return [begin for begin in begins if begin <= until]


def _spelt_out(recurrence: Recurrence, first: datetime) -> Recurrence:
    """With what a rule takes from its first occurrence (RFC 5545, 3.3.10), unless it says it."""
    said = recurrence.options
    if recurrence.frequency not in _MONTHS or "byweekday" in said or "bymonthday" in said:
        return recurrence
    taken = {"bymonthday": first.day}
    if recurrence.frequency == YEARLY:
        taken["bymonth"] = first.month
    return replace(recurrence, options={**taken, **said})


def _near(recurrence: Recurrence, first: datetime, over: datetime) -> datetime:
    """From where to follow a rule whose occurrences before `over` are of no interest.

    A whole number of its intervals after its first occurrence: to follow a daily rule through
    decades takes a tenth of a second. One with a COUNT must be counted from its beginning.
    """
    if recurrence.count is not None or over <= first:
        return first
    interval: int = recurrence.options.get("interval", 1)
    if recurrence.frequency not in _MONTHS:
        step = interval * _PERIODS[recurrence.frequency]
        return first + (over - first) // step * step
    months = interval * _MONTHS[recurrence.frequency]
    skipped = ((over.year - first.year) * 12 + over.month - first.month) // months * months
    if not skipped:
        return first
    year, month = divmod(first.year * 12 + first.month - 1 + skipped, 12)
    return first.replace(year=year, month=month + 1, day=1)


def _rule(recurrence: Recurrence, start: datetime, zone: ZoneInfo, latest: datetime) -> rrule:
    """The rule from a wall-clock start on, up to a moment: none is followed for ever.

    To a day after it, since a wall clock that goes back shows a later time before it. A COUNT is
    left to the reader: dateutil would look for the last of 30th Februaries.
    """
    own = recurrence.until
    if own is not None and own.tzinfo is not None:
        latest = min(latest, own)
    until = _wall_clock(latest + _A_DAY, zone)
    if own is not None and own.tzinfo is None:
        until = min(until, own)
    return rrule(recurrence.frequency, start, until=until, **recurrence.options)
