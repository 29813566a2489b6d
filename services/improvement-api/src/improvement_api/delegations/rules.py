"""Who may let whom sign for a role, and when a delegation is good for a signature."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from shared.errors import Conflict, FieldError, Forbidden, Invalid
from shared.schemas.improvement import Gate

LONGEST = timedelta(days=366)


class DelegationState(StrEnum):
    """Where a delegation is at a moment; nothing is stored but its period and its revocation."""

    AHEAD = "ahead"
    VALID = "valid"
    OVER = "over"
    REVOKED = "revoked"


@dataclass(frozen=True)
class Use:
    """What somebody wants to sign by a delegation: for which role, of what, at which gate."""

    person: str
    role: str
    service: str
    gate: Gate


@dataclass(frozen=True)
class Terms:
    """What a delegation says: None is every service, every gate."""

    role: str
    delegator: str
    delegate: str
    service: str | None
    gate: Gate | None
    valid_from: datetime
    valid_until: datetime
    revoked: bool


def state_at(terms: Terms, now: datetime) -> DelegationState:
    """[valid_from, valid_until), and never again once it is revoked."""
    if terms.revoked:
        return DelegationState.REVOKED
    if now < terms.valid_from:
        return DelegationState.AHEAD
    return DelegationState.VALID if now < terms.valid_until else DelegationState.OVER


def check_terms(terms: Terms, now: datetime) -> None:
    """To somebody else, for a time that is not over and no longer than a year (422).

    There are no chains: who delegates holds the role, and a delegation gives nobody a role.
    """
    faults = []
    if terms.delegate == terms.delegator:
        faults.append(FieldError("/delegate", "nobody delegates to themself", "own_delegate"))
    length = terms.valid_until - terms.valid_from
    if not timedelta(0) < length <= LONGEST or terms.valid_until <= now:
        detail = f"must be after valid_from, in the future, within {LONGEST.days} days of it"
        faults.append(FieldError("/valid_until", detail, "bad_period"))
    if faults:
        raise Invalid("; ".join(f.detail for f in faults), code="bad_delegation", errors=faults)


def check_use(terms: Terms, use: Use, now: datetime) -> None:
    """A delegation is used by whom it names, for its role, where and while it is valid."""
    if use.person != terms.delegate:
        raise Forbidden("This delegation names somebody else", code="not_your_delegation")
    if use.role != terms.role:
        raise Forbidden(
            f"This delegation is for the role {terms.role}, and {use.role} is asked for",
            code="role_missing",
            missing_role=use.role,
        )
    if terms.service not in (None, use.service) or terms.gate not in (None, use.gate):
        where = " at ".join(one for one in (terms.service, terms.gate) if one is not None)
        raise Forbidden(f"This delegation is only for {where}", code="delegated_elsewhere")
    state = state_at(terms, now)
    if state is not DelegationState.VALID:
        raise Conflict(
            f"This delegation is {state.value}: it was given for"
            f" {terms.valid_from.isoformat()} to {terms.valid_until.isoformat()}",
            code="delegation_not_valid",
            state=state.value,
        )
