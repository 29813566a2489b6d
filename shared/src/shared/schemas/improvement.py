"""Wire models that improvement-api owns and machines read."""

from datetime import datetime
from enum import StrEnum

from pydantic import Field

from shared.schemas.common import FactValue, Out


class Gate(StrEnum):
    """Keys of the six tollgates, one per stage change."""

    STRATEGY_TO_DESIGN = "strategy-to-design"
    DESIGN_TO_TRANSITION = "design-to-transition"
    TRANSITION_TO_OPERATE = "transition-to-operate"
    OPERATE_TO_IMPROVE = "operate-to-improve"
    IMPROVE_TO_OPERATE = "improve-to-operate"
    TO_RETIREMENT = "to-retirement"


class CriterionKind(StrEnum):
    """Who answers: facts, people who sign, or a document."""

    AUTOMATED = "automated"
    SIGN_OFF = "sign_off"
    EVIDENCE = "evidence"


class MissingPolicy(StrEnum):
    """Outcome of a criterion whose facts have no value; `skip` is for advisory ones only."""

    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    SKIP = "skip"


class Verdict(StrEnum):
    PASS = "pass"  # noqa: S105 - a verdict, not a password
    WARNING = "warning"
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    ERROR = "error"


class Outcome(StrEnum):
    """Outcome of one criterion; `skip` is for advisory ones only."""

    PASS = "pass"  # noqa: S105
    WARNING = "warning"
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    ERROR = "error"
    SKIP = "skip"


class Standing(StrEnum):
    """What an evaluation is good for; only `open` and `signed` ones can be signed and decided."""

    OPEN = "open"
    SIGNED = "signed"
    DECIDED = "decided"
    SUPERSEDED = "superseded"
    EXPIRED = "expired"


class WaiverNote(Out):
    """The waiver that lets a failed criterion count as a warning."""

    id: str
    risk_owner: str
    expires_at: datetime


class CriterionResult(Out):
    id: str
    kind: CriterionKind
    title: str
    required: bool
    weight: float
    outcome: Outcome
    reason: str = Field(description="one sentence: why this outcome")
    how: str = Field(description="how to satisfy it, as the gate's version says")
    facts: dict[str, FactValue] = Field(description="the facts the criterion saw, by name")
    waiver: WaiverNote | None = Field(description="what made a fail this warning, until it expires")


class SignatureOut(Out):
    """A person's signature: it holds for one evaluation and the hash of its facts."""

    id: str
    evaluation: str
    criterion: str
    role: str
    signed_by: str
    on_behalf_of: str | None = Field(description="holder of the role who delegated it, if any")
    delegation: str | None = Field(description="the delegation that was used, if any")
    signed_at: datetime
    expires_at: datetime | None = Field(description="when it stops counting; null: it does not")
    withdrawn_at: datetime | None
    counts: bool = Field(description="neither withdrawn nor expired, now or when it was decided")
    facts_hash: str


class EvaluationOut(Out):
    """An evaluation; a POST answers the one that stands and names the one it just made."""

    id: str
    new_evaluation_id: str = Field(description="made by this request; otherwise the same as id")
    service: str
    gate: Gate
    gate_version: int
    stage: str | None = Field(description="of the service then; null: the catalog was not reached")
    verdict: Verdict
    exit_code: int = Field(description="0 pass, 1 fail, 2 warning or inconclusive, 3 error")
    score: float | None = Field(description="0 to 1; null where the weights sum to 0")
    standing: Standing
    criteria: list[CriterionResult]
    signatures: list[SignatureOut]
    facts_hash: str = Field(description="SHA-256 of outcomes and facts as RFC 8785 JSON, in hex")
    evaluated_at: datetime
    evaluated_by: str
    expires_at: datetime
