"""What follows from what was sent, kind by kind."""

from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics_api.records.conclusions import SCORES, answer, met, outage_end, outcome
from shared.schemas.metrics import RecordKind
from tests.support.records import EVENTS, at, columns, update

REQUEST, CHANGE, OUTAGE = RecordKind.REQUEST, RecordKind.CHANGE, RecordKind.OUTAGE
EVENT = RecordKind.INFRASTRUCTURE_EVENT


def request_of(*moves: tuple[float, str], **fields: Any) -> dict[str, Any]:
    """A request of a tool that moves it so."""
    return columns(*(update(REQUEST, hours, state=state, **fields) for hours, state in moves))


class TestRequests:
    def test_one_is_fulfilled_by_its_last_move_where_the_tool_sends_no_time(self) -> None:
        folded = request_of((0, "new"), (3, "resolved"), (4, "closed"))

        assert (folded["fulfilled_at"], folded["ended_at"]) == (at(4), at(4))

    def test_one_that_was_taken_up_again_is_not_fulfilled(self) -> None:
        folded = request_of((0, "new"), (3, "closed"), (4, "in_progress"), fulfilled_at=at(3))

        assert (folded["fulfilled_at"], folded["ended_at"], folded["met"]) == (None, None, None)

    def test_one_that_is_given_up_ends_without_being_fulfilled(self) -> None:
        folded = request_of((0, "new"), (3, "cancelled"), due_at=at(9))

        assert (folded["fulfilled_at"], folded["ended_at"], folded["met"]) == (None, at(3), None)

    def test_one_that_came_back_was_reopened(self) -> None:
        moves = [(0, "new"), (3, "closed"), (4, "new"), (5, "closed")]

        assert [request_of(*moves[:some])["reopened"] for some in (2, 4)] == [False, True]

    def test_a_tool_without_states_is_believed(self) -> None:
        folded = columns(update(REQUEST, 2, fulfilled_at=at(1), due_at=at(1)))

        assert (folded["state"], folded["fulfilled_at"], folded["met"]) == (None, at(1), True)

    @pytest.mark.parametrize(
        ("sent", "due_at", "fulfilled_at", "expected"),
        [
            (None, at(2), at(2), True),
            (None, at(2), at(3), False),
            (True, at(2), at(3), True),
            (None, None, at(3), None),
            (False, at(2), None, None),
        ],
    )
    def test_it_is_met_if_the_tool_says_so_else_if_it_was_in_time(
        self,
        sent: bool | None,
        due_at: datetime | None,
        fulfilled_at: datetime | None,
        expected: bool | None,
    ) -> None:
        assert met(sent, due_at, fulfilled_at) is expected


class TestChanges:
    @pytest.mark.parametrize(
        ("words", "state", "expected"),
        [
            ("Successful", "closed", "successful"),
            ("rolled back", "closed", "rolled_back"),
            ("Rolled-Back ", None, "rolled_back"),
            ("failed", "cancelled", None),
            ("successful_issues", "closed", None),
            (None, "closed", None),
        ],
    )
    def test_its_outcome(self, words: str | None, state: str | None, expected: str | None) -> None:
        assert outcome(words, state) == expected

    @pytest.mark.parametrize(
        ("fields", "expected"),
        [
            ({}, False),
            ({"type": "Emergency"}, True),
            ({"type": "emergency", "emergency": False}, False),
            ({"type": "normal", "emergency": True}, True),
            ({"type": "emergency", "emergency": None}, True),
        ],
    )
    def test_the_flag_stands_above_the_type(self, fields: dict[str, Any], expected: bool) -> None:
        assert columns(update(CHANGE, **fields))["emergency"] is expected

    def test_it_is_complete_when_it_is_closed(self) -> None:
        told = [update(CHANGE, 0, state="new"), update(CHANGE, 6, state="closed")]

        assert columns(*told)["completed_at"] == at(6)


class TestOutages:
    def test_it_is_open_until_it_ends(self) -> None:
        assert columns(update(OUTAGE, state="in_progress"))["ended_at"] is None

    def test_it_ends_when_the_tool_says(self) -> None:
        assert columns(update(OUTAGE, 9, state="closed", ended_at=at(2)))["ended_at"] == at(2)

    @pytest.mark.parametrize("state", ["resolved", "closed", "cancelled"])
    def test_a_tool_that_closes_it_without_a_time_has_ended_it(self, state: str) -> None:
        told = [update(OUTAGE, 0, state="new"), update(OUTAGE, 2, state=state, ended_at=None)]

        assert columns(*told)["ended_at"] == at(2)

    def test_announced_maintenance_has_an_end_before_it_begins(self) -> None:
        told = update(OUTAGE, -9, state="new", planned=True, ended_at=at(2))

        folded = columns(told)

        assert (folded["planned"], folded["degraded"], folded["ended_at"]) == (True, False, at(2))

    def test_a_cause_is_kept(self) -> None:
        folded = columns(update(OUTAGE, caused_by=" CHG1 ", degraded=True))

        assert (folded["caused_by"], folded["degraded"], folded["planned"]) == ("CHG1", True, False)

    def test_the_end_is_the_tools_where_it_sends_one(self) -> None:
        assert outage_end(at(1), "new", ()) == at(1)
        assert outage_end(None, None, ()) is None


class TestInfrastructureEvents:
    def test_words_of_severity_are_kept(self) -> None:
        folded = columns(update(EVENT, severity="Sev-1!", component="db-1"))

        assert (folded["severity"], folded["component"]) == ("Sev-1!", "db-1")

    def test_it_lasts_until_it_is_cleared(self) -> None:
        opened = update(EVENT, by=EVENTS, state="new")
        cleared = update(EVENT, 2, by=EVENTS, occurred_at=..., cleared_at=at(1))

        assert columns(opened)["cleared_at"] is None
        assert columns(opened, cleared)["cleared_at"] == at(1)


class TestSurveys:
    @pytest.mark.parametrize(
        ("kind", "score", "expected"),
        [
            ("csat", 5, ("csat", 5)),
            ("CSAT ", "4", ("csat", 4)),
            ("csat", 0, ("csat", None)),
            ("csat", 4.5, ("csat", None)),
            ("csat", 4.0, ("csat", 4)),
            ("nps", 0, ("nps", 0)),
            ("nps", 10, ("nps", 10)),
            ("nps", 11, ("nps", None)),
            ("nps", "ten", ("nps", None)),
            ("nps", None, ("nps", None)),
            ("ces", 3, (None, None)),
            (None, 3, (None, None)),
        ],
    )
    def test_only_a_whole_number_in_range_counts(
        self, kind: str | None, score: Any, expected: tuple[str | None, int | None]
    ) -> None:
        assert answer(kind, score) == expected

    @given(
        kind=st.sampled_from(["csat", "nps", "ces"]),
        score=st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    )
    def test_no_score_is_ever_out_of_range(self, kind: str, score: Any) -> None:
        read = answer(kind, score)

        assert read.score is None or read.score in SCORES[kind]
