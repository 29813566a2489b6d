"""When a board can decide, and what its votes come to."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_CEILING, Decimal
from enum import StrEnum
from typing import Any

from catalog_api.fact_values import definition, known, unknown
from catalog_api.stages.rules import moves_from
from shared.kit.states import Moves
from shared.schemas.catalog import Stage
from shared.schemas.common import FactValue
from shared.schemas.improvement import Gate


class MemberRole(StrEnum):
    """Chair and members vote; the secretary writes the minutes, advisors advise."""

    CHAIR = "chair"
    MEMBER = "member"
    SECRETARY = "secretary"
    ADVISOR = "advisor"


class MeetingState(StrEnum):
    SCHEDULED = "scheduled"
    HELD = "held"
    MINUTED = "minuted"
    CANCELLED = "cancelled"


class Vote(StrEnum):
    FOR = "for"
    AGAINST = "against"
    ABSTAIN = "abstain"


class BoardOutcome(StrEnum):
    ADOPTED = "adopted"
    REJECTED = "rejected"


class Settled(StrEnum):
    """What the outcome rests on; a tie that the chair does not break carries nothing."""

    MAJORITY = "majority"
    CHAIR = "chair"
    TIE = "tie"


VOTING = frozenset({MemberRole.CHAIR, MemberRole.MEMBER})
RECORDING = frozenset({MemberRole.CHAIR, MemberRole.SECRETARY})

MEETING_MOVES: Moves[MeetingState] = {
    MeetingState.SCHEDULED: (MeetingState.HELD, MeetingState.CANCELLED),
    MeetingState.HELD: (MeetingState.MINUTED,),
    MeetingState.MINUTED: (),
    MeetingState.CANCELLED: (),
}


@dataclass(frozen=True, order=True)
class Seat:
    """A person and their role on a board."""

    subject: str
    role: MemberRole


@dataclass(frozen=True)
class SeatDifference:
    ended: list[Seat]
    begun: list[Seat]


@dataclass(frozen=True)
class Quorum:
    """How many voters a decision needs, how many are there, and how many are missing."""

    needed: int
    present: int
    missing: int


@dataclass(frozen=True)
class Tally:
    """What the votes of a board come to."""

    votes_for: int
    votes_against: int
    abstained: int
    outcome: BoardOutcome
    settled_by: Settled


def voters(seats: Iterable[Seat]) -> list[str]:
    """The persons who vote, in order."""
    return sorted(seat.subject for seat in seats if seat.role in VOTING)


def needed(minimum: int, share: Decimal | None, voting: int) -> int:
    """Voters that a decision needs: the minimum, or the share of all voters rounded up if more."""
    if share is None:
        return minimum
    of_all = (share * voting).to_integral_value(rounding=ROUND_CEILING)
    return max(minimum, int(of_all))


def quorum(asked: int, present: Collection[str]) -> Quorum:
    """Only voters who are present count; advisors and guests do not."""
    return Quorum(asked, len(present), max(0, asked - len(present)))


def tally(votes: Mapping[str, Vote], present: Collection[str], chair: str | None) -> Tally:
    """Simple majority of the votes cast; who is present and does not vote abstains.

    A tie is broken by the chair's own vote; without it the motion is not carried.
    """
    cast = [vote for voter, vote in votes.items() if voter in present]
    votes_for, against = cast.count(Vote.FOR), cast.count(Vote.AGAINST)
    abstained = len(present) - votes_for - against
    if votes_for != against:
        outcome = BoardOutcome.ADOPTED if votes_for > against else BoardOutcome.REJECTED
        return Tally(votes_for, against, abstained, outcome, Settled.MAJORITY)
    chairs = Vote.ABSTAIN
    if chair is not None and chair in present:
        chairs = votes.get(chair, Vote.ABSTAIN)
    if chairs is Vote.ABSTAIN:
        return Tally(votes_for, against, abstained, BoardOutcome.REJECTED, Settled.TIE)
    outcome = BoardOutcome.ADOPTED if chairs is Vote.FOR else BoardOutcome.REJECTED
    return Tally(votes_for, against, abstained, outcome, Settled.CHAIR)


def may_not_vote(votes: Iterable[str], present: Collection[str]) -> list[str]:
    """Those of the voters who are absent, or have no vote on this board."""
    return sorted(set(votes) - set(present))


def seat_problems(seats: Sequence[Seat]) -> list[tuple[int, str]]:
    """Positions of seats that cannot stand beside an earlier one, with the reason."""
    people: set[str] = set()
    chaired, problems = False, []
    for position, seat in enumerate(seats):
        if seat.subject in people:
            problems.append((position, f"{seat.subject} has a seat already"))
        elif seat.role is MemberRole.CHAIR and chaired:
            problems.append((position, "a board has one chair"))
        people.add(seat.subject)
        chaired = chaired or seat.role is MemberRole.CHAIR
    return problems


def has_chair(seats: Iterable[Seat]) -> bool:
    return any(seat.role is MemberRole.CHAIR for seat in seats)


def seat_difference(present: Iterable[Seat], wanted: Iterable[Seat]) -> SeatDifference:
    """Who leaves and who joins; those who keep their role keep their beginning."""
    before, after = set(present), set(wanted)
    return SeatDifference(ended=sorted(before - after), begun=sorted(after - before))


def next_due(last: datetime, cadence_days: int) -> date:
    """The day by which a board meets again after its last meeting (or its foundation), in UTC."""
    return (last.astimezone(UTC) + timedelta(days=cadence_days)).date()


DEFINITIONS = (
    definition(
        "board_for_next_gate_exists",
        "boolean",
        None,
        "A board decides the gate that leads forward from this stage",
    ),
    definition("board_for_next_gate", "string", None, "The board that decides the next gate"),
    definition("board_quorum_possible", "boolean", None, "That board has voters for its quorum"),
    definition("board_voting_members_count", "integer", "persons", "Voters of that board"),
    definition("board_meeting_overdue", "boolean", None, "That board has not met in its cadence"),
    definition("gates_without_board", "list", None, "Gates of the service that no board decides"),
)
_OF_THE_BOARD = (
    "board_for_next_gate",
    "board_quorum_possible",
    "board_voting_members_count",
    "board_meeting_overdue",
)


def facts(section: Mapping[str, Any], now: datetime) -> dict[str, FactValue]:
    """About the board of the gate that leads forward; in retirement there is none to wait for."""
    boards = {one["gate"]: one for one in section["gates"]}
    without = [gate.value for gate in Gate if gate not in boards]
    general = {"gates_without_board": known(without, now)}
    moves = moves_from(Stage(section["stage"]))
    if not moves:
        reason = f"no gate leads on from {section['stage']}"
        return general | dict.fromkeys(
            ("board_for_next_gate_exists", *_OF_THE_BOARD), unknown(reason, now)
        )
    board = boards.get(moves[0].gate)
    exists = {"board_for_next_gate_exists": known(board is not None, now)}
    if board is None:
        reason = f"no board decides {moves[0].gate.value}"
        return general | exists | dict.fromkeys(_OF_THE_BOARD, unknown(reason, now))
    return general | exists | _of_the_board(board, now)


def _of_the_board(board: Mapping[str, Any], now: datetime) -> dict[str, FactValue]:
    share = board["quorum_share"]
    voting = len(board["voting_members"])
    asked = needed(board["quorum_minimum"], None if share is None else Decimal(str(share)), voting)
    last = datetime.fromisoformat(board["last_held_at"] or board["founded_at"])
    return {
        "board_for_next_gate": known(board["board"], now),
        "board_quorum_possible": known(voting >= asked, now),
        "board_voting_members_count": known(voting, now),
        "board_meeting_overdue": known(now.date() > next_due(last, board["cadence_days"]), now),
    }
