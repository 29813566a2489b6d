"""When a waiver counts, who may approve it, and what it does to a criterion."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from improvement_api.gates.rules import Criterion, GateDefinition, SignOffCriterion
from shared.errors import Conflict, Forbidden, Invalid
from shared.kit.states import Moves
from shared.schemas.improvement import WaiverNote

LONGEST = timedelta(days=366)


class WaiverState(StrEnum):
    REQUESTED = "requested"
    APPROVED = "approved"
    REJECTED = "rejected"
    EXPIRED = "expired"
    REVOKED = "revoked"


MOVES: Moves[WaiverState] = {
    WaiverState.REQUESTED: (WaiverState.APPROVED, WaiverState.REJECTED),
    WaiverState.APPROVED: (WaiverState.REVOKED,),  # or expired, which nobody asks for
    WaiverState.REJECTED: (),
    WaiverState.EXPIRED: (),
    WaiverState.REVOKED: (),
}


@dataclass(frozen=True)
class ApprovedWaiver:
    """A waiver as an evaluation reads it; `demand` is what the criterion demanded then."""

    criterion: str
    demand: str
    note: WaiverNote


def state_at(state: WaiverState, expires_at: datetime, now: datetime) -> WaiverState:
    """An approved waiver is expired from that moment on, before a job has said so."""
    if state is WaiverState.APPROVED and now >= expires_at:
        return WaiverState.EXPIRED
    return state


def in_force(
    waivers: Iterable[ApprovedWaiver], definition: GateDefinition, now: datetime
) -> dict[str, WaiverNote]:
    """The waiver of each criterion that has one now; of several the one that lasts longest.

    A waiver accepts the risk of not meeting one demand: under a criterion of the same name that
    now demands something else it means nothing.
    """
    found: dict[str, WaiverNote] = {}
    for waiver in waivers:
        demanded = definition.demands.get(waiver.criterion)
        if demanded != waiver.demand or now >= waiver.note.expires_at:
            continue
        known = found.get(waiver.criterion)
        if known is None or waiver.note.expires_at > known.expires_at:
            found[waiver.criterion] = waiver.note
    return found


def criterion_to_waive(criteria: Sequence[Criterion], wanted: str) -> Criterion:
    """The automated or evidence criterion of this id; 422: the gate has none, or people sign it.

    A sign-off never fails, it is missing, and nobody's signature can be waived.
    """
    possible = [one for one in criteria if not isinstance(one, SignOffCriterion)]
    for criterion in possible:
        if criterion.id == wanted:
            return criterion
    raise Invalid(
        f"{wanted} is no criterion of this gate that can be waived;"
        f" there are: {', '.join(one.id for one in possible) or 'none'}",
        code="no_waivable_criterion",
        pointer="/criterion",
    )


def check_expiry(expires_at: datetime, now: datetime) -> None:
    """A waiver ends, in the future and within a year (422)."""
    if not now < expires_at <= now + LONGEST:
        raise Invalid(
            f"expires_at must lie in the future and within {LONGEST.days} days",
            code="bad_expiry",
            pointer="/expires_at",
        )


def check_waivable(role: str | None) -> str:
    """The role that approves waivers here (409: the gate names none)."""
    if role is None:
        raise Conflict(
            "This gate has no waivers: its version names no role that approves them",
            code="no_waivers_here",
        )
    return role


def check_approver(person: str, requested_by: Collection[str | None]) -> None:
    """A waiver is approved by somebody else than who asked for it, also through others (403)."""
    if person in requested_by:
        raise Forbidden(
            "Who asked for a waiver cannot approve it: that would be self-approval",
            code="self_approval",
        )


def check_still_demanded(demands: Mapping[str, str], criterion: str, demand: str) -> None:
    """What is approved is the demand that was asked about (409)."""
    if demands.get(criterion) != demand:
        raise Conflict(
            f"The gate no longer has a criterion {criterion} that demands what this waiver is"
            " about: ask for a new one",
            code="criterion_changed",
        )


def check_revoker(person: str, risk_owner: str, roles: Iterable[str], role: str | None) -> None:
    """Holders of the role that approves, or who owns the risk, revoke (403)."""
    if person != risk_owner and role not in set(roles):
        raise Forbidden(
            f"To revoke this needs the role {role}, or to be its risk owner",
            code="role_missing",
            missing_role=role,
        )
