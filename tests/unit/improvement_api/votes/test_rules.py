"""What the votes of a board come to: quorum, majority, the chair's vote, and whose votes count."""

from itertools import permutations, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from improvement_api.votes.rules import Board, Choice, Result, check_board, tally
from shared.errors import Conflict
from shared.schemas.improvement import Gate

GATE = Gate.OPERATE_TO_IMPROVE
PEOPLE = ("ada", "bea", "cal", "dan")


def board(*voters: str, needed: int = 2, chair: str | None = "ada") -> Board:
    everywhere = frozenset({(GATE.value, None)})
    return Board("service-board", chair, frozenset(voters or PEOPLE), needed, everywhere, False)


def said(**votes: str) -> dict[str, Choice]:
    return {voter: Choice(choice) for voter, choice in votes.items()}


@pytest.mark.parametrize(
    ("votes", "result"),
    [
        ({}, "open"),
        ({"bea": "approve"}, "open"),
        ({"bea": "approve", "cal": "approve"}, "approved"),
        ({"bea": "reject", "cal": "reject"}, "rejected"),
        ({"bea": "approve", "cal": "abstain"}, "approved"),
        ({"bea": "approve", "cal": "reject"}, "open"),
        ({"bea": "approve", "cal": "reject", "dan": "abstain"}, "open"),
        ({"bea": "approve", "cal": "reject", "dan": "abstain", "ada": "abstain"}, "rejected"),
        ({"bea": "approve", "cal": "abstain", "dan": "abstain", "ada": "reject"}, "rejected"),
        (dict.fromkeys(PEOPLE, "abstain"), "rejected"),
        ({"bea": "approve", "mallory": "approve"}, "open"),
    ],
)
def test_a_board_has_decided_with_quorum_and_majority(votes: dict[str, str], result: str) -> None:
    assert tally(said(**votes), board(), ()).result == result


def test_the_chair_breaks_a_tie_once_everybody_has_voted() -> None:
    votes = said(ada="approve", bea="reject")

    assert tally(votes, board("ada", "bea", "cal"), ()).result is Result.OPEN
    assert tally(votes, board("ada", "bea"), ()).result is Result.APPROVED
    assert tally(votes, board("ada", "bea", chair="bea"), ()).result is Result.REJECTED
    assert tally(votes, board("ada", "bea", chair=None), ()).result is Result.REJECTED


def test_votes_of_signers_and_of_those_who_left_do_not_count() -> None:
    votes = said(ada="approve", bea="approve", gone="approve")

    counted = tally(votes, board(), {"bea"})

    assert list(counted.counted) == ["ada"]
    assert (counted.approve, counted.result) == (1, Result.OPEN)
    assert list(counted.still_to_vote) == ["cal", "dan"]


choices = st.dictionaries(st.sampled_from(PEOPLE), st.sampled_from(Choice))


@given(choices, st.integers(1, 5), st.sets(st.sampled_from(PEOPLE), max_size=2))
def test_nothing_is_decided_below_the_quorum_or_against_the_majority(
    votes: dict[str, Choice], needed: int, signers: set[str]
) -> None:
    found = tally(votes, board(needed=needed), signers)

    assert found.approve + found.reject + found.abstain == len(found.counted)
    if found.result is not Result.OPEN:
        assert len(found.counted) >= needed
    if found.result is Result.APPROVED:
        assert found.approve > found.reject or found.counted["ada"] is Choice.APPROVE
        assert found.approve >= found.reject
    if found.result is Result.REJECTED:
        assert found.reject >= found.approve


def test_another_approval_never_turns_a_ballot_against_the_motion() -> None:
    for cast in product([None, *Choice], repeat=3):
        votes = {who: one for who, one in zip(PEOPLE[1:], cast, strict=True) if one is not None}
        before = tally(votes, board(), ())

        after = tally(votes | {"ada": Choice.APPROVE}, board(), ())

        if before.result is Result.APPROVED:
            assert after.result is Result.APPROVED
        if after.result is Result.REJECTED:
            assert after.reject > after.approve


def test_the_order_in_which_votes_are_counted_does_not_matter() -> None:
    votes = said(ada="approve", bea="reject", cal="abstain", dan="approve")

    results = {tally(dict(order), board(), ()).result for order in permutations(votes.items())}

    assert results == {Result.APPROVED}


def test_a_board_decides_what_the_catalog_says_that_it_does() -> None:
    of_one = Board("b", None, frozenset(), 1, frozenset({(GATE.value, "workplace")}), False)
    ended = Board("b", None, frozenset(), 1, frozenset({(GATE.value, None)}), True)

    check_board(of_one, GATE, "workplace")
    for asked, gate, portfolio in (
        (of_one, GATE, "other"),
        (of_one, Gate.TO_RETIREMENT, "workplace"),
        (ended, GATE, "workplace"),
    ):
        with pytest.raises(Conflict):
            check_board(asked, gate, portfolio)
