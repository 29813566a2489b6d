"""Risks on the wire."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import ConfigDict, Field, model_validator

from catalog_api.risks.rules import RiskLevel, RiskSource, RiskState, Treatment
from shared.kit.patches import absent
from shared.schemas.catalog import Subject
from shared.schemas.common import Day, Key, LongText, Out, Reason, ShortText, Wire

Points = Annotated[int, Field(ge=1, le=5, description="1 (least) to 5 (most)")]
ItemId = Annotated[Key, Field(description="id of an item of the newest roadmap")]


class RiskCreate(Wire):
    """A risk of exactly one service or portfolio."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "service": "network-infrastructure",
                    "title": "The only firewall has no spare",
                    "likelihood": 2,
                    "impact": 5,
                    "owner": "ada@example.org",
                    "review_date": "2026-09-01",
                    "treatment": "reduce",
                    "treatment_text": "Buy a second one and test the failover twice a year.",
                }
            ]
        }
    )

    service: Key | None = None
    portfolio: Key | None = None
    title: ShortText
    description: LongText = ""
    likelihood: Points
    impact: Points
    owner: Subject
    review_date: Day = Field(description="when it is looked at again")
    treatment: Treatment | None = None
    treatment_text: Reason | None = Field(None, description="what is done about it")
    roadmap_item: ItemId | None = None
    source: RiskSource = RiskSource.MANUAL
    source_reference: ShortText | None = Field(
        None, description="what the trend was found in; needed for, and only for, a trend"
    )

    @model_validator(mode="after")
    def _of_one_subject(self) -> "RiskCreate":
        if (self.service is None) == (self.portfolio is None):
            raise ValueError("name the service or the portfolio, one of them")
        if (self.source is RiskSource.TREND) != (self.source_reference is not None):
            raise ValueError("source_reference says which trend it was, where source is trend")
        return self


class RiskPatch(Wire):
    """The fields to change; the score follows likelihood and impact."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"likelihood": 2, "treatment": "reduce", "treatment_text": "A second gateway"}
            ]
        }
    )

    title: ShortText = absent()
    description: LongText = absent()
    likelihood: Points = absent()
    impact: Points = absent()
    owner: Subject = absent()
    review_date: Day = absent()
    treatment: Treatment | None = absent()
    treatment_text: Reason | None = absent()
    roadmap_item: ItemId | None = absent()


class RiskAcceptance(Wire):
    """Who bears the risk, and until and including which day."""

    owner: Subject
    until: Day = Field(description="last day of the acceptance, after today")
    reason: Reason = Field(examples=["Replacement is budgeted for the next year."])
    likelihood: Points | None = Field(None, description="absent: as it is")
    impact: Points | None = Field(None, description="absent: as it is")


class RiskClosure(Wire):
    reason: Reason = Field(examples=["The spare firewall is in place and tested."])


class RiskOut(Out):
    """Exactly one of `service` and `portfolio` is set."""

    id: UUID
    service: str | None
    portfolio: str | None
    title: str
    description: str
    likelihood: int
    impact: int
    score: int = Field(description="likelihood × impact")
    level: RiskLevel
    treatment: Treatment | None
    treatment_text: str | None
    roadmap_item: str | None
    owner: str
    review_date: date
    review_overdue: bool
    source: RiskSource
    source_reference: str | None
    state: RiskState
    state_since: datetime
    acceptance_owner: str | None = Field(description="who bears it, of the last acceptance")
    accepted_by: str | None
    accepted_until: date | None
    acceptance_reason: str | None
    close_reason: str | None
    revision: int
    created_at: datetime
    updated_at: datetime
