"""Requesting, deciding and revoking corrections, each with its version and audit entry."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from metrics_api.attribution.service_queries import require_service
from metrics_api.corrections import queries, rules
from metrics_api.corrections.rules import MOVES, CorrectionState
from metrics_api.corrections.schemas import CorrectionCreate, CorrectionOut, CorrectionPatch
from metrics_api.slos.queries import get_slo
from metrics_api.versioned.actions import Definition, change, create
from shared.errors import Conflict, Invalid, NotFound
from shared.kit.auth import Principal
from shared.kit.clock import now
from shared.kit.database import Session
from shared.kit.etag import check_version
from shared.kit.states import check_move, check_state

RESOURCE = "correction"
_UNDECIDED = dict.fromkeys(("approver", "decided_at", "decision_note", "revoked_by", "revoked_at"))


def out_of(correction: Mapping[str, Any]) -> CorrectionOut:
    """A correction as it is answered."""
    end = correction["start"] + timedelta(minutes=correction["duration_minutes"])
    return CorrectionOut.model_validate({**correction, "end": end})


_CORRECTION = Definition(queries.CORRECTIONS, lambda one: (RESOURCE, str(one["id"])), out_of)


async def request_correction(session: Session, caller: Principal, body: CorrectionCreate) -> Any:
    """A correction that is not yet in effect; 422 for a service or SLO that is not known."""
    minutes = rules.duration_of(body.start, body.end, body.duration_minutes)
    fields = body.model_dump(exclude={"end"}) | {"duration_minutes": minutes}
    rules.check_correction(fields)
    await _require_subject(session, body.service, body.slo)
    correction = {
        **fields,
        **_UNDECIDED,
        "id": uuid4(),
        "state": CorrectionState.REQUESTED,
        "requested_by": caller.person,
        "requested_at": now(),
    }
    return await create(session, caller, _CORRECTION, correction, "requested", fields)


async def _require_subject(session: Session, service: str, slo: str | None) -> None:
    await require_service(session, service)
    if slo is None:
        return
    try:
        found = await get_slo(session, slo)
    except NotFound as unknown:
        raise Invalid(unknown.detail, code="unknown_slo", pointer="/slo") from None
    if found.service != service:
        raise Invalid(f"The SLO {slo} is of {found.service}", code="unknown_slo", pointer="/slo")


async def change_correction(
    session: Session, caller: Principal, correction: UUID, patch: CorrectionPatch, expected: int
) -> Any:
    """Change what is only requested; what was approved was approved as it stood (409)."""
    present = await queries.get_correction(session, correction, lock=True)
    check_version(expected, present.version)
    state = CorrectionState(present.state)
    check_state(RESOURCE, state, (CorrectionState.REQUESTED,), "changed")
    changes = patch.model_dump(include=patch.model_fields_set)
    before = dict(present._mapping)
    if {**before, **changes} == before:
        return present
    rules.check_correction({**before, **changes})
    return await change(session, caller, _CORRECTION, present, "changed", changes)


async def decide_correction(
    session: Session,
    caller: Principal,
    correction: UUID,
    decision: tuple[CorrectionState, str | None],
    expected: int,
) -> Any:
    """Approve or reject, with a note; nobody decides what they asked for themselves (409)."""
    to, note = decision
    present = await queries.get_correction(session, correction, lock=True)
    check_version(expected, present.version)
    check_move(RESOURCE, MOVES, CorrectionState(present.state), to)
    if {present.requested_by, present.recorded_by} & {caller.person, caller.subject}:
        raise Conflict(
            "A correction is decided by another person than who requested or wrote it",
            code="self_approval",
            requested_by=present.requested_by,
        )
    changes = {
        "state": to,
        "approver": caller.person,
        "decided_at": now(),
        "decision_note": note,
    }
    return await change(session, caller, _CORRECTION, present, to.value, changes)


async def revoke_correction(
    session: Session, caller: Principal, correction: UUID, expected: int
) -> Any:
    """Take back an approval: from now on budgets are charged as if it had never been."""
    present = await queries.get_correction(session, correction, lock=True)
    check_version(expected, present.version)
    check_move(RESOURCE, MOVES, CorrectionState(present.state), CorrectionState.REVOKED)
    changes = {
        "state": CorrectionState.REVOKED,
        "revoked_by": caller.person,
        "revoked_at": now(),
    }
    return await change(session, caller, _CORRECTION, present, "revoked", changes)
