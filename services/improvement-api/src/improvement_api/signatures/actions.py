"""Signing an evaluation."""

from uuid import UUID, uuid4

from improvement_api.evaluations.queries import lock_standing, read_evaluation
from improvement_api.evaluations.rules import check_open
from improvement_api.signatures.queries import insert_signature
from improvement_api.signatures.rules import (
    check_hash,
    check_independence,
    check_person,
    sign_off_of,
)
from improvement_api.signatures.schemas import SignatureCreate
from improvement_api.signatures.tables import Signature
from shared.kit.audit import record
from shared.kit.auth import Principal
from shared.kit.clock import now
from shared.kit.database import Session


async def sign(
    session: Session, evaluation_id: UUID, body: SignatureCreate, caller: Principal
) -> Signature:
    """Add the caller's signature; nothing else can happen at the gate meanwhile."""
    found = await read_evaluation(session, evaluation_id, now())
    criterion = sign_off_of(found.definition.criteria, body.criterion)
    check_person(
        kind=caller.kind,
        acting_for=caller.on_behalf_of,
        roles=caller.roles,
        role=criterion.role,
        act="sign",
    )
    await lock_standing(session, found.row.service, found.row.gate)
    read = await read_evaluation(session, evaluation_id, now())
    check_open(read.standing)
    check_hash(body.facts_hash, read.row.facts_hash)
    check_independence(
        caller.subject,
        {read.row.evaluated_by, read.row.on_behalf_of},
        [(signature.signed_by, signature.criterion) for signature in read.signatures],
    )
    signature = Signature(
        id=uuid4(),
        evaluation_id=evaluation_id,
        criterion=criterion.id,
        role=criterion.role,
        signed_by=caller.subject,
        signed_at=now(),
        facts_hash=read.row.facts_hash,
    )
    await insert_signature(session, signature)
    after = {"criterion": criterion.id, "role": criterion.role, "facts_hash": signature.facts_hash}
    await record(session, caller, "signed", ("evaluation", str(evaluation_id)), None, after)
    return signature
