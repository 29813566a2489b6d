"""Casting a vote; the one that completes quorum and majority makes the decision."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID, uuid4

from improvement_api.decisions.actions import Ruling, let_through, turn_down
from improvement_api.decisions.keys import DecisionKeys
from improvement_api.decisions.rules import check_verdict
from improvement_api.evaluations.queries import ReadEvaluation, lock_standing, read_evaluation
from improvement_api.evaluations.rules import check_open
from improvement_api.people import THE_SERVICE
from improvement_api.signatures.rules import check_in_person, check_person
from improvement_api.votes.queries import insert_vote, votes_on
from improvement_api.votes.rules import Board, Result, Tally, check_board, check_voter, tally
from improvement_api.votes.schemas import VoteCast
from improvement_api.votes.tables import Vote
from shared.kit.audit import record
from shared.kit.auth import Principal
from shared.kit.clock import now
from shared.kit.database import Session
from shared.schemas.catalog import Stage


@dataclass(frozen=True)
class Told:
    """What the catalog said before the transaction began."""

    board: Board
    portfolio: str
    stage: Stage


async def cast_vote(
    session: Session,
    evaluation_id: UUID,
    body: VoteCast,
    caller: Principal,
    told: Told,
    keys: DecisionKeys,
) -> Tally:
    """Add the caller's vote; of the votes at a gate one is counted at a time.

    So the vote that completes quorum and majority is one vote, and makes one decision, in its own
    transaction.
    """
    found = await read_evaluation(session, evaluation_id, now())
    await lock_standing(session, found.row.service, found.row.gate)
    at = now()
    read = await read_evaluation(session, evaluation_id, at)
    cast = await votes_on(session, evaluation_id)
    _check(read, cast, caller, told)
    vote = Vote(
        id=uuid4(),
        evaluation_id=evaluation_id,
        board=told.board.key,
        voter=caller.subject,
        choice=body.choice,
        comment=body.comment,
        voted_at=at,
    )
    await insert_vote(session, vote)
    after = {"board": told.board.key, "choice": body.choice, "comment": body.comment}
    await record(session, caller, "voted", ("evaluation", str(evaluation_id)), None, after)
    return await _count(session, read, [*cast, vote], caller, told, keys)


async def count_again(
    session: Session, evaluation_id: UUID, told: Told, keys: DecisionKeys
) -> None:
    """Count the votes by the board as it is now, for no further vote may do so."""
    found = await read_evaluation(session, evaluation_id, now())
    await lock_standing(session, found.row.service, found.row.gate)
    read = await read_evaluation(session, evaluation_id, now())
    check_open(read.standing)
    check_board(told.board, read.row.gate, told.portfolio)
    check_verdict(read.assessment, read.definition.criteria)
    cast = await votes_on(session, evaluation_id)
    await _count(session, read, cast, THE_SERVICE, told, keys)


async def _count(
    session: Session,
    read: ReadEvaluation,
    votes: Sequence[Vote],
    caller: Principal,
    told: Told,
    keys: DecisionKeys,
) -> Tally:
    counted = tally({one.voter: one.choice for one in votes}, told.board, read.signers)
    board, heard = told.board.key, [_heard(one) for one in votes if one.voter in counted.counted]
    if counted.result is Result.APPROVED:
        ruling = Ruling(decided_by=f"board:{board}", board=board, votes=heard)
        await let_through(session, read, told.stage, ruling, caller, keys)
    elif counted.result is Result.REJECTED:
        await turn_down(session, read, board, heard, caller)
    return counted


def _check(read: ReadEvaluation, cast: Sequence[Vote], caller: Principal, told: Told) -> None:
    check_in_person(kind=caller.kind, acting_for=caller.on_behalf_of, act="vote")
    check_open(read.standing)
    check_board(told.board, read.row.gate, told.portfolio)
    check_voter(caller.subject, told.board, read.signers, {vote.voter for vote in cast})
    if read.definition.decided_by is not None:
        check_person(
            kind=caller.kind,
            acting_for=caller.on_behalf_of,
            roles=caller.roles,
            role=read.definition.decided_by,
            act="vote",
        )
    check_verdict(read.assessment, read.definition.criteria)


def _heard(vote: Vote) -> dict[str, str]:
    return {
        "voter": vote.voter,
        "choice": vote.choice.value,
        "comment": vote.comment,
        "voted_at": vote.voted_at.isoformat(),
    }
