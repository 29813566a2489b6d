"""Opportunities on the wire."""

from datetime import date, datetime
from typing import Annotated, Any

from pydantic import ConfigDict, Field, StringConstraints

from improvement_api.opportunities.rules import (
    Figure,
    Handling,
    Impact,
    LinkKind,
    OpportunityState,
    Points,
    Source,
)
from shared.kit.patches import absent
from shared.schemas.common import Key, LongText, NonBlank, Out, ShortText, Storable, Wire
from shared.schemas.metrics import KpiId

Target = Annotated[
    str,
    StringConstraints(min_length=1, max_length=300),
    Storable,
    Field(
        description="id of the thing; an incident's is its source and its id there, with a slash",
        examples=["servicenow/INC0000045"],
    ),
]


class OpportunityCreate(Wire):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "title": "Printing is restored late",
                    "problem": "Since March a print incident takes 9 hours to resolve, not 5.",
                    "service": "application-support",
                    "kpi": "mttr",
                    "impacts": [
                        {
                            "stakeholder": "Clerks of the branch offices",
                            "effect": "They cannot print for half a day.",
                        }
                    ],
                    "benefit": "Contracts are signed on the day they are made.",
                }
            ]
        }
    )

    title: ShortText
    problem: Annotated[NonBlank, Field(description="stated neutrally: what is, not what to do")]
    service: Key
    kpi: KpiId | None = Field(None, description="that shows the problem")
    impacts: list[Impact] = Field(min_length=1, max_length=20)
    benefit: Annotated[NonBlank, Field(description="of solving it")]
    owner: ShortText | None = Field(None, description="subject; by default who raises it")


class OpportunityPatch(Wire):
    """What is absent stays as it is."""

    title: ShortText = absent()
    problem: NonBlank = absent()
    kpi: KpiId | None = absent()
    impacts: Annotated[list[Impact], Field(min_length=1, max_length=20)] = absent()
    benefit: NonBlank = absent()
    owner: ShortText = absent()


class AssessmentPut(Wire):
    """The four inputs of WSJF, relative to the rest of the backlog."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "business_value": 8,
                    "time_criticality": 5,
                    "risk_reduction": 3,
                    "job_size": 2,
                    "comment": "The desk gets a third of its calls from it.",
                }
            ]
        }
    )

    business_value: Points = Field(description="user and business value")
    time_criticality: Points = Field(description="how much is lost by waiting")
    risk_reduction: Points = Field(description="risk reduction and opportunity enablement")
    job_size: Points
    comment: LongText = ""


class AssessmentOut(Out):
    business_value: int
    time_criticality: int
    risk_reduction: int
    job_size: int
    cost_of_delay: int
    wsjf: float
    comment: str
    assessed_at: datetime
    assessed_by: str


class OpportunityMove(Wire):
    model_config = ConfigDict(json_schema_extra={"examples": [{"to": "accepted"}]})

    to: OpportunityState
    comment: LongText = Field("", description="needed where it is rejected: why")


class OpportunityPlan(Wire):
    """What becomes the plan; title, problem and owner are the opportunity's unless given."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"objective": "cheaper-workplace"}]})

    objective: Key = Field(description="key of the objective of the catalog that it serves")
    title: ShortText | None = None
    owner: ShortText | None = None


class ImpactOut(Out):
    stakeholder: str
    effect: str


class OpportunityOut(Out):
    id: str
    title: str
    problem: str
    service: str
    kpi: KpiId | None
    impacts: list[ImpactOut]
    benefit: str
    owner: str | None = Field(description="null: nobody answers for the service yet")
    source: Source
    cause_key: str | None = Field(
        description="names the cause: trigger, service and subject; what other triggers tell of the"
        " same service and subject is added here too"
    )
    cause: dict[str, Any] | None = Field(
        description="the occurrence that opened it, with its figures; null when a person raised it"
    )
    figures: list[Figure] = Field(description="of the last occurrence")
    occurrences: int = Field(description="how often the cause occurred since")
    last_occurred_at: datetime | None
    state: OpportunityState
    state_since: datetime
    state_comment: str | None
    moves: list[OpportunityState] = Field(
        description="assessed by its assessment, planned by its plan, the others by transitions"
    )
    assessment: AssessmentOut | None
    plan: str | None = Field(description="id of the plan it became")
    version: int
    created_at: datetime
    created_by: str
    updated_at: datetime


class RankedOpportunity(OpportunityOut):
    rank: int | None = Field(description="1 is to be done first; null: not assessed")


class SuggestionOut(Out):
    """What measured figures say of a WSJF input; people decide."""

    time_criticality: int | None
    reason: str
    kpi: KpiId | None
    direction: str | None = Field(description="of the trend: improving, degrading or none")
    n: int | None = Field(description="full months with a figure")
    p_value: float | None
    slope_per_month: float | None
    breaches_on: date | None
    formula: str


class LinkCreate(Wire):
    kind: LinkKind
    target: Target


class LinkOut(Out):
    kind: LinkKind
    target: str
    linked_at: datetime
    linked_by: str


class PracticeOfOpportunity(Out):
    """A practice of the catalog that is linked to the opportunity."""

    key: str
    title: str
    kind: str
    process: str


class OccurrenceOut(Out):
    id: str
    trigger: str
    trigger_version: int | None
    service: str
    subject: str = Field(examples=["kpi:mttr"])
    cause_key: str
    identity: str = Field(description="names it within its cause: an event's id, or a period")
    figures: list[Figure]
    until: datetime = Field(description="end of what the figures tell of")
    handling: Handling = Field(
        description="opened: an opportunity; appended: to the open one; quiet: the last one was"
        " rejected a short time ago; old: it tells of a time before the last one ended"
    )
    reason: str
    opportunity: str = Field(
        description="that it opened or was added to, or that kept it from opening another"
    )
    recorded_at: datetime
