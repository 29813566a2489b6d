"""What every tool's module is made of: the result of reading, and how values are read. Pure."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from dateutil import parser as words_of_dates

from metrics_api.sources.tools.mapping import FieldMapping

KINDS = ("incident", "request", "change", "outage", "survey", "infrastructure_event")
IGNORE = "ignore"
"""What a kind mapping says of records that are not wanted."""
WORDS, TITLE, NOTE = 200, 1000, 500
EXTRA_AT_MOST = 60
_LARGEST_COUNT = 2**31 - 1
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_YES, _NO = frozenset({"true", "1", "yes"}), frozenset({"false", "0", "no"})
_DAY_FIRST = re.compile(r"^\d{1,2}/\d{1,2}/\d{4} \d{1,2}:\d{2}(?::\d{2})?$")
_MONTH_IN_WORDS = re.compile(r"^(?=.*[A-Za-z]{3})[A-Za-z0-9 ,.:+-]{6,40}$")


@dataclass(frozen=True, slots=True)
class Normalised:
    """A record in our words; `fields` are those of IncidentIn or of the kind's record.

    `ends` says that the fields belong to the open record whose id begins so: a tool that
    announces an end does not always say what it ends.
    """

    kind: str
    fields: dict[str, Any]
    ends: str | None = None


@dataclass(frozen=True, slots=True)
class Ignored:
    """A delivery, or a record in it, that is none for us, and why."""

    code: str
    text: str


class Unreadable(Exception):
    """A record that cannot be read by the present settings: corrected, it can be replayed."""

    def __init__(self, pointer: str, reason: str) -> None:
        super().__init__(reason)
        self.pointer, self.reason = pointer, reason


Read = Sequence[Normalised | Ignored]


@dataclass(frozen=True, slots=True)
class ToolConfig:
    """What a source says about its tool, as reading needs it; words are folded."""

    received_at: datetime
    timezone: ZoneInfo | None = None
    kinds: Mapping[str, str] = field(default_factory=dict)
    record_kind: str | None = None
    mapping: FieldMapping = field(default_factory=FieldMapping)

    def kind_of(self, words: str | None, built_in: Mapping[str, str], otherwise: str) -> str:
        """What the tool's word for a kind means: the source's mapping, ours, then the default."""
        known = fold(words or "")
        return self.kinds.get(known) or built_in.get(known) or self.record_kind or otherwise


def fold(words: str) -> str:
    return words.strip().casefold()


def text(value: object, limit: int = WORDS) -> str | None:
    """Scalars as words, None where there are none; objects and lists are no words."""
    if value is None or isinstance(value, dict | list):
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value).strip()[:limit].rstrip() or None


def whole(value: object) -> int | None:
    """A count of at least 0, also as text."""
    words = text(value)
    if words is None or not words.isascii() or not words.isdigit() or len(words) > 12:
        return None
    number = int(words)
    return number if number <= _LARGEST_COUNT else None


def flag(value: object) -> bool | None:
    known = fold(text(value) or "")
    return True if known in _YES else False if known in _NO else None


def inner(value: object, *names: str) -> Any:
    """Walk down objects; None where there is no such thing."""
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def table(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def rows(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def stamp(value: object, zone: ZoneInfo | None) -> datetime | None:
    """A moment in UTC, from any spelling of it that is not ambiguous; naive ones are of `zone`."""
    try:
        found = _moment(value)
        if found is None:
            return None
        if found.tzinfo is None:
            found = found.replace(tzinfo=zone or UTC)
        found = found.astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return found if 1900 <= found.year < 2200 else None


def _moment(value: object) -> datetime | None:
    if isinstance(value, datetime):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _since_1970(value)
    words = text(value)
    return None if words is None else _in_words(words)


def _in_words(words: str) -> datetime | None:
    if words.isascii() and words.isdigit():
        return _since_1970(int(words)) if len(words) in (10, 13, 16, 19) else None
    if _DAY_FIRST.match(words):  # ServiceNow's exports; a month is never first there
        spelling = "%d/%m/%Y %H:%M:%S" if words.count(":") == 2 else "%d/%m/%Y %H:%M"
        return datetime.strptime(words, spelling)  # noqa: DTZ007 - the zone comes from the source
    try:
        return datetime.fromisoformat(words)
    except ValueError:
        if not _MONTH_IN_WORDS.match(words):
            return None
    read: datetime = words_of_dates.parse(words, default=datetime(1900, 1, 1))  # noqa: DTZ001
    return read


def _since_1970(number: int | float) -> datetime | None:
    """Seconds, or milli-, micro- or nanoseconds, told apart by their size."""
    for divisor in (1, 10**3, 10**6, 10**9):
        if abs(number) < 10**11 * divisor:
            return _EPOCH + timedelta(microseconds=int(number * 10**6 // divisor))
    return None


class Record:
    """A record being put together; what is not understood goes to `extra`, nothing is lost."""

    def __init__(self, config: ToolConfig) -> None:
        self.zone = config.timezone
        self.fields: dict[str, Any] = {}
        self.extra: dict[str, Any] = {}

    def words(self, name: str, *values: object, limit: int = WORDS) -> None:
        """The first of the values that is words."""
        found = next((words for value in values if (words := text(value, limit))), None)
        if found is not None:
            self.fields[name] = found

    def count(self, name: str, value: object) -> None:
        found = whole(value)
        if found is not None:
            self.fields[name] = found

    def at(self, name: str, value: object) -> None:
        """A stamp, if there is one; one that cannot be read is kept as it is."""
        found = stamp(value, self.zone)
        if found is not None:
            self.fields[name] = found
        else:
            self.note(name, value)

    def at_or_null(self, name: str, record: Mapping[str, Any], key: str) -> None:
        """A stamp of a field that the tool has: an empty one says that there is none yet."""
        if key in record:
            self.fields[name] = stamp(record[key], self.zone)
            if self.fields[name] is None:
                self.note(name, record[key])

    def note(self, name: str, value: object) -> None:
        """Keep something that we have no field for."""
        words = text(value, NOTE)
        if words is not None and len(self.extra) < EXTRA_AT_MOST:
            self.extra[name[:WORDS]] = words

    def notes(self, record: Mapping[str, Any], names: Iterable[str]) -> None:
        for name in names:
            self.note(name, record.get(name))

    def finished(self, kind: str, config: ToolConfig, root: object) -> Normalised | Ignored:
        """The record of this kind, with what the source's field mapping finds in `root`."""
        if self.extra:
            self.fields["extra"] = self.extra
        kind = apply_mapping(self.fields, kind, config, root)
        if kind == IGNORE:
            return Ignored("kind_not_wanted", "the source's kind mapping ignores these records")
        if not self.fields.get("external_id"):
            return Ignored("no_identity", "the record carries no id")
        _give_a_stamp(self.fields, config)
        return Normalised(kind, self.fields)


STAMPED = (
    "updated_at",
    "opened_at",
    "acknowledged_at",
    "resolved_at",
    "closed_at",
    "started_at",
    "ended_at",
    "occurred_at",
    "cleared_at",
    "fulfilled_at",
    "completed_at",
    "planned_start_at",
    "planned_end_at",
    "due_at",
    "sent_at",
    "answered_at",
)
_COUNTS = frozenset({"reassignment_count", "reopen_count", "version", "score", "risk_score"})
_FLAGS = frozenset(
    {"first_contact", "major", "planned", "degraded", "emergency", "low_value", "met"}
)


def _give_a_stamp(fields: dict[str, Any], config: ToolConfig) -> None:
    """A record without any stamp was made when it came in: the tool says nothing better."""
    if not any(fields.get(name) for name in STAMPED):
        fields["updated_at"] = config.received_at


def apply_mapping(fields: dict[str, Any], kind: str, config: ToolConfig, root: object) -> str:
    """Put what the field mapping finds over the built-in reading; answers the kind."""
    for name, value in config.mapping.found_in(root):
        if value is None:
            continue
        if name == "kind":
            known = fold(text(value) or "")
            kind = config.kinds.get(known) or (known if known in (*KINDS, IGNORE) else kind)
        elif name.startswith("extra."):
            fields.setdefault("extra", {})[name[6:]] = _kept(value)
        else:
            fields[name] = _mapped(name, value, config)
    return kind


def _mapped(name: str, value: object, config: ToolConfig) -> Any:
    read: Any
    if name in STAMPED:
        read = stamp(value, config.timezone)
    elif name in _COUNTS:
        read = whole(value)
    elif name in _FLAGS:
        read = flag(value)
    else:
        read = text(value, TITLE if name in ("title", "comment") else WORDS)
    if read is None and value != "":
        pointer = f"/field_mapping/{name}"
        raise Unreadable(pointer, f"the mapping finds {str(value)[:100]!r}, no {name}")
    return read


def _kept(value: object) -> Any:
    return value if isinstance(value, bool | int | float | str) else str(value)[:NOTE]


def mapped_record(config: ToolConfig, root: object, otherwise: Ignored) -> Read:
    """The record of a body that the customer wrote, by the field mapping alone."""
    if "external_id" not in config.mapping.names:
        return [otherwise]
    return [Record(config).finished(config.record_kind or "incident", config, root)]


def unknown_body(tool: str) -> Ignored:
    return Ignored(
        "unknown_body",
        f"this is none of the bodies of {tool}; one that you wrote yourself needs a field mapping"
        " with external_id",
    )


def each(found: Iterable[object], read: Callable[[Any], Normalised | Ignored]) -> Read:
    """Read the objects of a list."""
    return [
        read(one) if isinstance(one, dict) else Ignored("no_record", "an entry is no JSON object")
        for one in found
    ]
