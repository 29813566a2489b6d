"""Requests as they are made, walked and read."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator

from shared.schemas.catalog import RequestSnapshot, RequestState, StepTiming, Subject
from shared.schemas.common import Key, NonBlank, Out, Storable, Wire

Level = Annotated[
    str,
    StringConstraints(min_length=1, max_length=50),
    Storable,
    Field(description="of the service's priority scheme", examples=["high"]),
]


class RequestCreate(Wire):
    """A request: the answers to the offering's form, and whom it is for."""

    answers: Annotated[dict[str, Any], Field(examples=[{"model": "light"}])]
    requested_for: Annotated[Subject | None, Field(description="absent: the caller")] = None
    customer: Annotated[Key | None, Field(description="the community it is for")] = None
    impact: Level | None = None
    urgency: Level | None = None
    offering_version: Annotated[
        int | None, Field(ge=1, lt=2**31, description="of the form that was filled in, to be sure")
    ] = None

    @model_validator(mode="after")
    def _impact_and_urgency_go_together(self) -> "RequestCreate":
        if (self.impact is None) != (self.urgency is None):
            raise ValueError("give impact and urgency, or neither")
        return self


class Reason(Wire):
    reason: Annotated[
        NonBlank,
        Field(max_length=2000, examples=["Ordered by mistake"]),
    ]


class RequestSummary(Out):
    """A request without its answers and steps."""

    id: UUID
    number: str = Field(examples=["REQ-000123"])
    offering: str
    offering_version: int = Field(description="the form and plan it was made under")
    service: str
    state: RequestState
    requester: str
    requested_for: str
    customer: str | None
    priority: int | None = Field(description="null: no scheme, or no impact and urgency were given")
    waiting_for: str | None = Field(description="role that owns the next step")
    submitted_at: datetime
    due_at: datetime
    overdue: bool
    started_at: datetime | None
    ended_at: datetime | None
    revision: int


class RequestStepOut(StepTiming):
    started_by: str | None
    completed_by: str | None


class RequestOut(RequestSummary, RequestSnapshot):
    """A request with its answers and the timings of its steps."""

    answers: dict[str, Any]
    scheme: str | None
    scheme_version: int | None
    reason: str | None = Field(description="why it was cancelled or rejected")
    steps: list[RequestStepOut]  # type: ignore[assignment]
