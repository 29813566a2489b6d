"""Updates of records of every kind, as tools send them."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from metrics_api.attribution.rules import Directory
from metrics_api.records.kinds import KINDS
from metrics_api.records.rules import StoredRecord, concluded, settle
from metrics_api.records.updates import RecordUpdate, accept, decode
from metrics_api.sources.rules import SourceRules, states_of
from shared.schemas.metrics import RecordKind

START = datetime(2026, 3, 1, 8, tzinfo=UTC)
OPENINGS = {
    RecordKind.REQUEST: "opened_at",
    RecordKind.CHANGE: "opened_at",
    RecordKind.OUTAGE: "started_at",
    RecordKind.SURVEY: "sent_at",
    RecordKind.INFRASTRUCTURE_EVENT: "occurred_at",
}
PATHS = {
    RecordKind.REQUEST: "requests",
    RecordKind.CHANGE: "changes",
    RecordKind.OUTAGE: "outages",
    RecordKind.SURVEY: "surveys",
    RecordKind.INFRASTRUCTURE_EVENT: "infrastructure-events",
}


def source(*, replaces: bool = True) -> SourceRules:
    states = states_of({"Awaiting Vendor": "on_hold"})
    return SourceRules(1, "desk", True, replaces, None, states, {})


SNAPSHOTS, EVENTS = source(), source(replaces=False)


def at(hours: float) -> datetime:
    return START + timedelta(hours=hours)


def sent(kind: RecordKind, hours: float = 0, /, **fields: Any) -> dict[str, Any]:
    """The JSON of an update made so many hours after the opening; ... takes a field away."""
    known = {
        "external_id": "1",
        "updated_at": at(hours).isoformat(),
        OPENINGS[kind]: at(0).isoformat(),
    }
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in (known | fields).items()
        if value is not ...
    }


def update(
    kind: RecordKind, hours: float = 0, /, *, by: SourceRules = SNAPSHOTS, **fields: Any
) -> RecordUpdate:
    of_kind, raw = KINDS[kind], json.dumps(sent(kind, hours, **fields)).encode()
    return accept(of_kind, decode(of_kind, raw), by)


def taken_in(*arrivals: list[RecordUpdate]) -> StoredRecord:
    """What becomes of a record whose updates arrive so, as the engine stores them."""
    stored: StoredRecord | None = None
    versions: list[RecordUpdate] = []
    for arrived in arrivals:
        known = {version.digest for version in versions}
        added = list({each.digest: each for each in arrived if each.digest not in known}.values())
        if added:
            late = stored is not None and any(each.order < stored.order for each in added)
            stored = settle(stored, versions if late else [], added, added[0].source, START)
            versions += added
    assert stored is not None
    return stored


def columns(*updates: RecordUpdate, directory: Directory | None = None) -> dict[str, Any]:
    """The columns of the end state of some updates of one record."""
    first = updates[0]
    known = directory or Directory(1, {}, {})
    return concluded(first.kind, taken_in(list(updates)), first.source, known)


def _stamps() -> st.SearchStrategy[str]:
    return st.integers(0, 5).map(lambda hours: at(hours).isoformat())


@st.composite
def updates(draw: st.DrawFn, kind: RecordKind) -> list[RecordUpdate]:
    """Some updates of one record, from a source of either delivery, with few distinct values so
    that they meet."""
    by = draw(st.sampled_from([SNAPSHOTS, EVENTS]))
    values: dict[str, st.SearchStrategy[Any]] = {
        "version": st.none() | st.integers(0, 2),
        "updated_at": st.none() | _stamps(),
        "title": st.none() | st.sampled_from(["a", "b"]),
        "service": st.sampled_from(["mail", "?", ""]),
        "extra": st.none() | st.dictionaries(st.sampled_from("xy"), st.integers(0, 2)),
    }
    if kind is RecordKind.SURVEY:
        values |= {"score": st.integers(1, 5), "kind": st.sampled_from(["csat", "odd"])}
    else:
        states = ["new", "Awaiting vendor", "closed", "resolved", "cancelled", "-100"]
        values["state"] = st.none() | st.sampled_from(states)
    values |= {name: st.none() | _stamps() for name in KINDS[kind].lasting}
    known = {"external_id": st.just("1"), OPENINGS[kind]: _stamps()}
    shapes = st.fixed_dictionaries(known, optional=values)
    raws = draw(st.lists(shapes, min_size=1, max_size=6))
    of_kind = KINDS[kind]
    return [accept(of_kind, decode(of_kind, json.dumps(raw).encode()), by) for raw in raws]
