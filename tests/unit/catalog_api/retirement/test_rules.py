"""When a retirement plan is approved, and what keeps a service from retiring."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog_api.retirement.rules import (
    DEFINITIONS,
    MOVES,
    RetirementState,
    Situation,
    check_complete,
    check_not_author,
    facts,
    missing_of,
)
from shared.errors import Conflict, Forbidden
from shared.kit.states import check_move

NOW = datetime(2027, 3, 11, tzinfo=UTC)
CHANGED_AT = "2027-03-01T00:00:00+00:00"
GONE = Situation(customers=[], dependents=[], open_requests=0, agreements=[])
DECIDED: dict[str, Any] = {
    "state": "approved",
    "successor": "zta",
    "no_successor_reason": None,
    "planned_on": date(2027, 6, 30),
    "steps": [{"id": "tell", "done": False}],
}
keys = st.lists(st.sampled_from("abc"), max_size=2)
decisions = st.fixed_dictionaries(
    {
        "state": st.sampled_from(["draft", "approved"]),
        "successor": st.sampled_from([None, "zta"]),
        "no_successor_reason": st.sampled_from([None, "nobody needs it"]),
        "planned_on": st.sampled_from([None, date(2027, 6, 30)]),
    }
)
situations = st.builds(Situation, keys, keys, st.integers(0, 2), keys)


def missing(plan: dict[str, Any] = DECIDED, **situation: Any) -> dict[str, list[str]]:
    found = missing_of(plan, Situation(**{**vars(GONE), **situation}))
    return {one.what: list(one.items) for one in found}


@pytest.mark.parametrize("to", RetirementState)
@pytest.mark.parametrize("state", RetirementState)
def test_a_plan_is_approved_and_taken_back_and_nothing_else(
    state: RetirementState, to: RetirementState
) -> None:
    if state is not to:
        check_move("retirement plan", MOVES, state, to)
        return
    with pytest.raises(Conflict) as refused:
        check_move("retirement plan", MOVES, state, to)
    assert refused.value.extra["allowed"] == [move.value for move in MOVES[state]]


def test_it_is_ready_when_all_is_decided_and_nobody_needs_the_service() -> None:
    assert missing() == {}


def test_it_is_not_ready_while_customers_remain() -> None:
    assert missing(customers=["hr", "sales"]) == {"customers": ["hr", "sales"]}


@pytest.mark.parametrize(
    ("situation", "expected"),
    [
        ({"dependents": ["mail"]}, {"dependents": ["mail"]}),
        ({"open_requests": 2}, {"requests": []}),
        ({"agreements": ["sla-1"]}, {"agreements": ["sla-1"]}),
    ],
)
def test_it_is_not_ready_while_anything_needs_the_service(
    situation: dict[str, Any], expected: dict[str, list[str]]
) -> None:
    assert missing(**situation) == expected


@pytest.mark.parametrize(
    ("decision", "what"),
    [
        ({"state": "draft"}, "approval"),
        ({"successor": None}, "successor"),
        ({"planned_on": None}, "planned_on"),
    ],
)
def test_it_is_not_ready_before_it_is_decided(decision: dict[str, Any], what: str) -> None:
    assert missing(DECIDED | decision) == {what: []}


def test_that_nothing_succeeds_it_is_a_decision_too() -> None:
    assert missing(DECIDED | {"successor": None, "no_successor_reason": "unused"}) == {}


@given(decisions, situations)
def test_it_is_ready_exactly_when_every_condition_holds(
    plan: dict[str, Any], situation: Situation
) -> None:
    conditions = (
        plan["state"] == "approved",
        plan["successor"] is not None or plan["no_successor_reason"] is not None,
        plan["planned_on"] is not None,
        not situation.customers,
        not situation.dependents,
        situation.open_requests == 0,
        not situation.agreements,
    )

    assert len(missing_of(plan, situation)) == conditions.count(False)


@pytest.mark.parametrize(
    ("decision", "lacking"),
    [
        ({"successor": None}, ["successor"]),
        ({"planned_on": None}, ["planned_on"]),
        ({"steps": []}, ["steps"]),
    ],
)
def test_an_incomplete_plan_is_not_approved(decision: dict[str, Any], lacking: list[str]) -> None:
    with pytest.raises(Conflict) as refused:
        check_complete(DECIDED | decision)

    assert refused.value.extra["missing"] == lacking


def test_nobody_approves_a_plan_of_their_own() -> None:
    check_not_author(["ada"], "bea")

    with pytest.raises(Forbidden):
        check_not_author(["ada", "bea"], "bea")


def told(section: Any) -> dict[str, Any]:
    return {name: fact.value for name, fact in facts(section, NOW).items()}


def section(**fields: Any) -> dict[str, Any]:
    shown = {**DECIDED, "planned_on": "2027-03-01", "customers_migrated": 3, "missing": []}
    return shown | {"updated_at": CHANGED_AT} | fields


def test_every_defined_fact_is_answered_with_and_without_a_plan() -> None:
    names = {one.name for one in DEFINITIONS}

    assert told(None).keys() == names
    assert told(section()).keys() == names


def test_without_a_plan_a_service_is_not_ready_and_the_rest_is_unknown() -> None:
    without = facts(None, NOW)

    assert (without["retirement_ready"].value, without["retirement_plan_exists"].value) == (
        False,
        False,
    )
    assert without["retirement_customers_remaining"].reason == "there is no retirement plan"


def test_what_is_missing_is_told_with_the_names() -> None:
    customers = {"what": "customers", "reason": "engaged", "items": ["hr", "sales"]}
    requests = {"what": "requests", "reason": "2 requests are open", "items": []}

    now_told = told(section(missing=[customers, requests]))

    assert now_told["retirement_customers_remaining"] == 2
    assert now_told["retirement_missing"] == [
        "customers: hr, sales",
        "requests: 2 requests are open",
    ]
    assert (now_told["retirement_ready"], now_told["retirement_date_passed"]) == (False, True)
    assert now_told["retirement_steps_open_count"] == 1
