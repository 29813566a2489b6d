"""Giving and revoking delegations."""

from dataclasses import asdict
from uuid import UUID, uuid4

from improvement_api.delegations.queries import get_delegation, insert_delegation, terms_of
from improvement_api.delegations.rules import DelegationState, Terms, check_terms, state_at
from improvement_api.delegations.schemas import DelegationCreate, DelegationRevoke
from improvement_api.delegations.tables import Delegation
from improvement_api.signatures.rules import check_in_person, check_person
from shared.errors import Conflict, Forbidden
from shared.kit.audit import record
from shared.kit.auth import Principal
from shared.kit.clock import now
from shared.kit.database import Session


async def give_delegation(
    session: Session, body: DelegationCreate, caller: Principal
) -> Delegation:
    """Let another person sign for a role that the caller holds, by their own token."""
    check_person(
        kind=caller.kind,
        acting_for=caller.on_behalf_of,
        roles=caller.roles,
        role=body.role,
        act="delegate",
    )
    at = now()
    terms = Terms(
        role=body.role,
        delegator=caller.subject,
        delegate=body.delegate,
        service=body.service,
        gate=body.gate,
        valid_from=body.valid_from or at,
        valid_until=body.valid_until,
        revoked=False,
    )
    check_terms(terms, at)
    said = {name: value for name, value in asdict(terms).items() if name != "revoked"}
    delegation = Delegation(
        id=uuid4(),
        **said,
        reason=body.reason,
        created_at=at,
        revoked_at=None,
        revoked_by=None,
    )
    await insert_delegation(session, delegation)
    after = said | {"reason": body.reason}
    await record(session, caller, "delegated", ("delegation", str(delegation.id)), None, after)
    return delegation


async def revoke_delegation(
    session: Session, delegation_id: UUID, body: DelegationRevoke, caller: Principal
) -> Delegation:
    """End a delegation at once; the signatures that were given by it stay."""
    check_in_person(kind=caller.kind, acting_for=caller.on_behalf_of, act="revoke")
    delegation = await get_delegation(session, delegation_id, lock=True)
    if caller.subject not in (delegation.delegator, delegation.delegate):
        raise Forbidden(
            "Only who gave a delegation, or whom it names, can revoke it",
            code="not_your_delegation",
        )
    at = now()
    state = state_at(terms_of(delegation), at)
    if state in (DelegationState.OVER, DelegationState.REVOKED):
        raise Conflict(
            f"The delegation is {state.value} already",
            code="delegation_not_valid",
            state=state.value,
        )
    delegation.revoked_at, delegation.revoked_by = at, caller.subject
    subject = ("delegation", str(delegation.id))
    after = {"state": DelegationState.REVOKED, "reason": body.reason}
    await record(session, caller, "revoked", subject, {"state": state}, after)
    return delegation
