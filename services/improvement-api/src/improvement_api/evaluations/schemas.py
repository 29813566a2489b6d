"""In which forms an evaluation is answered, and what one of no consequence says."""

from enum import StrEnum
from typing import Any

from pydantic import ConfigDict, Field

from improvement_api.gates.schemas import ProposedGate
from shared.schemas.common import Out
from shared.schemas.improvement import CriterionResult, Gate, Verdict


class EvaluationForm(StrEnum):
    JSON = "json"
    JUNIT = "junit"


MEDIA_TYPES = {
    "application/json": EvaluationForm.JSON,
    "application/xml": EvaluationForm.JUNIT,
    "text/xml": EvaluationForm.JUNIT,
}
JUNIT: dict[str, Any] = {
    "description": "The evaluation, as JSON or as JUnit XML",
    "content": {"application/xml": {"schema": {"type": "string"}}},
}
"""What the contract says of replies in JUnit XML."""


class SimulationCreate(ProposedGate):
    """What the gate would ask; without a body the version in force is simulated."""

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
                    ]
                }
            ]
        }
    )


class SimulationOut(Out):
    """What an evaluation made now would say; nothing is stored, nobody has signed."""

    service: str
    gate: Gate
    gate_version: int | None = Field(description="null: the definition that was proposed")
    stage: str | None = Field(description="of the service now; null: the catalog was not reached")
    verdict: Verdict
    exit_code: int = Field(description="0 pass, 1 fail, 2 warning or inconclusive, 3 error")
    score: float | None = Field(description="0 to 1; null where the weights sum to 0")
    criteria: list[CriterionResult]
