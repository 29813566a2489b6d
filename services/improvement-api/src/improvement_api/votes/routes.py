"""Votes over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request

from improvement_api.decisions.queries import decision_on, rejection_of
from improvement_api.evaluations.queries import read_evaluation
from improvement_api.providers import Remotes
from improvement_api.votes.actions import Told, cast_vote
from improvement_api.votes.asking import told_of
from improvement_api.votes.queries import votes_on
from improvement_api.votes.rules import Result, board_deciding
from improvement_api.votes.schemas import BallotOut, CastOut, VoteCast, VoteOut
from shared.kit.auth import Principal, requires
from shared.kit.clock import now
from shared.kit.database import Session
from shared.kit.idempotency import Idempotent
from shared.kit.problems import problem_responses
from shared.kit.routing import Router

router = Router(prefix="/v1", tags=["votes"])

GatesRead = Annotated[Principal, requires("gates:read")]
DecisionsWrite = Annotated[Principal, requires("decisions:write")]


async def _told(evaluation_id: UUID, request: Request, providers: Remotes) -> Told:
    return await told_of(request.app.state.engine, providers, evaluation_id)


@router.post(
    "/evaluations/{evaluation_id}/votes",
    status_code=201,
    operation_id="cast_vote",
    responses=problem_responses(404, 409, 503),
)
async def cast(
    evaluation_id: UUID,
    body: VoteCast,
    caller: DecisionsWrite,
    told: Annotated[Told, Depends(_told)],
    session: Session,
    _: Idempotent,
    request: Request,
) -> CastOut:
    """Vote on an evaluation that stands and may be decided, in person, as a member of the board.

    The catalog is asked who votes, and how many it takes: 503 while it cannot tell. As soon as the
    votes of present members who have not signed reach the quorum, a majority of those for or
    against decides: `approved` is a decision and moves the stage, `rejected` ends this evaluation
    (evaluate again to go on). A tie waits for whoever has not voted; then the chair's vote breaks
    it. Votes are counted again every five minutes: when the last who had yet to vote has left the
    board, that ends the ballot.
    """
    keys = request.app.state.decision_keys
    counted = await cast_vote(session, evaluation_id, body, caller, told, keys)
    ballot = await _ballot(session, evaluation_id, told.board.key)
    return CastOut(
        **dict(ballot),
        counted=len(counted.counted),
        approve=counted.approve,
        reject=counted.reject,
        abstain=counted.abstain,
        needed=counted.needed,
        still_to_vote=list(counted.still_to_vote),
    )


@router.get(
    "/evaluations/{evaluation_id}/votes",
    operation_id="get_ballot",
    responses=problem_responses(404, 409),
)
async def get_ballot(evaluation_id: UUID, caller: GatesRead, session: Session) -> BallotOut:
    """The votes on an evaluation and what has come of them; 409 where no board decides."""
    read = await read_evaluation(session, evaluation_id, now())
    key = board_deciding(read.definition.board, read.definition.decided_by)
    return await _ballot(session, evaluation_id, key)


async def _ballot(session: Session, evaluation_id: UUID, board: str) -> BallotOut:
    decision = await decision_on(session, evaluation_id)
    rejection = await rejection_of(session, evaluation_id)
    result = Result.REJECTED if rejection is not None else Result.OPEN
    return BallotOut(
        evaluation=str(evaluation_id),
        board=board,
        result=result if decision is None else Result.APPROVED,
        votes=[VoteOut.model_validate(vote) for vote in await votes_on(session, evaluation_id)],
        decision=None if decision is None else str(decision.id),
        rejection=None if rejection is None else str(rejection.id),
    )
