"""The end state of an incident (rules.md, Records 1-8 and 13). Pure."""

from datetime import datetime
from typing import Any, NamedTuple

RESOLVED = frozenset({"resolved", "closed"})
OPEN = frozenset({"new", "in_progress", "on_hold"})


class Transition(NamedTuple):
    """A move, timed by the stamp of the update that carried it; the first comes from None."""

    at: datetime
    from_state: str | None
    to_state: str


class FoldedIncident(NamedTuple):
    """The end state of one incident. A tuple and no dataclass: a million a minute are made.

    `acknowledged_at` and `resolved_at` are the tool's own; what counts for KPIs is
    `acknowledgement_at` (rule 7) and `resolution_at` (rule 3), both None where there is none.
    """

    service: str | None  # None: unattributed
    service_name: str | None  # the tool's words
    state: str | None  # None: no known state was ever sent
    raw_state: str | None
    title: str | None
    priority: int | None
    raw_priority: str | None
    impact: str | None
    urgency: str | None
    channel: str | None
    assignment_group: str | None
    vendor: str | None
    reassignment_count: int | None
    reopen_count: int | None
    first_contact: bool | None  # None: the tool sends no flag
    major_flag: bool | None
    opened_at: datetime | None  # None only for event sources that have not sent it yet
    acknowledged_at: datetime | None
    resolved_at: datetime | None
    sends_resolved_at: bool
    closed_at: datetime | None
    acknowledgement_at: datetime | None
    resolution_at: datetime | None  # set exactly if resolved and its time is known
    # no_resolution_time, no_opening_time, negative_duration: its resolution does not count
    exclusion: str | None
    reopened: bool
    extra: dict[str, Any] | None
    transitions: tuple[Transition, ...]  # in the order of the fold

    @property
    def major(self) -> bool:
        """Rule 13: the tool's flag, else priority 1."""
        return self.priority == 1 if self.major_flag is None else self.major_flag
