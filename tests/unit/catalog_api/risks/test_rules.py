"""How a risk is scored, which states follow which, and what tollgates are told."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog_api.risks.rules import (
    DEFINITIONS,
    MOVES,
    RiskLevel,
    RiskState,
    check_still_accepted,
    facts,
    level_of,
    review_overdue,
)
from shared.errors import Conflict
from shared.kit.states import check_move

NOW = datetime(2027, 3, 11, tzinfo=UTC)
LISTED = {("open", "treated"), ("treated", "closed"), ("accepted", "open")}
points = st.integers(1, 5)


@pytest.mark.parametrize("to", RiskState)
@pytest.mark.parametrize("state", RiskState)
def test_only_the_listed_moves_are_possible_and_any_state_may_be_accepted(
    state: RiskState, to: RiskState
) -> None:
    if (state, to) in LISTED or to is RiskState.ACCEPTED:
        check_move("risk", MOVES, state, to)
        return
    with pytest.raises(Conflict) as refused:
        check_move("risk", MOVES, state, to)
    assert refused.value.extra["allowed"] == [move.value for move in MOVES[state]]


@given(points, points)
def test_a_risk_that_grows_never_falls_a_level(likelihood: int, impact: int) -> None:
    levels = list(RiskLevel)

    below = levels.index(level_of(likelihood * impact))

    assert levels.index(level_of(min(likelihood + 1, 5) * impact)) >= below


@pytest.mark.parametrize(
    ("score", "level"),
    [
        (1, "low"),
        (4, "low"),
        (5, "medium"),
        (9, "medium"),
        (10, "high"),
        (16, "high"),
        (20, "critical"),
    ],
)
def test_levels_begin_where_the_matrix_says(score: int, level: str) -> None:
    assert level_of(score) == level


@given(st.sampled_from(RiskState), st.integers(1, 25), st.integers(1, 25))
def test_only_an_accepted_risk_may_not_grow(state: RiskState, score: int, later: int) -> None:
    if state is RiskState.ACCEPTED and later > score:
        with pytest.raises(Conflict):
            check_still_accepted(state, score, later)
    else:
        check_still_accepted(state, score, later)


def test_a_review_is_overdue_from_the_day_after_unless_the_risk_is_closed() -> None:
    today = date(2027, 3, 11)

    assert review_overdue(date(2027, 3, 10), RiskState.ACCEPTED, today)
    assert not review_overdue(today, RiskState.OPEN, today)
    assert not review_overdue(date(2027, 3, 10), RiskState.CLOSED, today)


def risk(**fields: Any) -> dict[str, Any]:
    usual = {"state": "open", "score": 6, "review_date": "2027-12-01", "roadmap_item": None}
    return usual | fields


def test_every_defined_fact_is_answered_also_without_risks() -> None:
    told = {name: fact.value for name, fact in facts([], NOW).items()}

    assert told.keys() == {one.name for one in DEFINITIONS}
    assert set(told.values()) == {0}


def test_only_open_risks_count_as_open() -> None:
    risks = [
        risk(score=12, roadmap_item="spare"),
        risk(),
        risk(state="treated", score=25),
        risk(state="accepted", score=20, review_date="2027-03-10"),
    ]

    told = {name: fact.value for name, fact in facts(risks, NOW).items()}

    assert (told["open_risk_count"], told["highest_open_risk_score"]) == (2, 12)
    assert (told["accepted_risk_count"], told["risk_reviews_overdue_count"]) == (1, 1)
    assert told["open_risk_without_roadmap_item_count"] == 1
