"""Retirement plans on the wire."""

from datetime import date, datetime
from typing import Annotated

from pydantic import ConfigDict, Field

from catalog_api.retirement.rules import RetirementState
from shared.kit.patches import absent
from shared.schemas.common import Day, Key, Out, Reason, ShortText, Wire


class RetirementStep(Wire):
    """A step towards the end of the service."""

    id: Annotated[Key, Field(description="slug, unique in the plan", examples=["archive-data"])]
    text: ShortText
    due: Day | None


Steps = Annotated[list[RetirementStep], Field(max_length=100)]
Successor = Annotated[Key, Field(description="key of the service that takes its place")]


class RetirementCreate(Wire):
    """A successor or why there is none; both may be left open in a draft."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "successor": "zero-trust-access",
                    "planned_on": "2027-03-31",
                    "steps": [
                        {"id": "tell-customers", "text": "Tell the customers", "due": "2026-12-01"}
                    ],
                }
            ]
        }
    )

    successor: Successor | None = None
    no_successor_reason: Reason | None = None
    planned_on: Day | None = None
    steps: Steps = Field(default_factory=list)


class RetirementPatch(Wire):
    """The fields to change in a draft; steps that stay the same keep who did them."""

    successor: Successor | None = absent()
    no_successor_reason: Reason | None = absent()
    planned_on: Day | None = absent()
    steps: Steps = absent()


class StepTick(Wire):
    """Done, or not any more; who says so is the caller."""

    done: bool


class MigrationPut(Wire):
    """Where the customer went: a service of the catalog, or something else."""

    migrated_on: Day = Field(description="not after today")
    to: ShortText = Field(
        description="key of a service, or what they use now", examples=["zero-trust-access"]
    )


class StepOut(Out):
    id: str
    text: str
    due: date | None
    done: bool
    done_by: str | None
    done_at: datetime | None


class RetirementMissing(Out):
    what: str = Field(
        description="approval, successor, planned_on, customers, dependents, requests, agreements"
    )
    reason: str
    items: list[str] = Field(description="keys of those concerned")


class RetirementOut(Out):
    """`ready` and `missing` are computed each time it is read."""

    service: str
    state: RetirementState
    successor: str | None
    no_successor_reason: str | None
    planned_on: date | None
    steps: list[StepOut]
    customers_migrated: int
    ready: bool = Field(description="approved, and nobody and nothing needs the service any more")
    missing: list[RetirementMissing]
    authors: list[str] = Field(description="who wrote it, and so does not approve it")
    approved_by: str | None
    approved_at: datetime | None
    revision: int
    created_at: datetime
    updated_at: datetime


class MigrationOut(Out):
    """A customer that was moved away; until the engagement ends it counts as remaining."""

    customer: str
    migrated_on: date
    to: str
    recorded_by: str
    recorded_at: datetime
