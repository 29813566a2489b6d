"""Gates on the wire."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import ConfigDict, Field, JsonValue, model_validator

from improvement_api.gates.rules import (
    MAX_AGE_HOURS,
    PASS_THRESHOLD,
    WARNING_THRESHOLD,
    Criterion,
    Hours,
    Role,
    Threshold,
)
from shared.schemas.catalog import Stage
from shared.schemas.common import Key, Out, ShortText, Wire
from shared.schemas.improvement import CriterionKind, Gate, MissingPolicy

MAX_CRITERIA = 50


class ProposedGate(Wire):
    """What a gate asks, published or only proposed."""

    criteria: Annotated[list[Criterion], Field(min_length=1, max_length=MAX_CRITERIA)]
    pass_threshold: Threshold = PASS_THRESHOLD
    warning_threshold: Threshold = WARNING_THRESHOLD

    @model_validator(mode="after")
    def _thresholds_in_order(self) -> Self:
        if self.warning_threshold > self.pass_threshold:
            raise ValueError("warning_threshold must not be above pass_threshold")
        return self


class GateVersionCreate(ProposedGate):
    """A whole definition: it replaces the one in force for evaluations from now on."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "criteria": [
                        {
                            "id": "quiet",
                            "kind": "automated",
                            "title": "Few incidents are open",
                            "why": "A service in trouble is not changed.",
                            "how": "Resolve the open incidents.",
                            "expression": "backlog_open == 0.0",
                            "warning": "backlog_open <= 3.0",
                        },
                        {
                            "id": "owner-commits",
                            "kind": "sign_off",
                            "title": "The owner commits",
                            "why": "The owner answers for it.",
                            "how": "Sign the evaluation.",
                            "role": "service_owner",
                        },
                    ],
                    "decided_by": "portfolio_manager",
                    "reason": "Fewer questions",
                }
            ]
        }
    )

    max_age_hours: Hours = Field(MAX_AGE_HOURS, description="how long an evaluation is good for")
    decided_by: Role | None = Field(
        None, description="role whose holders decide; beside a board: which its voters hold too"
    )
    board: Key | None = Field(
        None, description="board of the catalog that decides, by the votes of its members"
    )
    waived_by: Role | None = Field(
        None, description="role whose holders approve waivers; absent: that of decided_by"
    )
    reason: ShortText = Field(description="why there is this version")

    @model_validator(mode="after")
    def _somebody_decides(self) -> Self:
        if self.decided_by is None and self.board is None:
            raise ValueError("name who decides: decided_by, board, or both")
        return self


class CriterionOut(Out):
    """A criterion of any kind; what another kind has is null."""

    id: str
    kind: CriterionKind
    title: str
    why: str = Field(description="why this is asked")
    how: str = Field(description="how to satisfy it")
    required: bool
    weight: float
    expression: str | None = Field(description="automated: CEL, true is a pass")
    warning: str | None = Field(description="automated: CEL, true where expression is not: warning")
    facts: list[str] | None = Field(description="automated: names of the facts it uses")
    freshness_hours: int | None = Field(description="automated, evidence: oldest age that counts")
    missing: MissingPolicy | None = Field(description="automated, evidence: outcome without value")
    role: str | None = Field(description="sign_off: whose holders sign")
    signatures: int | None = Field(description="sign_off: how many different ones")
    of: list[str] | None = Field(description="sign_off: who of the holders may sign; null: all")
    signature_hours: int | None = Field(description="sign_off: how long a signature counts")
    document: str | None = Field(description="evidence: what is asked for")


class GateOut(Out):
    """A version of a gate; `GET /v1/gates` shows the newest ones."""

    gate: Gate
    version: int
    from_stages: list[Stage]
    to_stage: Stage
    criteria: list[CriterionOut]
    max_age_hours: int
    pass_threshold: float
    warning_threshold: float
    decided_by: str | None = Field(description="role whose holders decide")
    board: str | None = Field(description="board of the catalog whose votes decide")
    waived_by: str | None = Field(description="role whose holders approve waivers; null: none do")
    reason: str
    published_at: datetime
    published_by: str


class GateDefault(Out):
    """The default that this release comes with, whether it is in force or not."""

    gate: Gate
    in_force: bool = Field(description="the newest version asks and demands the same")
    definition: dict[str, JsonValue] = Field(
        description="a body for `POST /v1/gates/{gate}/versions`"
    )
