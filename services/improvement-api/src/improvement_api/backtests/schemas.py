"""Back-tests on the wire."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import ConfigDict, Field, model_validator

from improvement_api.gates.schemas import ProposedGate
from shared.schemas.common import Key, Out, Timestamp
from shared.schemas.improvement import Gate, Outcome, Verdict


class BacktestCreate(ProposedGate):
    """A gate as it might be, and the evaluations to try it on: those made in [from, to)."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "criteria": [
                        {
                            "id": "calm",
                            "kind": "automated",
                            "title": "Few incidents are open",
                            "why": "A service in trouble is not changed.",
                            "how": "Resolve the open incidents.",
                            "expression": "backlog_open <= 5.0",
                        }
                    ],
                    "from": "2026-01-01T00:00:00Z",
                    "to": "2026-07-01T00:00:00Z",
                }
            ]
        }
    )

    since: Annotated[Timestamp, Field(alias="from")]
    until: Annotated[Timestamp, Field(alias="to")]
    service: Key | None = Field(None, description="of this service only")

    @model_validator(mode="after")
    def _from_before_to(self) -> Self:
        if self.since >= self.until:
            raise ValueError("from must be before to")
        return self


class ChangeOut(Out):
    criterion: str
    old_outcome: Outcome | None = Field(description="null: it was not asked")
    new_outcome: Outcome | None = Field(description="null: it would not be asked")
    reason: str


class BacktestRow(Out):
    evaluation: str
    service: str
    gate_version: int
    evaluated_at: datetime
    decided: bool = Field(description="a decision or a rejection was based on it")
    old_verdict: Verdict
    new_verdict: Verdict
    changes: list[ChangeOut] = Field(description="criteria whose outcome would differ")


class VerdictChange(Out):
    old_verdict: Verdict
    new_verdict: Verdict
    evaluations: int


class BacktestOut(Out):
    """What would have come out; `totals` are of all evaluations, whatever page this is."""

    gate: Gate
    evaluations: int
    changed: int = Field(description="evaluations whose verdict would differ")
    totals: list[VerdictChange] = Field(description="pairs of verdicts that occur")
    rows: list[BacktestRow]
    next_cursor: str | None
