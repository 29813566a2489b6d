"""When a board can decide, what its votes come to, and who decides which gate."""

from datetime import UTC, date, datetime
from decimal import Decimal
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog_api.boards.rules import (
    MEETING_MOVES,
    BoardOutcome,
    MeetingState,
    MemberRole,
    Seat,
    Settled,
    Vote,
    has_chair,
    may_not_vote,
    needed,
    next_due,
    quorum,
    seat_difference,
    seat_problems,
    tally,
    voters,
)
from shared.errors import Conflict
from shared.kit.states import check_move

ADA = Seat("ada", MemberRole.CHAIR)
BEA = Seat("bea", MemberRole.MEMBER)
CAL = Seat("cal", MemberRole.SECRETARY)
DAN = Seat("dan", MemberRole.ADVISOR)
MOVES = {
    ("scheduled", "held"),
    ("scheduled", "cancelled"),
    ("held", "minuted"),
}

people = st.sampled_from("abcdefgh")
boards = st.dictionaries(people, st.sampled_from(MemberRole), max_size=8)
ballots = st.dictionaries(people, st.sampled_from(Vote), max_size=8)
shares = st.none() | st.decimals("0.001", "1", places=3)


@pytest.mark.parametrize("state", MeetingState)
@pytest.mark.parametrize("to", MeetingState)
def test_every_move_of_a_meeting_that_is_not_listed_is_refused(
    state: MeetingState, to: MeetingState
) -> None:
    if (state, to) in MOVES:
        check_move("meeting", MEETING_MOVES, state, to)
        return
    with pytest.raises(Conflict) as refused:
        check_move("meeting", MEETING_MOVES, state, to)
    assert set(refused.value.extra["allowed"]) == {
        after for before, after in MOVES if before == state
    }


def test_chair_and_members_vote_and_nobody_else() -> None:
    assert voters([DAN, CAL, BEA, ADA]) == ["ada", "bea"]


@given(st.integers(1, 20), shares, st.integers(0, 50))
def test_a_quorum_is_the_least_number_that_satisfies_minimum_and_share(
    minimum: int, share: Decimal | None, voting: int
) -> None:
    asked = needed(minimum, share, voting)

    enough = [
        number
        for number in range(200)
        if number >= minimum and (share is None or number * 1000 >= int(share * 1000) * voting)
    ]
    assert asked == enough[0]


def test_a_share_is_rounded_up() -> None:
    assert needed(1, Decimal("0.500"), 5) == 3
    assert needed(1, Decimal("0.667"), 3) == ceil(0.667 * 3) == 3
    assert needed(4, Decimal("0.500"), 5) == 4


@given(st.integers(1, 9), boards, st.sets(people))
def test_only_voters_who_are_present_count_for_the_quorum(
    asked: int, board: dict[str, MemberRole], attending: set[str]
) -> None:
    seats = [Seat(subject, role) for subject, role in board.items()]
    present = [one for one in voters(seats) if one in attending]

    found = quorum(asked, present)

    voting = {s for s, role in board.items() if role in (MemberRole.CHAIR, MemberRole.MEMBER)}
    assert found.present == len(voting & attending)
    assert (found.missing == 0) == (found.present >= asked)
    assert found.missing == max(0, asked - len(voting & attending))


@given(st.integers(1, 9), st.sets(people), people)
def test_who_joins_a_meeting_never_takes_its_quorum_away(
    asked: int, present: set[str], newcomer: str
) -> None:
    assert quorum(asked, present | {newcomer}).missing <= quorum(asked, present).missing


@given(ballots, st.sets(people), st.none() | people)
def test_the_majority_of_the_votes_cast_by_those_present_decides(
    votes: dict[str, Vote], present: set[str], chair: str | None
) -> None:
    result = tally(votes, present, chair)

    cast = [votes[voter] for voter in present if voter in votes]
    for_, against = cast.count(Vote.FOR), cast.count(Vote.AGAINST)
    assert (result.votes_for, result.votes_against) == (for_, against)
    assert result.votes_for + result.votes_against + result.abstained == len(present)
    if for_ != against:
        assert (result.outcome is BoardOutcome.ADOPTED) == (for_ > against)
        assert result.settled_by is Settled.MAJORITY
    else:
        broken = chair in present and votes.get(chair or "") in (Vote.FOR, Vote.AGAINST)
        assert (result.settled_by is Settled.CHAIR) == broken
        adopted = broken and votes[chair or ""] is Vote.FOR
        assert (result.outcome is BoardOutcome.ADOPTED) == adopted


@given(ballots, st.sets(people), people)
def test_one_more_vote_in_favour_never_turns_an_adopted_motion_down(
    votes: dict[str, Vote], present: set[str], voter: str
) -> None:
    before = tally(votes, present, "a")
    after = tally({**votes, voter: Vote.FOR}, present | {voter}, "a")

    if before.outcome is BoardOutcome.ADOPTED:
        assert after.outcome is BoardOutcome.ADOPTED


@pytest.mark.parametrize(
    ("chairs", "outcome", "settled"),
    [
        (Vote.FOR, BoardOutcome.ADOPTED, Settled.CHAIR),
        (Vote.AGAINST, BoardOutcome.REJECTED, Settled.CHAIR),
    ],
)
def test_the_chair_breaks_a_tie(chairs: Vote, outcome: BoardOutcome, settled: Settled) -> None:
    others = Vote.AGAINST if chairs is Vote.FOR else Vote.FOR

    result = tally({"ada": chairs, "bea": others}, ["ada", "bea"], "ada")

    assert (result.outcome, result.settled_by) == (outcome, settled)


def test_a_tie_without_the_chair_carries_nothing() -> None:
    votes = {"bea": Vote.FOR, "eve": Vote.AGAINST}

    assert tally(votes, ["bea", "eve"], None).outcome is BoardOutcome.REJECTED
    assert tally({}, ["ada", "bea"], "ada").settled_by is Settled.TIE


def test_absent_people_and_advisors_may_not_vote() -> None:
    assert may_not_vote(["ada", "dan", "bea"], ["ada"]) == ["bea", "dan"]


def test_a_board_has_one_chair_and_each_person_one_seat() -> None:
    seats = [ADA, BEA, Seat("eve", MemberRole.CHAIR), Seat("bea", MemberRole.ADVISOR)]

    assert [position for position, _ in seat_problems(seats)] == [2, 3]
    assert (has_chair([ADA]), has_chair([BEA])) == (True, False)


@given(boards, boards)
def test_ending_and_beginning_leads_from_one_board_to_the_other(
    one: dict[str, MemberRole], other: dict[str, MemberRole]
) -> None:
    before = {Seat(subject, role) for subject, role in one.items()}
    after = {Seat(subject, role) for subject, role in other.items()}

    change = seat_difference(before, after)

    assert (before - set(change.ended)) | set(change.begun) == after
    assert not before & set(change.begun)


def test_the_next_meeting_is_due_a_cadence_after_the_last() -> None:
    assert next_due(datetime(2026, 2, 27, 23, 30, tzinfo=UTC), 2) == date(2026, 3, 1)
