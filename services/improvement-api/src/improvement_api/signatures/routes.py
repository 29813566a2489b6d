"""Signatures over HTTP."""

from typing import Annotated
from uuid import UUID

from improvement_api.signatures.actions import sign, withdraw
from improvement_api.signatures.queries import signature_out
from improvement_api.signatures.schemas import SignatureCreate, SignatureWithdraw
from shared.kit.auth import Principal, requires
from shared.kit.clock import now
from shared.kit.database import Session
from shared.kit.idempotency import Idempotent
from shared.kit.problems import problem_responses
from shared.kit.routing import Router
from shared.schemas.improvement import SignatureOut

router = Router(prefix="/v1", tags=["signatures"])

SignaturesWrite = Annotated[Principal, requires("signatures:write")]


@router.post(
    "/evaluations/{evaluation_id}/signatures",
    status_code=201,
    operation_id="sign_evaluation",
    responses=problem_responses(404, 409),
)
async def sign_evaluation(
    evaluation_id: UUID,
    body: SignatureCreate,
    caller: SignaturesWrite,
    session: Session,
    _: Idempotent,
) -> SignatureOut:
    """Stand by an evaluation in person, as a holder of the criterion's role, or for one.

    403 without the role (or a delegation that is good for it), for who is not among the named
    holders, for whoever asked for the evaluation, and for anyone acting for somebody else; 409
    for another hash, for a second signature of the same person, also through a delegation, for who
    has voted, and when the evaluation is superseded, expired or decided.
    """
    return signature_out(await sign(session, evaluation_id, body, caller), now())


@router.post(
    "/evaluations/{evaluation_id}/signatures/{signature_id}/withdrawal",
    operation_id="withdraw_signature",
    responses=problem_responses(404, 409),
)
async def withdraw_signature(
    evaluation_id: UUID,
    signature_id: UUID,
    body: SignatureWithdraw,
    caller: SignaturesWrite,
    session: Session,
) -> SignatureOut:
    """Take back your signature, or one given in your place, before the decision.

    It stays in the record and counts no more; you may sign again.
    """
    return signature_out(await withdraw(session, evaluation_id, signature_id, body, caller), now())
