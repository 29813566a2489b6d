"""The end state of an incident (rules.md, Records 1-8 and 13). Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from msgspec import UNSET

from metrics_api.clocks.promises import NOTHING_PROMISED, Terms
from metrics_api.clocks.rules import Life, clocked
from metrics_api.incidents.updates import IncidentIn, Update
from metrics_api.intake.updates import Order, order_of
from metrics_api.intake.words import channel_of, level_of, merged_extra, name_of
from metrics_api.sources.rules import SourceRules, folded, read_priority

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
    vendor: str | None  # the tool's words
    vendor_product: str | None  # key of the vendor product that the words mean
    touchpoint: str | None
    problem: str | None  # the tool's id of the problem behind it
    caused_by: str | None  # the tool's id of the change that caused it
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
    hold_us: int | None  # elapsed time on hold between opening and resolution
    business_us: int | None  # support time, see clocks.rules; None while unresolved
    response_due_at: datetime | None  # of a running clock; None: completed, paused or no target
    resolution_due_at: datetime | None
    response_late_from: datetime | None  # due_at, unless its calendar is closed then
    resolution_late_from: datetime | None
    response_met: bool | None  # of a completed clock
    resolution_met: bool | None
    clock_basis: str | None  # agreement:KEY@VERSION or scheme:KEY@VERSION
    extra: dict[str, Any] | None
    transitions: tuple[Transition, ...]  # in the order of the fold

    @property
    def major(self) -> bool:
        """Rule 13: the tool's flag, else priority 1."""
        return self.priority == 1 if self.major_flag is None else self.major_flag


class StoredIncident(NamedTuple):
    """What is kept of an incident beside its versions: the fold so far, its newest update."""

    pinned: bool  # attributed record by record: its service name no longer matters
    folded: FoldedIncident
    version: int | None
    updated_at: datetime | None
    stamped_at: datetime
    digest: bytes
    versions: int
    first_received_at: datetime
    last_received_at: datetime

    @property
    def order(self) -> Order:
        """The place of its newest update; what comes after it need not be folded again."""
        return order_of(self.version, self.updated_at, self.stamped_at, self.digest)


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What the end state of an incident takes from the catalog, beside its service."""

    terms: Terms
    vendor_product_of: Callable[[str | None], str | None]  # by the tool's words for a vendor


NOTHING_KNOWN = Knowledge(NOTHING_PROMISED, lambda _: None)
_NO_CLOCKS = (None,) * 9  # concluded at the end of the fold
BLANK = FoldedIncident._make([None] * len(FoldedIncident._fields))._replace(
    sends_resolved_at=False, reopened=False, transitions=()
)


def fold(
    updates: Sequence[Update],
    source: SourceRules,
    attribute: Callable[[str | None], str | None],
    previous: FoldedIncident | None = None,
    knowledge: Knowledge = NOTHING_KNOWN,
) -> FoldedIncident:
    """The end state after `updates`, which are in order and all come after `previous`.

    `attribute` gives the service for a name in the tool's words, or None. What is taken from the
    catalog is taken anew, so that the end state does not depend on what was known before.
    """
    state = previous or BLANK
    transitions = list(state.transitions)
    for update in updates:
        state = _applied(state, update, source, transitions)
    return concluded(state, attribute(state.service_name), knowledge, tuple(transitions))


def settle(  # noqa: PLR0913, PLR0917 - what is kept, what comes, by which lights
    before: StoredIncident | None,
    kept: Sequence[Update],
    added: Sequence[Update],
    source: SourceRules,
    attribute: Callable[[str | None], str | None],
    received_at: datetime,
    knowledge: Knowledge = NOTHING_KNOWN,
) -> StoredIncident:
    """The incident after `added` updates; `kept` ones are given if some of these come late."""
    if before is None:
        ordered = _in_order(added)
        folded = fold(ordered, source, attribute, None, knowledge)
        newest, pinned, known, first = ordered[-1], False, 0, received_at
    else:
        pinned, known, first = before.pinned, before.versions, before.first_received_at
        name_to_service = _pinned_to(before.folded.service) if pinned else attribute
        ordered = _in_order([*kept, *added])
        previous = None if kept else before.folded
        folded = fold(ordered, source, name_to_service, previous, knowledge)
        newest = ordered[-1]
    return StoredIncident(
        pinned,
        folded,
        newest.version,
        newest.updated_at,
        newest.stamped_at,
        newest.digest,
        known + len(added),
        first,
        received_at,
    )


def _in_order(updates: Sequence[Update]) -> Sequence[Update]:
    return updates if len(updates) == 1 else sorted(updates, key=_order)


def _order(update: Update) -> Order:
    return update.order


def _pinned_to(service: str | None) -> Callable[[str | None], str | None]:
    return lambda _: service


def _applied(
    last: FoldedIncident, update: Update, source: SourceRules, transitions: list[Transition]
) -> FoldedIncident:
    """The record after one update; what follows from it is concluded at the end of the fold."""
    sent = update.fields
    kept = BLANK if source.replaces else last
    priority, raw_priority = kept.priority, kept.raw_priority
    if sent.priority is not UNSET:
        priority, raw_priority = read_priority(sent.priority, source.priorities)
    raw_state = kept.raw_state if sent.state is UNSET else sent.state
    state = source.states.get(folded(raw_state)) if raw_state else None
    if state is None:
        state = last.state
    elif state != last.state:
        transitions.append(Transition(update.stamped_at, last.state, state))
    return FoldedIncident(
        None,
        kept.service_name if sent.service is UNSET else name_of(sent.service),
        state,
        raw_state,
        kept.title if sent.title is UNSET else sent.title,
        priority,
        raw_priority,
        kept.impact if sent.impact is UNSET else level_of(sent.impact),
        kept.urgency if sent.urgency is UNSET else level_of(sent.urgency),
        kept.channel if sent.channel is UNSET else channel_of(sent.channel),
        kept.assignment_group if sent.assignment_group is UNSET else sent.assignment_group,
        kept.vendor if sent.vendor is UNSET else sent.vendor,
        None,
        kept.touchpoint if sent.touchpoint is UNSET else channel_of(sent.touchpoint),
        kept.problem if sent.problem is UNSET else name_of(sent.problem),
        kept.caused_by if sent.caused_by is UNSET else name_of(sent.caused_by),
        kept.reassignment_count if sent.reassignment_count is UNSET else sent.reassignment_count,
        kept.reopen_count if sent.reopen_count is UNSET else sent.reopen_count,
        kept.first_contact if sent.first_contact is UNSET else sent.first_contact,
        kept.major_flag if sent.major is UNSET else sent.major,
        kept.opened_at if sent.opened_at is UNSET else sent.opened_at,
        kept.acknowledged_at if sent.acknowledged_at is UNSET else sent.acknowledged_at,
        # Rule 3: of the newest version that carries the field, also for a snapshot source.
        last.resolved_at if sent.resolved_at is UNSET else sent.resolved_at,
        last.sends_resolved_at or sent.resolved_at is not UNSET,
        kept.closed_at if sent.closed_at is UNSET else sent.closed_at,
        None,
        None,
        None,
        False,
        *_NO_CLOCKS,
        _extra(kept, sent),
        (),
    )


_PRIORITY = FoldedIncident._fields.index("priority")
_VENDOR_PRODUCT = FoldedIncident._fields.index("vendor_product")
_CONCLUSIONS = FoldedIncident._fields.index("acknowledgement_at")
_CONCLUSIONS_END = FoldedIncident._fields.index("clock_basis") + 1


def concluded(
    state: FoldedIncident,
    service: str | None,
    knowledge: Knowledge,
    transitions: tuple[Transition, ...],
) -> FoldedIncident:
    """What follows from the fields, the transitions and the service of an incident."""
    acknowledgement_at = state.acknowledged_at or _first_in_progress(transitions)
    resolution_at, exclusion = _resolution(state, transitions)
    life = Life(
        state.opened_at,
        acknowledgement_at,
        resolution_at,
        exclusion,
        state.state,
        # One that no tool sent was made of impact and urgency, and is made anew.
        None if state.raw_priority is None else state.priority,
        state.impact,
        state.urgency,
        transitions,
    )
    clocks = clocked(life, knowledge.terms.of(service))
    # By place and not by `_replace` with its fifteen names: it is hot.
    row = list(state)
    row[0], row[-1] = service, transitions
    row[_PRIORITY] = clocks.priority
    row[_VENDOR_PRODUCT] = knowledge.vendor_product_of(state.vendor) if state.vendor else None
    row[_CONCLUSIONS:_CONCLUSIONS_END] = (
        acknowledgement_at,
        resolution_at,
        exclusion,
        bool(state.reopen_count) or reopened(transitions),
        *clocks[1:],
    )
    return FoldedIncident._make(row)


def life_of(incident: FoldedIncident) -> Life:
    """What its clocks run over."""
    return Life(
        incident.opened_at,
        incident.acknowledgement_at,
        incident.resolution_at,
        incident.exclusion,
        incident.state,
        incident.priority,
        incident.impact,
        incident.urgency,
        incident.transitions,
    )


def _resolution(
    state: FoldedIncident, transitions: tuple[Transition, ...]
) -> tuple[datetime | None, str | None]:
    """Rule 3: (resolution time, why it does not count)."""
    if state.state not in RESOLVED:
        return None, None
    # The end state is resolved or closed: the last transition is the last one into either.
    at = state.resolved_at if state.sends_resolved_at else transitions[-1].at
    if at is None:
        return None, "no_resolution_time"
    if state.opened_at is None:
        return at, "no_opening_time"
    return at, "negative_duration" if at < state.opened_at else None


def _first_in_progress(transitions: tuple[Transition, ...]) -> datetime | None:
    """Rule 7, for tools that send no acknowledgement time."""
    return next((move.at for move in transitions if move.to_state == "in_progress"), None)


def reopened(transitions: Sequence[Transition]) -> bool:
    """Rule 6: some move back to an open state, with a resolution after it."""
    back = False
    for move in transitions:
        if move.from_state in RESOLVED and move.to_state in OPEN:
            back = True
        elif back and move.to_state in RESOLVED:
            return True
    return False


def _extra(kept: FoldedIncident, sent: IncidentIn) -> dict[str, Any] | None:
    return kept.extra if sent.extra is UNSET else merged_extra(kept.extra, sent.extra)
