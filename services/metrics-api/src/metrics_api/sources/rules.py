"""How the words and stamps of a tool are read. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from metrics_api.sources.tools.registry import tool_of
from shared.schemas.metrics import IncidentState

REFOLD_JOB = "refold_source"
REFOLD_RECORDS_JOB = "refold_records"
CATALOG_SOURCE = "catalog"
"""The source of the catalog's own requests; it is built in, so no tool is registered by its key."""
CANONICAL = {state.value: state.value for state in IncidentState}
# "Waiting for customer [indeterminate]", "Done [done: Won't Do]"
_QUALIFIED = re.compile(r"^(?P<name>.+) \[(?P<class>[^\]:]+)(?P<detail>: [^\]]+)?\]$")
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
    kind: str = "generic",
) -> SourceRules:
    """The source's own mappings stand above those that its kind of tool has built in."""
    tool = tool_of(kind)
    own_priorities = {folded(words): priority for words, priority in priority_mapping.items()}
    return SourceRules(
        id=id,
        key=key,
        active=active,
        replaces=delivery == "snapshot",
        timezone=ZoneInfo(timezone) if timezone else None,
        states=states_of(state_mapping, tool.states),
        priorities={**tool.priorities, **own_priorities},
    )


def folded(words: str) -> str:
    """Words of a tool compare without case and outer blanks."""
    return words.strip().casefold()


class States(dict[str, str]):
    """States by folded words. Words may be qualified, `name [class]` or `name [class: detail]`:
    what is known of them is looked up in the order whole, class with detail, name, class."""

    def get(self, words: str, default: Any = None) -> Any:
        look_up = super().get
        found = look_up(words)
        if found is None and words.endswith("]"):
            parts = _QUALIFIED.match(words)
            if parts is not None:
                name, sort, detail = parts.groups()
                detailed = f"{sort}{detail}" if detail else name
                known = (look_up(each) for each in (detailed, name, sort))
                found = next(filter(None, known), None)
        return default if found is None else found


def states_of(
    mapping: Mapping[str, str], built_in: Mapping[str, str] = MappingProxyType({})
) -> States:
    """The source's own words, then those of its tool, then the canonical spellings as they are."""
    own = {folded(words): state for words, state in mapping.items()}
    return States({**CANONICAL, **built_in, **own})


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
