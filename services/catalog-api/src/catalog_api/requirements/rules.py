"""The way of a service requirement, from feedback to the target that answers it.

| state | meaning | becomes |
|---|---|---|
| proposed | a customer has said it; its wording may still change | accepted, rejected, withdrawn |
| accepted | the service is going to meet it | answered, rejected, withdrawn |
| answered | a target holds the service to it | accepted (when that is gone), withdrawn |
| rejected | the service will not meet it; the reason is kept | nothing |
| withdrawn | the customer no longer needs it | nothing |
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from catalog_api.fact_values import known
from shared.errors import Conflict, FieldError
from shared.schemas.common import FactValue


class Priority(StrEnum):
    """MoSCoW without the won't: what will not be done is rejected."""

    MUST = "must"
    SHOULD = "should"
    COULD = "could"


class RequirementState(StrEnum):
    PROPOSED = "proposed"
    ACCEPTED = "accepted"
    ANSWERED = "answered"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


class AnswerKind(StrEnum):
    """What can hold a service to a requirement."""

    KPI = "kpi"
    SLO = "slo"
    AGREEMENT = "agreement"


_S = RequirementState
MOVES: Mapping[RequirementState, tuple[RequirementState, ...]] = {
    _S.PROPOSED: (_S.ACCEPTED, _S.REJECTED, _S.WITHDRAWN),
    _S.ACCEPTED: (_S.ANSWERED, _S.REJECTED, _S.WITHDRAWN),
    _S.ANSWERED: (_S.ACCEPTED, _S.WITHDRAWN),
    _S.REJECTED: (),
    _S.WITHDRAWN: (),
}

OPEN = (RequirementState.PROPOSED, RequirementState.ACCEPTED)
"""Nothing holds the service to it yet, and nobody has said no."""


def fault_of_move(
    state: RequirementState, to: RequirementState, *, reason: bool, answer: bool
) -> FieldError | None:
    """What a possible move lacks or must not carry: a target answers, a no has its reason."""
    if answer != (to is RequirementState.ANSWERED):
        if answer:
            detail = f"only an answered requirement has a target, and it would be {to}"
            return FieldError("/answer", detail, "answer_refused")
        detail = "name the KPI, SLO or agreement that answers the requirement"
        return FieldError("/answer", detail, "answer_required")
    if not reason and _needs_reason(state, to):
        return FieldError("/reason", f"say why it becomes {to}", "reason_required")
    return None


def _needs_reason(state: RequirementState, to: RequirementState) -> bool:
    given_up = to in (RequirementState.REJECTED, RequirementState.WITHDRAWN)
    return given_up or state is RequirementState.ANSWERED


def check_agreement_in_force(reference: str, active: Collection[str]) -> None:
    """An agreement answers when it covers the service now: a draft holds nobody to it (409)."""
    if reference not in active:
        raise Conflict(
            f"No active agreement {reference} covers the service;"
            f" those that do: {', '.join(active) or 'none'}",
            code="agreement_not_active",
            pointer="/answer/reference",
            allowed=list(active),
        )


def facts(section: Mapping[str, Any], now: datetime) -> dict[str, FactValue]:
    """How far requirements are answered; none at all is known as of now."""
    changed = section["changed_at"]
    as_of = now if changed is None else datetime.fromisoformat(changed)
    return {
        "open_requirement_count": known(section["open_count"], as_of),
        "undecided_requirement_count": known(section["undecided_count"], as_of),
        "must_requirements_unanswered_count": known(section["must_unanswered_count"], as_of),
        "answered_requirement_count": known(section["answered_count"], as_of),
    }
