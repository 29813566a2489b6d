"""Decisions on the wire."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import ConfigDict, Field

from improvement_api.decisions.rules import DeliveryState
from shared.schemas.catalog import Stage
from shared.schemas.common import LongText, Out, Wire
from shared.schemas.improvement import Gate, Outcome, Verdict


class DecisionCreate(Wire):
    """Decide on the evaluation that stands."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"evaluation": "5f0c8f52-6f0e-4f8e-9a55-0a8f7d5c2b11", "comment": "Go"}]
        }
    )

    evaluation: UUID
    comment: LongText = Field("", description="what the board wants remembered")


class FrozenCriterion(Out):
    id: str
    outcome: Outcome
    reason: str


class DecisionOut(Out):
    """A decision; it never changes, only its delivery to the catalog does."""

    id: str
    service: str
    gate: Gate
    gate_version: int
    from_stage: Stage
    to_stage: Stage
    evaluation: str
    verdict: Verdict = Field(description="frozen at the decision")
    score: float | None
    criteria: list[FrozenCriterion]
    comment: str
    decided_by: str
    decided_at: datetime
    statement: str = Field(description="the signed decision: a compact JWS that the catalog checks")
    delivery: DeliveryState = Field(description="whether the catalog has moved the stage")
    delivery_attempts: int
    delivery_reason: str | None = Field(description="why it was refused, or is still pending")


class Jwks(Out):
    """RFC 7517 key set."""

    keys: list[dict[str, Any]]
