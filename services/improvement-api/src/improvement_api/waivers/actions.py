"""Asking for waivers, approving, rejecting and revoking them."""

from typing import Any
from uuid import UUID, uuid4

from improvement_api.gates.queries import current_version, definition_of
from improvement_api.gates.rules import GateDefinition
from improvement_api.signatures.rules import check_in_person, check_person
from improvement_api.waivers.queries import get_waiver, insert_waiver
from improvement_api.waivers.rules import (
    MOVES,
    WaiverState,
    check_approver,
    check_expiry,
    check_revoker,
    check_still_demanded,
    check_waivable,
    criterion_to_waive,
    state_at,
)
from improvement_api.waivers.schemas import WaiverCreate, WaiverMove
from improvement_api.waivers.tables import Waiver
from shared.kit.audit import record
from shared.kit.auth import Principal
from shared.kit.clock import now
from shared.kit.database import Session
from shared.kit.states import check_move

_KEPT = (
    "service",
    "gate",
    "criterion",
    "reason",
    "risk_owner",
    "compensating_control",
    "expires_at",
    "state",
)


async def request_waiver(session: Session, body: WaiverCreate, caller: Principal) -> Waiver:
    """Ask for a waiver of a criterion as the gate in force has it."""
    definition = definition_of(await current_version(session, body.gate))
    check_waivable(definition.waiver_role)
    criterion = criterion_to_waive(definition.criteria, body.criterion)
    at = now()
    check_expiry(body.expires_at, at)
    waiver = Waiver(
        id=uuid4(),
        **body.model_dump(),
        demand=definition.demands[criterion.id],
        state=WaiverState.REQUESTED,
        requested_at=at,
        requested_by=caller.subject,
        on_behalf_of=caller.on_behalf_of,
        decided_at=None,
        decided_by=None,
        ended_at=None,
        ended_by=None,
        comment="",
        revision=1,
    )
    await insert_waiver(session, waiver)
    await record(session, caller, "requested", ("waiver", str(waiver.id)), None, _facts(waiver))
    return waiver


async def move_waiver(
    session: Session, waiver_id: UUID, body: WaiverMove, caller: Principal
) -> Waiver:
    """Move a waiver, in person; 409 names the moves there are."""
    waiver = await get_waiver(session, waiver_id, lock=True)
    definition = definition_of(await current_version(session, waiver.gate))
    _check_caller(waiver, definition, body.to, caller)
    at = now()
    check_move("waiver", MOVES, state_at(waiver.state, waiver.expires_at, at), body.to)
    before = _facts(waiver)
    if body.to is WaiverState.APPROVED:
        check_still_demanded(definition.demands, waiver.criterion, waiver.demand)
        check_expiry(waiver.expires_at, at)
    if body.to is WaiverState.REVOKED:
        waiver.ended_at, waiver.ended_by = at, caller.subject
    else:
        waiver.decided_at, waiver.decided_by = at, caller.subject
    waiver.state = body.to
    waiver.comment = body.comment
    waiver.revision += 1
    after = _facts(waiver) | {"comment": body.comment}
    await record(session, caller, body.to.value, ("waiver", str(waiver.id)), before, after)
    return waiver


def _check_caller(
    waiver: Waiver, definition: GateDefinition, to: WaiverState, caller: Principal
) -> None:
    if to is WaiverState.REVOKED:
        check_in_person(kind=caller.kind, acting_for=caller.on_behalf_of, act="revoke a waiver")
        role = definition.waiver_role
        check_revoker(caller.subject, waiver.risk_owner, caller.roles, role)
        return
    check_person(
        kind=caller.kind,
        acting_for=caller.on_behalf_of,
        roles=caller.roles,
        role=check_waivable(definition.waiver_role),
        act="decide on a waiver",
    )
    check_approver(caller.subject, {waiver.requested_by, waiver.on_behalf_of})


def _facts(waiver: Waiver) -> dict[str, Any]:
    return {name: getattr(waiver, name) for name in _KEPT}
