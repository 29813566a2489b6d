"""Corrections on the wire."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import ConfigDict, Field, StringConstraints

from metrics_api.corrections.rules import CorrectionCategory, CorrectionState
from metrics_api.slis.schemas import ObjectKey
from shared.kit.patches import absent
from shared.schemas.common import Key, Out, Reason, ShortText, Storable, Timestamp, Wire

Recurrence = Annotated[
    str,
    StringConstraints(min_length=1, max_length=300),
    Storable,
    Field(
        description="RFC 5545 rule with FREQ DAILY, WEEKLY, MONTHLY or YEARLY and INTERVAL, COUNT,"
        " UNTIL, BYDAY, BYMONTHDAY, BYMONTH or WKST",
        examples=["FREQ=WEEKLY;BYDAY=SU"],
    ),
]
Minutes = Annotated[int, Field(ge=1, le=527_040, examples=[120])]
Zone = Annotated[str, StringConstraints(max_length=100), Field(examples=["Europe/Vienna"])]


class CorrectionCreate(Wire):
    """Either `end` or `duration_minutes`; with a rule the duration is that of each occurrence."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "service": "network-infrastructure",
                    "category": "scheduled_maintenance",
                    "reason": "Exchange of the core switches",
                    "start": "2026-03-01T20:00:00Z",
                    "duration_minutes": 120,
                }
            ]
        }
    )

    service: Key
    slo: ObjectKey | None = Field(None, description="one SLO of the service; absent: all of them")
    category: CorrectionCategory
    reason: Reason
    start: Timestamp = Field(description="of the first occurrence, at a whole minute")
    end: Timestamp | None = None
    duration_minutes: Minutes | None = None
    rrule: Recurrence | None = None
    timezone: Zone = Field("UTC", description="whose wall clock a rule follows")


class CorrectionPatch(Wire):
    """Changes to one that is still only requested."""

    category: CorrectionCategory = absent()
    reason: Reason = absent()
    start: Timestamp = absent()
    duration_minutes: Minutes = absent()
    rrule: Recurrence | None = absent()
    timezone: Zone = absent()


class CorrectionDecision(Wire):
    note: ShortText | None = Field(None, examples=["Announced on the portal"])


class CorrectionOut(Out):
    id: UUID
    service: str
    slo: str | None
    category: CorrectionCategory
    reason: str
    start: datetime
    end: datetime = Field(description="of the first occurrence")
    duration_minutes: int
    rrule: str | None
    timezone: str
    state: CorrectionState
    requested_by: str
    requested_at: datetime
    approver: str | None = Field(description="who approved or rejected it")
    decided_at: datetime | None
    decision_note: str | None
    revoked_by: str | None
    revoked_at: datetime | None
    version: int
    recorded_at: datetime
    recorded_by: str
