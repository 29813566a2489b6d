"""How the words and stamps of a tool are read. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from shared.schemas.metrics import IncidentState

REFOLD_JOB = "refold_source"
REFOLD_RECORDS_JOB = "refold_records"
CATALOG_SOURCE = "catalog"
"""The source of the catalog's own requests; it is built in, so no tool is registered by its key."""
CANONICAL = {state.value: state.value for state in IncidentState}
# "3", "3 - Moderate", "P3", "p3: moderate"
_LEADING_PRIORITY = re.compile(r"^[Pp]?([1-5])(?![0-9])")


@dataclass(frozen=True, slots=True)
class SourceRules:
    """A source as ingest needs it; `states` and `priorities` are keyed by folded words."""

    id: int
    key: str
    active: bool
    replaces: bool  # a snapshot source: each update replaces the record
    timezone: ZoneInfo | None
    states: Mapping[str, str]
    priorities: Mapping[str, int]


def source_rules(  # noqa: PLR0913 - one argument per column of a source that matters here
    *,
    id: int,  # noqa: A002 - the column's name
    key: str,
    active: bool,
    delivery: str,
    timezone: str | None,
    state_mapping: Mapping[str, str],
    priority_mapping: Mapping[str, int],
) -> SourceRules:
    return SourceRules(
        id=id,
        key=key,
        active=active,
        replaces=delivery == "snapshot",
        timezone=ZoneInfo(timezone) if timezone else None,
        states=states_of(state_mapping),
        priorities={folded(words): priority for words, priority in priority_mapping.items()},
    )


def folded(words: str) -> str:
    """Words of a tool compare without case and outer blanks."""
    return words.strip().casefold()


def states_of(mapping: Mapping[str, str]) -> dict[str, str]:
    """The source's own words, and the canonical spellings as they are."""
    return CANONICAL | {folded(words): state for words, state in mapping.items()}


def read_priority(
    sent: int | str | None, priorities: Mapping[str, int]
) -> tuple[int | None, str | None]:
    """(priority 1-5 or None, the tool's words); unknown words are kept and mean no priority."""
    if sent is None:
        return None, None
    words = str(sent)
    mapped = priorities.get(folded(words)) if priorities else None
    return mapped or _leading_priority(words), words


@lru_cache(maxsize=1024)
def _leading_priority(words: str) -> int | None:
    found = _LEADING_PRIORITY.match(words.strip())
    return int(found.group(1)) if found else None


def in_utc(stamp: datetime, timezone: ZoneInfo | None) -> datetime | None:
    """The stamp in UTC; None for a naive one of a source without a time zone.

    An hour that occurs twice in autumn is taken as its first occurrence.
    """
    if stamp.tzinfo is None:
        if timezone is None:
            return None
        stamp = stamp.replace(tzinfo=timezone)
    return stamp.astimezone(UTC)
