"""The end state of a record of any kind (rules.md, Records 1, 2 and 5). Pure.

A fold has two halves: what all versions together say (`settle`), and what follows from that by
the present meaning of words (`concluded`), which can be done again without the versions.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
from msgspec import UNSET

from metrics_api.attribution.rules import Directory
from metrics_api.incidents.rules import Transition
from metrics_api.intake.updates import Order, given, order_of
from metrics_api.intake.words import channel_of, level_of, merged_extra, name_of
from metrics_api.records.fields import RecordIn, StatefulIn, SurveyIn
from metrics_api.records.kinds import Kind
from metrics_api.records.updates import RecordUpdate
from metrics_api.sources.rules import CATALOG_SOURCE, SourceRules, folded, read_priority

_NOT_MERGED = frozenset({"source", "external_id", "version", "updated_at", "extra"})


class StoredRecord(NamedTuple):
    """What is kept of a record beside its versions: the fold so far, its newest update."""

    pinned: bool  # attributed record by record: its service name no longer matters
    service: str | None
    sent: RecordIn  # what all versions together say
    state: str | None  # None: no known state was ever sent
    transitions: tuple[Transition, ...]  # in the order of the fold
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


class Fold(NamedTuple):
    """What some updates in their order come to."""

    sent: RecordIn
    state: str | None
    transitions: tuple[Transition, ...]


def fold(
    updates: Sequence[RecordUpdate], source: SourceRules, previous: Fold | None = None
) -> Fold:
    """The end state after `updates`, which are in order and all come after `previous`."""
    sent = None if previous is None else previous.sent
    state = None if previous is None else previous.state
    moves = [] if previous is None else list(previous.transitions)
    for update in updates:
        sent = _merged(sent, update, source)
        words = given(getattr(sent, "state", None))
        known = source.states.get(folded(words)) if words else None
        if known is not None and known != state:
            moves.append(Transition(update.stamped_at, state, known))
            state = known
    assert sent is not None, "there is a previous state or an update"
    return Fold(sent, state, tuple(moves))


def settle(
    before: StoredRecord | None,
    kept: Sequence[RecordUpdate],
    added: Sequence[RecordUpdate],
    source: SourceRules,
    received_at: datetime,
) -> StoredRecord:
    """The record after `added` updates; `kept` ones are given if some of these come late."""
    ordered = sorted([*kept, *added], key=_order)
    previous = None
    if before is not None and not kept:
        previous = Fold(before.sent, before.state, before.transitions)
    end, newest = fold(ordered, source, previous), ordered[-1]
    return StoredRecord(
        pinned=before is not None and before.pinned,
        service=None if before is None else before.service,
        sent=end.sent,
        state=end.state,
        transitions=end.transitions,
        version=newest.version,
        updated_at=newest.updated_at,
        stamped_at=newest.stamped_at,
        digest=newest.digest,
        versions=len(added) + (0 if before is None else before.versions),
        first_received_at=received_at if before is None else before.first_received_at,
        last_received_at=received_at,
    )


def concluded(
    kind: Kind, record: StoredRecord, source: SourceRules, directory: Directory
) -> dict[str, Any]:
    """The columns of the record's table but for identity and newest version (a change's risk is
    still to come)."""
    sent = record.sent
    name, customer = name_of(given(sent.service)), name_of(given(sent.customer))
    vendor = given(sent.vendor)
    service = directory.service_of(source.key, name)
    if source.key != CATALOG_SOURCE:  # which names customers by their keys
        customer = directory.customer_of(customer)
    return {
        "service": record.service if record.pinned else service,
        "service_name": name,
        "service_pinned": record.pinned,
        "state": record.state,
        **_words_of_state(sent, source),
        "title": given(sent.title),
        "channel": channel_of(given(sent.channel)),
        "touchpoint": channel_of(given(sent.touchpoint)),
        "customer": customer,
        "vendor": vendor,
        "vendor_product": directory.vendor_product_of(vendor),
        "assignment_group": given(sent.assignment_group),
        "extra": given(sent.extra),
        **kind.concluded(sent, record.state, record.transitions),
    }


def _words_of_state(sent: RecordIn, source: SourceRules) -> dict[str, Any]:
    if not isinstance(sent, StatefulIn):
        return dict.fromkeys(("raw_state", "priority", "raw_priority", "impact", "urgency"))
    priority, raw_priority = read_priority(given(sent.priority), source.priorities)
    return {
        "raw_state": given(sent.state),
        "priority": priority,
        "raw_priority": raw_priority,
        "impact": level_of(given(sent.impact)),
        "urgency": level_of(given(sent.urgency)),
    }


def _order(update: RecordUpdate) -> Order:
    return update.order


def _merged(kept: RecordIn | None, update: RecordUpdate, source: SourceRules) -> RecordIn:
    """What was said after one update more."""
    carried = update.fields
    if kept is None or source.replaces:
        merged = msgspec.structs.replace(carried, version=UNSET, updated_at=UNSET)
        for name in update.kind.lasting if kept is not None else ():
            if getattr(merged, name) is UNSET:
                setattr(merged, name, getattr(kept, name))
    else:
        merged = _with_carried(kept, carried)
    if isinstance(carried, SurveyIn) and isinstance(merged, SurveyIn):
        _stamp_answer(merged, carried, kept, update.stamped_at)
    return merged


def _with_carried(kept: RecordIn, carried: RecordIn) -> RecordIn:
    """An event sets only the fields that it carries."""
    merged = msgspec.structs.replace(kept)
    for name in carried.__struct_fields__:
        if name not in _NOT_MERGED and (value := getattr(carried, name)) is not UNSET:
            setattr(merged, name, value)
    if carried.extra is not UNSET:
        merged.extra = merged_extra(given(kept.extra), carried.extra)
    return merged


def _stamp_answer(
    merged: SurveyIn, carried: SurveyIn, kept: RecordIn | None, stamped_at: datetime
) -> None:
    """A new score that comes without the time of the answer was given when it was told."""
    if given(carried.score) is None or carried.answered_at is not UNSET:
        return
    known = isinstance(kept, SurveyIn) and kept.score == carried.score
    if not known or not merged.answered_at:
        merged.answered_at = stamped_at
