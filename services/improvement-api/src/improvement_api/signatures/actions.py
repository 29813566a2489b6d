"""Signing an evaluation, in one's own name or by a delegation, and taking it back."""

from uuid import UUID, uuid4

from improvement_api.delegations.queries import get_delegation, terms_of
from improvement_api.delegations.rules import Use, check_use
from improvement_api.evaluations.queries import ReadEvaluation, lock_standing, read_evaluation
from improvement_api.evaluations.rules import check_open
from improvement_api.gates.rules import SignOffCriterion
from improvement_api.signatures.queries import (
    GivenSignature,
    insert_signature,
    insert_withdrawal,
)
from improvement_api.signatures.rules import (
    check_eligible,
    check_hash,
    check_in_person,
    check_independence,
    check_person,
    check_withdrawable,
    expiry_of,
    sign_off_of,
)
from improvement_api.signatures.schemas import SignatureCreate, SignatureWithdraw
from improvement_api.signatures.tables import Signature, SignatureWithdrawal
from improvement_api.votes.queries import voters_of
from shared.errors import Invalid, NotFound
from shared.kit.audit import record
from shared.kit.auth import Principal
from shared.kit.clock import now
from shared.kit.database import Session


async def sign(
    session: Session, evaluation_id: UUID, body: SignatureCreate, caller: Principal
) -> GivenSignature:
    """Add the caller's signature; nothing else can happen at the gate meanwhile."""
    found = await read_evaluation(session, evaluation_id, now())
    criterion = sign_off_of(found.definition.criteria, body.criterion)
    await lock_standing(session, found.row.service, found.row.gate)
    read = await read_evaluation(session, evaluation_id, now())
    delegator = await _holder_behind(session, read, criterion, body, caller)
    check_eligible(criterion, delegator or caller.subject)
    check_open(read.standing)
    check_hash(body.facts_hash, read.row.facts_hash)
    check_independence(
        [caller.subject] if delegator is None else [caller.subject, delegator],
        {read.row.evaluated_by, read.row.on_behalf_of},
        [(person, one.row.criterion) for one in read.counting for person in one.persons],
        await voters_of(session, evaluation_id),
    )
    signed_at = now()
    signature = Signature(
        id=uuid4(),
        evaluation_id=evaluation_id,
        criterion=criterion.id,
        role=criterion.role,
        signed_by=caller.subject,
        delegation_id=body.delegation,
        delegated_by=delegator,
        signed_at=signed_at,
        expires_at=expiry_of(criterion, signed_at),
        facts_hash=read.row.facts_hash,
    )
    await insert_signature(session, signature)
    after = {
        "criterion": criterion.id,
        "role": criterion.role,
        "facts_hash": signature.facts_hash,
        "delegated_by": delegator,
    }
    await record(session, caller, "signed", ("evaluation", str(evaluation_id)), None, after)
    return GivenSignature(signature, None)


async def _holder_behind(
    session: Session,
    read: ReadEvaluation,
    criterion: SignOffCriterion,
    body: SignatureCreate,
    caller: Principal,
) -> str | None:
    """Who delegated this signature; None where the caller holds the role and signs for themself."""
    if body.delegation is None:
        check_person(
            kind=caller.kind,
            acting_for=caller.on_behalf_of,
            roles=caller.roles,
            role=criterion.role,
            act="sign",
        )
        return None
    check_in_person(kind=caller.kind, acting_for=caller.on_behalf_of, act="sign")
    try:
        # Held, so that a revocation comes wholly before or after this signature.
        delegation = await get_delegation(session, body.delegation, lock=True)
    except NotFound as missing:
        raise Invalid(missing.detail, code="unknown_delegation", pointer="/delegation") from None
    use = Use(caller.subject, criterion.role, read.row.service, read.row.gate)
    check_use(terms_of(delegation), use, now())
    return delegation.delegator


async def withdraw(
    session: Session,
    evaluation_id: UUID,
    signature_id: UUID,
    body: SignatureWithdraw,
    caller: Principal,
) -> GivenSignature:
    """Take back a signature while the evaluation is undecided; it can be given again."""
    found = await read_evaluation(session, evaluation_id, now())
    await lock_standing(session, found.row.service, found.row.gate)
    read = await read_evaluation(session, evaluation_id, now())
    given = next((one for one in read.signatures if one.row.id == signature_id), None)
    if given is None:
        raise NotFound(f"The evaluation has no signature {signature_id}")
    check_in_person(kind=caller.kind, acting_for=caller.on_behalf_of, act="withdraw a signature")
    counted = given in read.counting
    check_withdrawable(person=caller.subject, persons=given.persons, counted=counted)
    check_open(read.standing)
    at = now()
    withdrawal = SignatureWithdrawal(
        signature_id=signature_id, reason=body.reason, withdrawn_at=at, withdrawn_by=caller.subject
    )
    await insert_withdrawal(session, withdrawal)
    subject = ("evaluation", str(evaluation_id))
    before = {"signature": str(signature_id), "criterion": given.row.criterion}
    after = before | {"reason": body.reason}
    await record(session, caller, "signature_withdrawn", subject, before, after)
    return GivenSignature(given.row, at)
