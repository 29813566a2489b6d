"""Continuity plans, their tests and the chain check on the wire; all durations are hours."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator

from catalog_api.continuity.rules import (
    NOTHING,
    ChainLink,
    Dimension,
    ExerciseKind,
    ExerciseResult,
    Link,
)
from catalog_api.dependencies.rules import NodeKind
from catalog_api.fields import HASH_EXAMPLE, Uri
from catalog_api.plans.rules import PlanState
from shared.schemas.catalog import Role
from shared.schemas.common import EXACT, Day, LongText, Out, ShortText, Wire

Hours = Annotated[
    Decimal, Field(ge=0, max_digits=10, decimal_places=2, description="hours", examples=[4]), EXACT
]
Tier = Annotated[int, Field(ge=1, le=4, description="business impact, 1 is the most critical")]
TextHash = Annotated[
    str,
    StringConstraints(pattern=r"^[0-9a-f]{64}$"),
    Field(description="SHA-256 of the RFC 8785 JSON of the plan's text", examples=[HASH_EXAMPLE]),
]


class Step(Wire):
    """What is done to recover, by whom, until when after the disruption."""

    action: ShortText
    role: Role
    within_hours: Hours | None = None


class Contact(Wire):
    name: ShortText
    role: Role
    reach: Annotated[ShortText, Field(examples=["+43 1 000 00 00, day and night"])]


class ContinuityPlanWrite(Wire):
    """The text of a plan. A draft may lack strategy, steps and contacts; a review needs them."""

    tier: Tier
    rto_hours: Annotated[Hours, Field(description="recovery time objective")]
    rpo_hours: Annotated[Hours, Field(description="recovery point objective: loss of data")]
    mtpd_hours: Annotated[Hours, Field(description="maximum tolerable period of disruption")]
    strategy: LongText = ""
    steps: Annotated[list[Step], Field(default_factory=list, max_length=100)]
    contacts: Annotated[list[Contact], Field(default_factory=list, max_length=100)]
    test_cadence_days: Annotated[int, Field(ge=1, le=3650)] = 365

    @model_validator(mode="after")
    def _recovers_before_it_hurts(self) -> "ContinuityPlanWrite":
        if self.rto_hours > self.mtpd_hours:
            raise ValueError("rto_hours must not be more than mtpd_hours")
        return self


class StepOut(Out):
    action: str
    role: str
    within_hours: float | None


class ContactOut(Out):
    name: str
    role: str
    reach: str


class ContinuityPlanOut(Out):
    service: str
    version: int
    state: PlanState
    tier: int
    rto_hours: float
    rpo_hours: float
    mtpd_hours: float
    strategy: str
    steps: list[StepOut]
    contacts: list[ContactOut]
    test_cadence_days: int
    text_hash: str
    authors: list[str] = Field(description="who wrote it, and so does not approve it")
    approved_by: str | None
    approved_as: str | None = Field(description="the role in which it was approved")
    approved_at: datetime | None
    revision: int
    created_at: datetime
    updated_at: datetime


class ContinuityPlanApprove(Wire):
    """`text_hash` is the one of the text that was read."""

    text_hash: TextHash


class ContinuityTestCreate(Wire):
    """A test of the approved plan; what it achieved is null where it was not measured."""

    performed_on: Day
    kind: ExerciseKind
    result: ExerciseResult
    achieved_rto_hours: Hours | None = None
    achieved_rpo_hours: Hours | None = None
    findings: LongText = ""
    evidence_uri: Uri | None = None


class ContinuityTestOut(Out):
    id: UUID
    plan_version: int
    performed_on: date
    kind: ExerciseKind
    result: ExerciseResult
    achieved_rto_hours: float | None
    achieved_rpo_hours: float | None
    findings: str
    evidence_uri: str | None
    recorded_by: str
    recorded_at: datetime


class StandingOut(Out):
    """How the approved plan stands today."""

    last_passed_on: date | None = Field(description="last test that passed within the targets")
    test_due_on: date
    test_overdue: bool
    achieved_within_targets: bool | None = Field(
        description="of the last test; null when it does not say"
    )


class ServiceContinuity(Out):
    """The plan in force with how it stands; null while none was approved."""

    service: str
    plan: ContinuityPlanOut | None
    standing: StandingOut | None


class ChainLinkOut(Out):
    """A hard provider; `missing` has no approved plan, or no recovery time in its contract."""

    kind: NodeKind
    key: str
    link: Link
    short_of: list[Dimension]
    tier: int | None
    rto_hours: float | None
    rpo_hours: float | None


class ChainCheck(Out):
    """`complete`: the service and every hard provider has a plan, and none falls short."""

    service: str
    plan_version: int | None = Field(description="null while the service has no approved plan")
    complete: bool
    within: int
    breaking: int
    missing: int
    rows: list[ChainLinkOut]
    next_cursor: str | None


def shown_link(link: ChainLink) -> ChainLinkOut:
    """A provider of the chain as it is shown."""
    targets = link.targets or NOTHING
    return ChainLinkOut(
        kind=link.provider.kind,
        key=link.provider.key,
        link=link.link,
        short_of=list(link.short_of),
        tier=targets.tier,
        rto_hours=_hours(targets.rto_hours),
        rpo_hours=_hours(targets.rpo_hours),
    )


def _hours(exact: Decimal | None) -> float | None:
    return None if exact is None else float(exact)
