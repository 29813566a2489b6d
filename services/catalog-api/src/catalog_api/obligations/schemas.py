"""Obligations and their evidence on the wire."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import ConfigDict, Field, model_validator

from catalog_api.fields import Uri
from catalog_api.obligations.rules import ObligationState
from shared.kit.patches import absent
from shared.schemas.catalog import Subject
from shared.schemas.common import Day, Key, LongText, Out, ShortText, Wire

WarnDays = Annotated[
    int, Field(ge=0, le=3650, description="days before its evidence expires that it is expiring")
]


class ObligationCreate(Wire):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "service": "network-infrastructure",
                    "standard": "ISO/IEC 27001:2022",
                    "clause": "A.8.13",
                    "requirement": "Backups are kept and tested.",
                    "due": "2026-12-31",
                }
            ]
        }
    )

    service: Key
    standard: ShortText
    clause: ShortText
    requirement: LongText = Field("", description="what the service must do")
    owner: Subject | None = None
    due: Day | None = Field(None, description="by when it must be met; null: at once")
    warn_days: WarnDays = 30


class ObligationPatch(Wire):
    """The fields to change. One that need not be met any more ends, with the reason."""

    requirement: LongText = absent()
    owner: Subject | None = absent()
    due: Day | None = absent()
    warn_days: WarnDays = absent()
    ended_on: Day | None = absent()
    end_reason: ShortText | None = absent()

    @model_validator(mode="after")
    def _ends_with_a_reason(self) -> "ObligationPatch":
        if (self.ended_on is None) != (self.end_reason is None):
            raise ValueError("ended_on and end_reason are given, or taken back, together")
        if ("ended_on" in self.model_fields_set) != ("end_reason" in self.model_fields_set):
            raise ValueError("ended_on and end_reason are given, or taken back, together")
        return self


class EvidenceCreate(Wire):
    title: Annotated[ShortText, Field(examples=["Restore test of March 2026"])]
    uri: Uri
    valid_until: Day | None = Field(None, description="last day on which it counts; null: for ever")


class EvidenceOut(Out):
    id: UUID
    title: str
    uri: str
    valid_until: date | None
    added_by: str
    added_at: datetime


class ObligationOut(Out):
    """`state` is computed from the evidence each time it is read."""

    id: UUID
    service: str
    standard: str
    clause: str
    requirement: str
    owner: str | None
    due: date | None
    warn_days: int
    ended_on: date | None
    end_reason: str | None
    state: ObligationState
    overdue: bool = Field(description="unmet although the day it is due has passed")
    evidence: list[EvidenceOut]
    revision: int
    created_at: datetime
    updated_at: datetime
