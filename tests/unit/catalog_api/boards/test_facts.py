"""What boards tell tollgates of a service."""

from datetime import UTC, datetime
from typing import Any

import pytest

from catalog_api.boards.rules import DEFINITIONS, facts
from shared.schemas.catalog import Stage

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def board(gate: str, **fields: Any) -> dict[str, Any]:
    return {
        "gate": gate,
        "board": "service-board",
        "quorum_minimum": 1,
        "quorum_share": None,
        "voting_members": ["ada", "bea"],
        "cadence_days": 30,
        "last_held_at": "2026-02-20T09:00:00+00:00",
        "founded_at": "2025-01-01T00:00:00+00:00",
    } | fields


def values(stage: str, *gates: dict[str, Any]) -> dict[str, Any]:
    found = facts({"stage": stage, "gates": list(gates)}, NOW)
    return {name: fact.value for name, fact in found.items()}


@pytest.mark.parametrize("stage", Stage)
@pytest.mark.parametrize("gates", [[], [board("transition-to-operate")]])
def test_every_fact_that_is_defined_is_answered(stage: Stage, gates: list[Any]) -> None:
    assert values(stage, *gates).keys() == {definition.name for definition in DEFINITIONS}


def test_the_board_of_the_gate_that_leads_forward_counts() -> None:
    found = values("transition", board("transition-to-operate"), board("to-retirement"))

    assert found["board_for_next_gate_exists"] is True
    assert (found["board_for_next_gate"], found["board_voting_members_count"]) == (
        "service-board",
        2,
    )
    assert (found["board_quorum_possible"], found["board_meeting_overdue"]) == (True, False)
    assert found["gates_without_board"][0] == "strategy-to-design"


def test_without_a_board_for_the_next_gate_there_is_none_to_judge() -> None:
    found = values("design", board("transition-to-operate"))

    assert found["board_for_next_gate_exists"] is False
    assert found["board_quorum_possible"] is None


def test_a_board_with_fewer_voters_than_its_quorum_cannot_decide() -> None:
    found = values("operate", board("operate-to-improve", quorum_minimum=3))

    assert found["board_quorum_possible"] is False


def test_a_board_that_has_not_met_in_its_cadence_is_overdue() -> None:
    late = board("operate-to-improve", last_held_at=None)

    assert values("operate", late)["board_meeting_overdue"] is True


def test_in_retirement_no_gate_leads_on() -> None:
    found = facts({"stage": "retirement", "gates": []}, NOW)

    reason = found["board_for_next_gate_exists"].reason
    assert reason is not None
    assert "retirement" in reason
