"""A row of a ServiceNow incident event log as an update of an incident. Pure.

One row is one update; a snapshot: it carries the whole incident as it stood then. Stamps are
`d/m/Y HH:MM` in the log's own time zone, a missing value is `?` or nothing.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from typing import Any

MISSING = frozenset({"", "?"})
REQUIRED = ("number", "incident_state", "sys_mod_count", "sys_updated_at", "opened_at")
STATES = {
    "new": "new",
    "active": "in_progress",
    "in progress": "in_progress",
    "work in progress": "in_progress",
    "on hold": "on_hold",
    "resolved": "resolved",
    "closed": "closed",
    "canceled": "cancelled",
    "cancelled": "cancelled",
}
CHANNELS = {
    "direct opening": "portal",
    "self service": "portal",
    "self-service": "portal",
    "ivr": "phone",
    "event management": "monitoring",
    "walk-in": "on_site",
    "virtual agent": "chat",
}
EXTRA = (  # kept as they are: what the incident itself has no field for
    "incident_state", "subcategory", "cmdb_ci", "made_sla", "problem_id", "rfc", "caused_by",
    "closed_code",
)  # fmt: skip
COUNT_MAX = 1_000_000
TEXT_MAX = 200

_STAMP = re.compile(r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4}) ([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?")


class Unmappable(ValueError):
    """A row that is no update of an incident; `column` says where, the message says why."""

    def __init__(self, column: str, reason: str) -> None:
        super().__init__(reason)
        self.column = column
        self.reason = reason


@dataclass(frozen=True)
class LogFormat:
    """What the log does not say itself: which column names the service, which zone its clocks."""

    service_field: str
    timezone: tzinfo


Row = Mapping[str, str]


def incident_update(row: Row, log: LogFormat) -> dict[str, Any]:
    """The update in `row` as POST /v1/incidents/batch takes it; Unmappable where it is none.

    A column the log has and the row leaves empty is sent as null, so that a resolution time
    the tool never set is known to be missing and is not guessed from a transition.
    """
    number = _text(row, "number")
    if number is None:
        raise Unmappable("number", "the incident's number is missing")
    update: dict[str, Any] = {"external_id": number}
    for field, column, read in _FIELDS:
        if column in row:
            update[field] = read(row, column)
    for field, column in _STAMPS.items():
        if column in row:
            update[field] = _stamp(row, column, log.timezone)
    update["service"] = _text(row, log.service_field)
    extra = {column: _text(row, column) for column in EXTRA}
    update["extra"] = {column: value for column, value in extra.items() if value is not None}
    return update


def _text(row: Row, column: str) -> str | None:
    value = row.get(column, "").strip()
    if value in MISSING:
        return None
    if len(value) > TEXT_MAX:
        raise Unmappable(column, f"is longer than {TEXT_MAX} characters")
    if "\x00" in value:
        raise Unmappable(column, "holds a NUL character")
    return value


def _state(row: Row, column: str) -> str | None:
    """A state of ours, or the tool's own word where we know none: it changes no state."""
    value = _text(row, column)
    if value is None:
        return None
    known = STATES.get(value.lower())
    return known or ("on_hold" if value.lower().startswith("awaiting ") else value)


def _channel(row: Row, column: str) -> str | None:
    value = _text(row, column)
    return value and CHANNELS.get(value.lower(), value.lower())


def _count(row: Row, column: str) -> int | None:
    value = _text(row, column)
    if value is None:
        return None
    if not (value.isascii() and value.isdigit()) or int(value) > COUNT_MAX:
        raise Unmappable(column, f"{value[:40]!r} is no count")
    return int(value)


def _stamp(row: Row, column: str, timezone: tzinfo) -> str | None:
    value = row.get(column, "").strip()
    if value in MISSING:
        return None
    try:
        return parse_stamp(value, timezone)
    except ValueError:
        raise Unmappable(column, f"{value[:40]!r} is no stamp of the form d/m/Y HH:MM") from None


@lru_cache(maxsize=100_000)  # the minutes of a log repeat, and parsing is half the mapping's cost
def parse_stamp(text: str, timezone: tzinfo) -> str:
    """`29/2/2016 01:16` in `timezone` as RFC 3339 in UTC; ValueError where it is no such stamp."""
    parts = _STAMP.fullmatch(text)
    if parts is None:
        raise ValueError(text)
    day, month, year, hour, minute, second = (int(part or 0) for part in parts.groups())
    local = datetime(year, month, day, hour, minute, second, tzinfo=timezone)
    try:
        return local.astimezone(UTC).isoformat()
    except OverflowError:
        raise ValueError(text) from None


_FIELDS: tuple[tuple[str, str, Callable[[Row, str], Any]], ...] = (
    ("version", "sys_mod_count", _count),
    ("state", "incident_state", _state),
    ("title", "short_description", _text),
    ("priority", "priority", _text),
    ("impact", "impact", _text),
    ("urgency", "urgency", _text),
    ("channel", "contact_type", _channel),
    ("assignment_group", "assignment_group", _text),
    ("vendor", "vendor", _text),
    ("reassignment_count", "reassignment_count", _count),
    ("reopen_count", "reopen_count", _count),
)
_STAMPS = {
    "updated_at": "sys_updated_at",
    "opened_at": "opened_at",
    "resolved_at": "resolved_at",
    "closed_at": "closed_at",
}
