"""The way of a requirement from feedback to the target that answers it."""

from datetime import UTC, datetime
from itertools import product

import pytest

from catalog_api.requirements.rules import (
    MOVES,
    OPEN,
    RequirementState,
    check_agreement_in_force,
    facts,
    fault_of_move,
)
from shared.errors import Conflict
from shared.kit.states import check_move

NOW = datetime(2026, 3, 1, tzinfo=UTC)
PROPOSED, ACCEPTED, ANSWERED, REJECTED, WITHDRAWN = RequirementState
ALLOWED = {
    (PROPOSED, ACCEPTED),
    (PROPOSED, REJECTED),
    (PROPOSED, WITHDRAWN),
    (ACCEPTED, ANSWERED),
    (ACCEPTED, REJECTED),
    (ACCEPTED, WITHDRAWN),
    (ANSWERED, ACCEPTED),
    (ANSWERED, WITHDRAWN),
}
NEEDS_REASON = {move for move in ALLOWED if move[1] in (REJECTED, WITHDRAWN)} | {
    (ANSWERED, ACCEPTED)
}


@pytest.mark.parametrize(("state", "to"), list(product(RequirementState, RequirementState)))
def test_every_move_from_every_state(state: RequirementState, to: RequirementState) -> None:
    if (state, to) in ALLOWED:
        check_move("requirement", MOVES, state, to)
        return

    with pytest.raises(Conflict) as refused:
        check_move("requirement", MOVES, state, to)

    assert set(refused.value.extra["allowed"]) == {b for a, b in ALLOWED if a is state}


@pytest.mark.parametrize(("state", "to"), sorted(ALLOWED))
def test_a_move_needs_its_reason(state: RequirementState, to: RequirementState) -> None:
    answer = to is ANSWERED

    fault = fault_of_move(state, to, reason=False, answer=answer)

    assert (fault is not None and fault.pointer == "/reason") == ((state, to) in NEEDS_REASON)
    assert fault_of_move(state, to, reason=True, answer=answer) is None


@pytest.mark.parametrize(("state", "to"), sorted(ALLOWED))
def test_only_an_answered_one_has_a_target(state: RequirementState, to: RequirementState) -> None:
    fault = fault_of_move(state, to, reason=True, answer=to is not ANSWERED)

    assert fault is not None
    code = "answer_required" if to is ANSWERED else "answer_refused"
    assert (fault.pointer, fault.code) == ("/answer", code)


def test_open_is_what_can_still_be_answered() -> None:
    assert {state for state in RequirementState if MOVES[state] and state is not ANSWERED} == set(
        OPEN
    )


def test_an_agreement_that_is_not_in_force_answers_nothing() -> None:
    check_agreement_in_force("vpn-sla", ["vpn-ola", "vpn-sla"])

    with pytest.raises(Conflict) as refused:
        check_agreement_in_force("vpn-sla", ["vpn-ola"])

    assert refused.value.extra["allowed"] == ["vpn-ola"]


def test_facts_are_as_old_as_the_last_change() -> None:
    changed = "2026-01-02T00:00:00+00:00"
    section = {
        "open_count": 4,
        "undecided_count": 3,
        "must_unanswered_count": 2,
        "answered_count": 1,
        "changed_at": changed,
    }

    found = facts(section, NOW)

    assert {name: fact.value for name, fact in found.items()} == {
        "open_requirement_count": 4,
        "undecided_requirement_count": 3,
        "must_requirements_unanswered_count": 2,
        "answered_requirement_count": 1,
    }
    assert {fact.as_of for fact in found.values()} == {datetime.fromisoformat(changed)}
