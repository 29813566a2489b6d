"""When plan versions move, who approves them, and what their text must hold."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog_api.plans.rules import (
    EDITABLE,
    MOVES,
    Approver,
    PlanKind,
    PlanState,
    Review,
    check_approval,
    default_approvers,
    hash_of,
    missing_parts,
    unapproved,
)
from shared.errors import ApiError, Conflict
from shared.kit.states import check_move

ROLES = ("service_owner", "security_officer")
LISTED = {
    ("draft", "in_review"),
    ("in_review", "approved"),
    ("in_review", "draft"),
    ("approved", "superseded"),
}
json_texts = st.dictionaries(
    st.text(max_size=5),
    st.recursive(
        st.integers(-1000, 1000) | st.text(max_size=5) | st.booleans() | st.none(),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
        ),
        max_leaves=8,
    ),
    max_size=5,
)


def review(**given: str) -> Review:
    return Review("abc", ROLES, {"ada"}, given)


def approver(person: str = "bea", roles: Any = ROLES, seen: str = "abc", role: Any = None) -> Any:
    return Approver(person, set(roles), seen, role)


@pytest.mark.parametrize("to", PlanState)
@pytest.mark.parametrize("state", PlanState)
def test_only_the_listed_moves_are_possible(state: PlanState, to: PlanState) -> None:
    if (state, to) in LISTED:
        check_move("plan version", MOVES, state, to)
        return
    with pytest.raises(Conflict) as refused:
        check_move("plan version", MOVES, state, to)
    assert refused.value.extra["allowed"] == [move.value for move in MOVES[state]]


def test_only_a_draft_is_written() -> None:
    assert set(EDITABLE) == {PlanState.DRAFT}


def test_the_approval_counts_for_the_first_missing_role_that_is_held() -> None:
    assert check_approval(review(), approver()) == "service_owner"
    assert check_approval(review(service_owner="cal"), approver()) == "security_officer"
    assert check_approval(review(), approver(role="security_officer")) == "security_officer"


@pytest.mark.parametrize(
    ("given_before", "by", "code"),
    [
        ({}, approver("ada"), "self_approval"),
        ({}, approver(seen="old"), "text_changed"),
        ({}, approver(roles=["clerk"]), "role_missing"),
        ({}, approver(role="clerk"), "role_not_asked"),
        ({"service_owner": "cal"}, approver(role="service_owner"), "approved_already"),
        ({"service_owner": "bea"}, approver(), "approved_already"),
        ({"service_owner": "cal"}, approver(roles=["service_owner"]), "role_missing"),
    ],
)
def test_an_approval_that_does_not_count_says_why(
    given_before: dict[str, str], by: Approver, code: str
) -> None:
    with pytest.raises(ApiError) as refused:
        check_approval(review(**given_before), by)

    assert refused.value.code == code


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.sets(st.sampled_from(ROLES))), max_size=8))
def test_whoever_comes_no_role_counts_twice_and_no_person(people: list[Any]) -> None:
    given: dict[str, str] = {}

    for person, roles in people:
        try:
            role = check_approval(review(**given), approver(person, roles))
        except ApiError:
            continue
        assert role not in given
        given[role] = person

    assert len(set(given.values())) == len(given)
    assert set(unapproved(review(**given))) == set(ROLES) - set(given)


@given(json_texts)
def test_the_hash_does_not_depend_on_the_order_of_members(text: dict[str, Any]) -> None:
    assert hash_of(dict(reversed(text.items()))) == hash_of(text)


def test_another_text_has_another_hash() -> None:
    assert hash_of({"why": "a"}) != hash_of({"why": "b"})


@pytest.mark.parametrize("kind", PlanKind)
@pytest.mark.parametrize("of_service", [True, False])
def test_every_plan_has_a_default_approver(kind: PlanKind, of_service: bool) -> None:
    of_owner = of_service and kind is not PlanKind.STRATEGY

    roles = default_approvers(kind, of_service=of_service)

    assert roles == ["service_owner" if of_owner else "portfolio_manager"]


def test_a_portfolio_needs_neither_customers_nor_a_day() -> None:
    text = {
        "kind": "strategy",
        "why": "",
        "outcomes": ["o"],
        "objectives": [],
        "target_customers": [],
        "available_from": None,
    }

    assert missing_parts(text, of_service=False) == ["why", "objectives"]
    assert missing_parts(text, of_service=True) == [
        "why",
        "objectives",
        "target_customers",
        "available_from",
    ]
