"""Waivers on the wire."""

from datetime import datetime
from typing import Literal

from pydantic import ConfigDict, Field

from improvement_api.waivers.rules import WaiverState
from shared.schemas.catalog import Subject
from shared.schemas.common import Key, LongText, NonBlank, Out, Timestamp, Wire
from shared.schemas.improvement import Gate


class WaiverCreate(Wire):
    """Ask that a criterion which fails be accepted for a time."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "service": "network-infrastructure",
                    "gate": "operate-to-improve",
                    "criterion": "benchmarked",
                    "reason": "The industry's figures come in June.",
                    "risk_owner": "ada@example.org",
                    "compensating_control": "Until then cost is compared with last year's.",
                    "expires_at": "2027-06-30T00:00:00Z",
                }
            ]
        }
    )

    service: Key
    gate: Gate
    criterion: Key
    reason: NonBlank
    risk_owner: Subject
    compensating_control: NonBlank
    expires_at: Timestamp


class WaiverMove(Wire):
    """Approve or reject what was asked for, or revoke what was approved."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"to": "approved", "comment": "Accepted until June"}]}
    )

    to: Literal[WaiverState.APPROVED, WaiverState.REJECTED, WaiverState.REVOKED]
    comment: LongText = ""


class WaiverOut(Out):
    """A waiver; while `approved`, a fail of its criterion reads as a warning."""

    id: str
    service: str
    gate: Gate
    criterion: str
    reason: str
    risk_owner: str
    compensating_control: str
    expires_at: datetime
    state: WaiverState
    moves: list[WaiverState] = Field(description="states it can be moved to")
    requested_at: datetime
    requested_by: str
    decided_at: datetime | None
    decided_by: str | None = Field(description="who approved or rejected it")
    ended_at: datetime | None = Field(description="when it expired or was revoked")
    ended_by: str | None = Field(description="who revoked it; null where it expired")
    comment: str = Field(description="what was said at the last move")
