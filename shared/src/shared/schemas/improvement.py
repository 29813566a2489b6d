"""Wire models that improvement-api owns and machines read."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import Field

from shared.schemas.common import Out


class Gate(StrEnum):
    """Keys of the six tollgates, one per stage change."""

    STRATEGY_TO_DESIGN = "strategy-to-design"
    DESIGN_TO_TRANSITION = "design-to-transition"
    TRANSITION_TO_OPERATE = "transition-to-operate"
    OPERATE_TO_IMPROVE = "operate-to-improve"
    IMPROVE_TO_OPERATE = "improve-to-operate"
    TO_RETIREMENT = "to-retirement"


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
    OPEN = "open"
    SIGNED = "signed"
    DECIDED = "decided"
    SUPERSEDED = "superseded"
    EXPIRED = "expired"


class CriterionResult(Out):
    id: str
    kind: str = Field(description="automated, sign_off or evidence")
    title: str
    required: bool
    weight: float
    outcome: Outcome
    reason: str
    facts: dict[str, Any] = Field(description="the facts the criterion saw, by name")


class EvaluationOut(Out):
    """An evaluation; a POST answers the one that stands and names the one it just made."""

    id: str
    new_evaluation_id: str
    service: str
    gate: Gate
    gate_version: int
    verdict: Verdict
    exit_code: int
    score: float | None
    standing: Standing
    criteria: list[CriterionResult]
    facts_hash: str
    evaluated_at: datetime
    evaluated_by: str
    expires_at: datetime
