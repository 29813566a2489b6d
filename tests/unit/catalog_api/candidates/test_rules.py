"""How candidates are scored, and what may become of them."""

from decimal import Decimal
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog_api.candidates.rules import MOVES, CandidateState, assess
from shared.errors import Conflict
from shared.kit.states import check_move

S = CandidateState


def requirement(key: str, weight: int = 1) -> dict[str, Any]:
    return {"id": key, "text": key, "weight": weight}


def score(points: int) -> dict[str, Any]:
    return {"score": points, "reason": "", "scored_by": "ada", "scored_at": None}


def test_the_total_is_weighted() -> None:
    found = assess([requirement("a", 3), requirement("b", 1)], {"a": score(5), "b": score(1)})

    assert (found.total, found.unscored) == (Decimal(4), ())


def test_what_is_not_scored_counts_nothing_and_is_named() -> None:
    found = assess([requirement("a"), requirement("b")], {"a": score(5)})

    assert (found.total, found.unscored) == (Decimal("2.5"), ("b",))
    assert [line["score"] for line in found.lines] == [5, None]


def test_a_score_of_zero_is_a_score() -> None:
    assert assess([requirement("a")], {"a": score(0)}).unscored == ()


def test_scores_of_requirements_that_are_gone_are_left_out() -> None:
    found = assess([requirement("a")], {"a": score(2), "gone": score(5)})

    assert (len(found.lines), found.total) == (1, Decimal(2))


def test_without_requirements_there_is_no_total() -> None:
    assert assess([], {}).total is None


@given(st.lists(st.tuples(st.integers(1, 100), st.integers(0, 5)), min_size=1))
def test_the_total_lies_between_the_scores(weighted: list[tuple[int, int]]) -> None:
    requirements = [requirement(str(n), weight) for n, (weight, _) in enumerate(weighted)]
    scores = {str(n): score(points) for n, (_, points) in enumerate(weighted)}

    total = assess(requirements, scores).total

    assert total is not None
    assert min(p for _, p in weighted) <= total <= max(p for _, p in weighted)


@pytest.mark.parametrize(("state", "to"), list(product(S, S)))
def test_only_an_open_candidate_is_decided_on(state: CandidateState, to: CandidateState) -> None:
    if (state, to) in {(S.OPEN, S.SELECTED), (S.OPEN, S.REJECTED)}:
        check_move("candidate", MOVES, state, to)
    else:
        with pytest.raises(Conflict):
            check_move("candidate", MOVES, state, to)
