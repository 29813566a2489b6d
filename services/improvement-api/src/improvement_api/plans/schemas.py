"""Plans and initiatives on the wire."""

from datetime import date, datetime
from typing import Annotated, Any, Self

from pydantic import ConfigDict, Field, model_validator

from improvement_api.goals.schemas import GoalOut
from improvement_api.opportunities.schemas import OpportunityOut
from improvement_api.plans.rules import PlanOutcome, PlanState
from shared.kit.patches import absent
from shared.schemas.common import Day, Key, LongText, NonBlank, Out, Page, ShortText, Wire
from shared.schemas.metrics import InitiativeState, KpiId


class PlanCreate(Wire):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"title": "Faster resolution", "problem": "Incidents take longer than agreed."}
            ]
        }
    )

    title: ShortText
    problem: Annotated[NonBlank, Field(description="stated neutrally")]
    owner: ShortText | None = Field(None, description="subject; by default who creates it")
    objective: Key | None = Field(
        None, description="key of the catalog's objective that it serves", examples=["growth"]
    )


class PlanPatch(Wire):
    """What is absent stays as it is; `objective` may be set to null."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"owner": "ada@example.org"}]})

    title: ShortText = absent()
    problem: NonBlank = absent()
    owner: ShortText = absent()
    objective: Key | None = absent()


class PlanMove(Wire):
    model_config = ConfigDict(json_schema_extra={"examples": [{"to": "approved"}]})

    to: PlanState
    comment: LongText = ""


class PlanOut(Out):
    id: str
    title: str
    problem: str
    owner: str
    opportunity: str | None = Field(description="id of the opportunity that it came from")
    objective: str | None = Field(description="key of the catalog's objective that it serves")
    cause: dict[str, Any] | None = Field(
        description="what opened it by itself, with its figures; null when somebody made it"
    )
    cause_key: str | None = Field(description="names the cause: no second plan has the same")
    state: PlanState
    moves: list[PlanState] = Field(description="states that it can be moved to")
    outcome: PlanOutcome | None = Field(description="computed when the plan is closed")
    outcome_reasons: list[str] | None
    version: int
    created_at: datetime
    created_by: str
    updated_at: datetime


class InitiativeCreate(Wire):
    """`service` and `kpi` say in which row of the performance report it appears."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "service": "application-support",
                    "kpi": "mttr",
                    "title": "Implemented new knowledge base for common issues",
                    "start": "2026-04-01",
                    "end": "2026-06-30",
                }
            ]
        }
    )

    service: Key
    kpi: KpiId
    title: ShortText
    start: Day
    end: Day | None = None
    state: InitiativeState = InitiativeState.PLANNED

    @model_validator(mode="after")
    def _ends_after_start(self) -> Self:
        if self.end is not None and self.end < self.start:
            raise ValueError("end must not be before start")
        return self


class InitiativePatch(Wire):
    """What is absent stays as it is; `end` may be set to null."""

    title: ShortText = absent()
    start: Day = absent()
    end: Day | None = absent()
    state: InitiativeState = absent()


class InitiativeOut(Out):
    id: str
    plan: str
    service: str
    kpi: KpiId
    title: str
    start: date
    end: date | None
    state: InitiativeState
    revision: int
    pushed: bool = Field(description="metrics-api has this revision, so reports show it")
    push_failure: str | None = Field(description="why the last attempt to push it failed")
    created_at: datetime
    created_by: str
    updated_at: datetime


class PlanDocument(Out):
    """A plan with all that belongs to it.

    Of goals and initiatives the first page; the pages after it are at their own addresses.
    """

    plan: PlanOut
    opportunity: OpportunityOut | None = Field(description="that the plan was made of")
    goals: Page[GoalOut]
    initiatives: Page[InitiativeOut]
