"""What the votes of a board on an evaluation come to, and who may cast one."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum

from shared.errors import Conflict, Forbidden
from shared.schemas.improvement import Gate

CHAIR = "chair"


class Choice(StrEnum):
    APPROVE = "approve"
    REJECT = "reject"
    ABSTAIN = "abstain"


class Result(StrEnum):
    """What a board has said so far; all but `open` are final."""

    OPEN = "open"
    APPROVED = "approved"
    REJECTED = "rejected"


@dataclass(frozen=True)
class Board:
    """A board as the catalog describes it now; `decides` are gates, with portfolio or for all."""

    key: str
    chair: str | None
    voters: frozenset[str]
    needed: int
    decides: frozenset[tuple[str, str | None]]
    ended: bool


@dataclass(frozen=True)
class Tally:
    """The votes that count: those of present members who have not signed."""

    counted: Mapping[str, Choice]
    approve: int
    reject: int
    abstain: int
    needed: int
    still_to_vote: Collection[str]
    result: Result


def tally(votes: Mapping[str, Choice], board: Board, signers: Collection[str]) -> Tally:
    """Quorum, then simple majority of the votes for or against, as soon as there are both.

    A vote counts while its voter is a member. Abstentions count for the quorum. A tie waits for
    the votes that are still out; when there are none the chair's own vote breaks it, as in the
    catalog's meetings, and where that does not either the evaluation is rejected.
    """
    entitled = board.voters - set(signers)
    counted = {voter: choice for voter, choice in votes.items() if voter in entitled}
    cast = list(counted.values())
    approve, reject = cast.count(Choice.APPROVE), cast.count(Choice.REJECT)
    missing = sorted(entitled - counted.keys())
    result = Result.OPEN
    if len(counted) >= board.needed:
        if approve != reject:
            result = Result.APPROVED if approve > reject else Result.REJECTED
        elif not missing:
            chairs = counted.get(board.chair) if board.chair is not None else None
            result = Result.APPROVED if chairs is Choice.APPROVE else Result.REJECTED
    abstain = cast.count(Choice.ABSTAIN)
    return Tally(counted, approve, reject, abstain, board.needed, missing, result)


def board_deciding(board: str | None, decided_by: str | None) -> str:
    """The board whose votes decide (409: holders of a role do)."""
    if board is None:
        raise Conflict(
            f"No board decides here, but a holder of the role {decided_by}:"
            " POST /v1/services/{key}/gates/{gate}/decisions",
            code="no_board_decides",
            decided_by=decided_by,
        )
    return board


def check_board(board: Board, gate: Gate, portfolio: str) -> None:
    """A board decides while it exists, and what the catalog says that it decides (409)."""
    if board.ended:
        raise Conflict(f"The board {board.key} has ended", code="board_ended", board=board.key)
    if not board.decides & {(gate.value, None), (gate.value, portfolio)}:
        raise Conflict(
            f"According to the catalog the board {board.key} does not decide {gate.value}"
            f" for the portfolio {portfolio}",
            code="board_does_not_decide",
            board=board.key,
        )


def check_voter(
    person: str, board: Board, signers: Collection[str], voted: Collection[str]
) -> None:
    """Present members vote (403), once, and not if they have signed or were signed for (409)."""
    if person not in board.voters:
        raise Forbidden(
            f"You have no vote on the board {board.key}", code="not_a_member", board=board.key
        )
    if person in signers:
        raise Conflict(
            "You have signed this evaluation, or somebody in your place: others have to vote",
            code="signer_cannot_vote",
        )
    if person in voted:
        raise Conflict("You have voted on this evaluation", code="voted_already")
