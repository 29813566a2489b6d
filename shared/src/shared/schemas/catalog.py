"""Wire models that catalog-api owns and other services, machines and the command line use."""

from datetime import datetime
from enum import StrEnum
from itertools import pairwise
from typing import Annotated, Literal
from uuid import UUID

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)
from pydantic.json_schema import SkipJsonSchema
from pydantic_core import PydanticCustomError

from shared.schemas.common import (
    Day,
    Key,
    LongText,
    NonBlank,
    Out,
    Reason,
    ShortText,
    Wire,
)
from shared.timezones import zone_names


class Stage(StrEnum):
    """Lifecycle stage of a service; `retirement` is terminal."""

    STRATEGY = "strategy"
    DESIGN = "design"
    TRANSITION = "transition"
    OPERATE = "operate"
    IMPROVE = "improve"
    RETIREMENT = "retirement"


class ServiceKind(StrEnum):
    BUSINESS = "business"
    TECHNICAL = "technical"
    PRODUCT = "product"


class Criticality(StrEnum):
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class Weekday(StrEnum):
    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"


def _refuse_stage(_: object) -> None:
    raise PydanticCustomError(
        "stage_refused",
        "the stage cannot be written here: it moves by POST /v1/services/{key}/transitions with a"
        " tollgate decision; a service that already runs is recorded by POST /v1/services/onboard",
    )


# Named, so that the refusal can say how a stage moves; left out of the contract.
RefusedStage = Annotated[SkipJsonSchema[None], BeforeValidator(_refuse_stage)]


def _known_zone(name: str) -> str:
    if name not in zone_names():
        raise ValueError("must be an IANA time zone such as Europe/Zurich")
    return name


def _as_a_set(names: list[str]) -> list[str]:
    return sorted(set(names))


ZoneName = Annotated[
    str,
    StringConstraints(max_length=100),
    AfterValidator(_known_zone),
    Field(description="IANA time zone", examples=["Europe/Zurich"]),
]
ClockTime = Annotated[
    str,
    StringConstraints(pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$"),
    Field(description="HH:MM in the calendar's time zone", examples=["08:00"]),
]
Tags = Annotated[
    list[Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=50)]],
    Field(max_length=50, description="slugs; kept sorted and once each", examples=[["erp"]]),
    AfterValidator(_as_a_set),
]
Role = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$", max_length=50),
    Field(
        description="snake_case role, such as service_owner or service_level_manager",
        examples=["service_owner"],
    ),
]
Subject = Annotated[
    ShortText, Field(description="`sub` of the person in tokens", examples=["ada@example.org"])
]


class SupportInterval(Wire):
    """[start, end) on one weekday; a night shift is two intervals that meet at 24:00."""

    day: Weekday
    start: ClockTime
    end: Annotated[ClockTime, Field(examples=["18:00"])]

    @model_validator(mode="after")
    def _ends_after_start(self) -> "SupportInterval":
        if self.end <= self.start:
            raise ValueError("end must be after start")
        return self


class SupportHours(Wire):
    """When the service is supported, week by week."""

    timezone: ZoneName
    weekly: Annotated[list[SupportInterval], Field(min_length=1, max_length=50)]

    @model_validator(mode="after")
    def _does_not_overlap(self) -> "SupportHours":
        ordered = sorted(self.weekly, key=lambda interval: (interval.day, interval.start))
        for one, following in pairwise(ordered):
            if one.day == following.day and following.start < one.end:
                raise ValueError(f"two intervals of {one.day} overlap at {following.start}")
        return self


class Reference(Wire):
    """A service in the words of an ITSM tool; `source` null means any source."""

    source: Key | None = None
    name: Annotated[ShortText, Field(examples=["Network Infrastructure"])]


class OwnerAssignment(Wire):
    role: Role
    subject: Subject


class PortfolioCreate(Wire):
    key: Annotated[Key | None, Field(description="absent: the slug of the name")] = None
    name: Annotated[ShortText, Field(examples=["Workplace"])]
    manager: Subject | None = None
    strategy: NonBlank | None = None


class PhaseCounts(Out):
    """Services of a portfolio by phase of their life."""

    pipeline: int = Field(description="in strategy or design")
    live: int = Field(description="in transition, operate or improve")
    retired: int


class PortfolioOut(Out):
    key: str
    name: str
    manager: str | None
    strategy: str | None
    services: PhaseCounts
    revision: int
    created_at: datetime
    updated_at: datetime


class ServiceCreate(Wire):
    """A new service; its stage is `strategy`."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "name": "Badge Printing",
                    "portfolio": "workplace",
                    "kind": "business",
                    "description": "Prints the badges of people and visitors",
                    "criticality": "low",
                    "owners": [{"role": "service_owner", "subject": "ada@example.org"}],
                }
            ]
        }
    )

    key: Annotated[Key | None, Field(description="absent: the slug of the name")] = None
    name: Annotated[ShortText, Field(examples=["Network Infrastructure"])]
    portfolio: Key
    kind: ServiceKind
    description: LongText = ""
    criticality: Criticality | None = None
    support_hours: SupportHours | None = None
    tags: Annotated[Tags, Field(default_factory=list)]
    owners: Annotated[list[OwnerAssignment], Field(default_factory=list, max_length=50)]
    external_references: Annotated[list[Reference], Field(default_factory=list, max_length=200)]
    stage: RefusedStage = None


class ServiceOnboard(ServiceCreate):
    """A service that already runs, recorded at its stage; a live one names its service_owner."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "name": "Visitor Reception",
                    "portfolio": "workplace",
                    "kind": "business",
                    "stage": "operate",
                    "owners": [{"role": "service_owner", "subject": "ada@example.org"}],
                    "reason": "Runs since 2019; recorded when the catalog was introduced",
                }
            ]
        }
    )

    stage: Stage  # type: ignore[assignment]
    reason: Annotated[
        Reason,
        Field(examples=["Runs since 2019; recorded when the catalog was introduced"]),
    ]


class OwnerOut(Out):
    role: str
    subject: str
    valid_from: datetime


class ReferenceOut(Out):
    id: UUID
    source: str | None
    name: str


class ResolveRequest(Wire):
    references: Annotated[list[Reference], Field(max_length=10_000)]


class ResolvedReference(Out):
    source: str | None
    name: str
    service: str | None


class ResolveReply(Out):
    """In the order asked."""

    items: list[ResolvedReference]


class ReferenceSnapshot(Out):
    source: str | None
    name: str


class ServiceSummary(Out):
    """What others need to know of a service; `revision` grows with every change."""

    key: str
    name: str
    kind: ServiceKind
    portfolio: str
    stage: Stage
    criticality: Criticality | None
    revision: int


class ServiceOut(ServiceSummary):
    description: str
    portfolio_name: str
    support_hours: SupportHours | None
    tags: list[str]
    owners: list[OwnerOut] = Field(description="present owners, by role and subject")
    external_references: list[ReferenceOut]
    onboarded: bool = Field(description="recorded at a later stage than strategy")
    created_at: datetime
    updated_at: datetime


class ServiceSnapshot(ServiceSummary):
    """What other services copy of a service: the data of its events."""

    references: list[ReferenceSnapshot]


class TrendRisk(Wire):
    """A risk as a detected trend raises it: one as long as that one is not closed."""

    service: Key
    title: ShortText
    description: LongText
    likelihood: Annotated[int, Field(ge=1, le=5)]
    impact: Annotated[int, Field(ge=1, le=5)]
    owner: Subject
    review_date: Day
    source: Literal["trend"]
    source_reference: Annotated[ShortText, Field(description="which trend it was")]


class RiskReference(Out):
    """What others keep of a risk."""

    id: UUID


class TransitionRequest(Wire):
    """`decision` is the compact JWS that improvement-api issued.

    Without it the reply is the 409 that names the gate; `to_stage` says which one is meant.
    """

    decision: Annotated[str, Field(min_length=1, max_length=8192)] | None = None
    to_stage: Stage | None = None


class TransitionOut(Out):
    id: UUID
    service: str
    gate: str
    gate_version: int
    from_stage: Stage
    to_stage: Stage
    decision: str = Field(description="id of the decision")
    evaluation: str = Field(description="id of the evaluation that was decided on")
    decided_by: str
    decided_at: datetime
    moved_at: datetime
    moved_by: str
    on_behalf_of: str | None


class RequestState(StrEnum):
    SUBMITTED = "submitted"
    IN_FULFILMENT = "in_fulfilment"
    FULFILLED = "fulfilled"
    CANCELLED = "cancelled"
    REJECTED = "rejected"


class StepTiming(Out):
    """A fulfilment step of a request; its target runs by the clock from start to completion."""

    id: str
    title: str
    owner_role: str
    target_minutes: int
    started_at: datetime | None
    completed_at: datetime | None
    minutes: float | None = Field(description="from start to completion")
    met: bool | None = Field(description="null until it is completed")


class RequestSnapshot(Out):
    """What other services keep of a request: the `record` of its events.

    `revision` grows with every move; the answers stay with the catalog.
    """

    number: str
    service: str
    offering: str
    offering_version: int
    state: RequestState
    customer: str | None
    impact: str | None
    urgency: str | None
    priority: int | None = Field(description="null: no scheme, or no impact and urgency were given")
    submitted_at: datetime
    due_at: datetime = Field(description="submission plus the targets of all steps, by the clock")
    started_at: datetime | None
    fulfilled_at: datetime | None
    ended_at: datetime | None = Field(description="fulfilled, cancelled or rejected")
    met: bool | None = Field(description="fulfilled when it was due; null until it is fulfilled")
    steps: list[StepTiming]
    revision: int
    updated_at: datetime
