"""The end state of an incident (rules.md, Records 1-8 and 13)."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from metrics_api.clocks.promises import terms_from
from metrics_api.incidents.rules import FoldedIncident, Knowledge, StoredIncident, fold, settle
from metrics_api.incidents.updates import Update, accept, decode
from metrics_api.sources.rules import SourceRules, states_of
from tests.support.promises import calendar, promised, scheme

START = datetime(2026, 3, 1, tzinfo=UTC)


def source(*, replaces: bool = True) -> SourceRules:
    states = states_of({"Awaiting Vendor": "on_hold"})
    return SourceRules(1, "desk", True, replaces, None, states, {})


SNAPSHOTS, EVENTS = source(), source(replaces=False)


def at(hours: float) -> str:
    return (START + timedelta(hours=hours)).isoformat()


def update(hours: float, *, by: SourceRules = SNAPSHOTS, **fields: Any) -> Update:
    """An update made so many hours after the opening."""
    known = {"external_id": "1", "updated_at": at(hours), "opened_at": at(0)}
    sent = {name: value for name, value in (known | fields).items() if value is not ...}
    return accept(decode(json.dumps(sent).encode()), by)


def end_state(*updates: Update) -> FoldedIncident:
    ordered = sorted(updates, key=lambda each: each.order)
    return fold(ordered, updates[0].source, lambda name: name)


# The scheme gives every resolution an hour or two of the office, every response a quarter.
PROMISED = {
    "calendar_version": {"office@1": calendar(timezone="Europe/Zurich")},
    "scheme_version": {
        "standard@1": scheme("standard", 1, promised(1, 15, 60), promised(2, 15, 120))
    },
    "scheme_choice": {"": {"service": "", "scheme": "standard"}},
}
KNOWN = Knowledge(terms_from(PROMISED), lambda vendor: "suite" if vendor == "Suite" else None)


def states(incident: FoldedIncident) -> list[str]:
    return [move.to_state for move in incident.transitions]


class TestOrder:
    def test_the_version_number_decides_before_the_update_time(self) -> None:
        folded = end_state(update(5, version=1, state="new"), update(1, version=2, state="closed"))

        assert folded.state == "closed"

    def test_a_missing_version_comes_before_every_version(self) -> None:
        folded = end_state(update(1, version=0, state="new"), update(9, state="closed"))

        assert folded.state == "new"

    def test_a_missing_update_time_comes_before_every_update_time(self) -> None:
        folded = end_state(
            update(1, state="new"), update(0, updated_at=..., closed_at=at(9), state="closed")
        )

        assert folded.state == "new"

    def test_without_update_times_the_latest_carried_stamp_decides(self) -> None:
        early = update(0, updated_at=..., state="new")
        late = update(0, updated_at=..., state="resolved", resolved_at=at(2))

        assert end_state(early, late).state == "resolved"
        assert end_state(late, early).transitions[-1].at == START + timedelta(hours=2)


class TestSources:
    def test_a_snapshot_replaces_the_record(self) -> None:
        folded = end_state(update(0, title="Down", priority=1), update(1))

        assert (folded.title, folded.priority) == (None, None)

    def test_an_event_sets_only_what_it_carries(self) -> None:
        folded = end_state(
            update(0, by=EVENTS, title="Down", priority=1, state="new"),
            update(1, by=EVENTS, opened_at=..., priority=None),
        )

        assert (folded.title, folded.priority, folded.state) == ("Down", None, "new")
        assert folded.opened_at == START

    def test_an_unknown_state_is_kept_and_changes_no_state(self) -> None:
        folded = end_state(update(0, state="Awaiting vendor"), update(1, state="-100"))

        assert (folded.state, folded.raw_state, states(folded)) == ("on_hold", "-100", ["on_hold"])

    def test_an_empty_name_or_a_question_mark_names_no_service(self) -> None:
        for name in ("", " ", "?", None):
            assert end_state(update(0, service=name)).service_name is None


class TestResolution:
    def test_the_tools_own_time_counts(self) -> None:
        folded = end_state(update(0, state="new"), update(9, state="closed", resolved_at=at(3)))

        assert folded.resolution_at == START + timedelta(hours=3)

    def test_it_stays_when_a_later_version_does_not_carry_the_field(self) -> None:
        folded = end_state(
            update(1, state="resolved", resolved_at=at(1)), update(9, state="closed")
        )

        assert folded.resolution_at == START + timedelta(hours=1)

    def test_the_newest_version_that_carries_it_decides(self) -> None:
        folded = end_state(
            update(1, state="resolved", resolved_at=at(1)),
            update(2, state="in_progress", resolved_at=None),
            update(9, state="closed"),
        )

        assert (folded.resolution_at, folded.exclusion) == (None, "no_resolution_time")

    def test_there_is_no_fall_back_to_the_closing_time(self) -> None:
        folded = end_state(update(9, state="closed", resolved_at=None, closed_at=at(9)))

        assert (folded.resolution_at, folded.exclusion) == (None, "no_resolution_time")

    def test_a_tool_without_the_field_resolves_by_its_last_transition(self) -> None:
        folded = end_state(
            update(0, state="new"), update(4, state="resolved"), update(6, state="closed")
        )

        assert folded.resolution_at == START + timedelta(hours=6)

    def test_an_open_or_cancelled_incident_has_none(self) -> None:
        for state in ("in_progress", "cancelled"):
            folded = end_state(update(4, state=state, resolved_at=at(3)))
            assert (folded.resolution_at, folded.exclusion) == (None, None)

    def test_a_resolution_before_the_opening_is_excluded(self) -> None:
        folded = end_state(update(4, state="resolved", resolved_at=at(-1)))

        assert folded.exclusion == "negative_duration"

    def test_a_resolution_of_what_was_never_opened_is_excluded(self) -> None:
        folded = end_state(update(4, by=EVENTS, opened_at=..., state="resolved"))

        assert folded.exclusion == "no_opening_time"


class TestReopened:
    def test_a_move_back_before_the_last_resolution_counts(self) -> None:
        folded = end_state(
            update(1, state="resolved"), update(2, state="in_progress"), update(3, state="closed")
        )

        assert folded.reopened

    def test_a_move_back_without_a_resolution_after_it_does_not(self) -> None:
        assert not end_state(update(1, state="closed"), update(2, state="in_progress")).reopened

    def test_from_resolved_to_closed_is_no_move_back(self) -> None:
        assert not end_state(update(1, state="resolved"), update(2, state="closed")).reopened

    def test_the_tools_count_is_enough(self) -> None:
        assert end_state(update(1, state="resolved", reopen_count=1)).reopened
        assert not end_state(update(1, state="resolved", reopen_count=0)).reopened


class TestAcknowledgement:
    def test_the_tools_time_stands_above_the_first_transition(self) -> None:
        folded = end_state(update(2, state="in_progress", acknowledged_at=at(1)))

        assert folded.acknowledgement_at == START + timedelta(hours=1)

    def test_else_it_is_the_first_move_to_in_progress(self) -> None:
        folded = end_state(
            update(1, state="new"),
            update(2, state="in_progress"),
            update(3, state="on_hold"),
            update(4, state="in_progress"),
        )

        assert folded.acknowledgement_at == START + timedelta(hours=2)


class TestMajor:
    def test_it_is_the_flag_and_else_priority_one(self) -> None:
        assert end_state(update(0, priority="1 - Critical")).major
        assert not end_state(update(0, priority=1, major=False)).major
        assert end_state(update(0, priority=4, major=True)).major


STATES = ["new", "in_progress", "on_hold", "resolved", "closed", "cancelled", "nonsense", None, ...]


@st.composite
def histories(draw: st.DrawFn) -> list[Update]:
    """Updates of one incident, by a tool of either kind, with every part sometimes absent."""
    by = draw(st.sampled_from([SNAPSHOTS, EVENTS]))
    hours = st.integers(0, 6).map(at)
    sometimes = st.none() | hours | st.just(...)
    made = []
    for _ in range(draw(st.integers(1, 7))):
        fields = {
            "updated_at": draw(hours | st.just(...)),
            "version": draw(st.integers(0, 3) | st.none() | st.just(...)),
            "state": draw(st.sampled_from(STATES)),
            "resolved_at": draw(sometimes),
            "acknowledged_at": draw(sometimes),
            "reopen_count": draw(st.sampled_from([0, 1, None, ...])),
            "service": draw(st.sampled_from(["mail", "?", ...])),
            "priority": draw(st.sampled_from([1, "x", None, ...])),
            "impact": draw(st.sampled_from(["high", "low", ...])),
            "urgency": draw(st.sampled_from(["high", None, ...])),
            "vendor": draw(st.sampled_from(["Suite", "other", ...])),
            "extra": draw(st.sampled_from([{"a": 1}, {"b": None}, None, ...])),
        }
        made.append(update(0, by=by, **fields))
    return made


def in_chunks(updates: list[Update], cuts: list[int]) -> StoredIncident:
    """What ingest makes of updates that arrive in this order, cut into chunks at these places."""
    kept: list[Update] = []
    stored: StoredIncident | None = None
    for start, end in zip([0, *cuts], [*cuts, len(updates)], strict=True):
        added: list[Update] = []
        for each in updates[start:end]:
            if each.digest not in {known.digest for known in (*kept, *added)}:
                added.append(each)
        if added:
            late = stored is not None and any(each.order < stored.order for each in added)
            versions = kept if late else []
            source = updates[0].source
            stored = settle(stored, versions, added, source, lambda name: name, START, KNOWN)
            kept += added
    assert stored is not None
    return stored


@given(histories(), st.data())
@settings(deadline=None)
def test_any_permutation_repetition_and_chunking_gives_one_end_state(
    history: list[Update], data: st.DataObject
) -> None:
    repeated = history + data.draw(st.lists(st.sampled_from(history), max_size=4))
    arrival = data.draw(st.permutations(repeated))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(arrival)), max_size=4)))

    at_once = in_chunks(history, [])
    in_pieces = in_chunks(arrival, cuts)

    assert in_pieces == at_once


@given(histories())
@settings(deadline=None)
def test_transitions_form_a_chain_that_ends_in_the_end_state(history: list[Update]) -> None:
    folded = end_state(*history)

    before = None
    for move in folded.transitions:
        assert move.from_state == before != move.to_state
        before = move.to_state
    assert folded.state == before
