"""The way of a service requirement, from feedback to the target that answers it.

| state | meaning | becomes |
|---|---|---|
| proposed | a customer has said it; its wording may still change | accepted, rejected, withdrawn |
| accepted | the service is going to meet it | answered, rejected, withdrawn |
| answered | a target holds the service to it | accepted (when that is gone), withdrawn |
| rejected | the service will not meet it; the reason is kept | nothing |
| withdrawn | the customer no longer needs it | nothing |
"""

from collections.abc import Mapping
from enum import StrEnum


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
