"""Service requirements on the wire."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from catalog_api.requirements.rules import AnswerKind, Priority, RequirementState
from shared.kit.patches import absent
from shared.schemas.common import Key, NonBlank, Out, Reason, ShortText, Wire

Statement = Annotated[
    NonBlank,
    Field(
        max_length=2000,
        description="what the customer needs",
        examples=["Orders can be taken until 22:00 on Fridays"],
    ),
]
Feedback = Annotated[
    NonBlank,
    Field(
        max_length=2000,
        description="where it was said: a URI or words",
        examples=["Service review of March 2026, item 4"],
    ),
]


class RequirementCreate(Wire):
    """What an active customer needs of the service."""

    customer: Annotated[Key, Field(examples=["sales"])]
    statement: Statement
    feedback: Feedback | None = None
    priority: Priority


class RequirementPatch(Wire):
    """The fields to change while it is proposed; those left out stay as they are."""

    statement: Statement = absent()
    feedback: Feedback | None = absent()
    priority: Priority = absent()


class Answer(Wire):
    """The target that holds the service to the requirement.

    KPI targets and SLOs belong to metrics-api and are recorded; an agreement is active and covers
    the service.
    """

    kind: AnswerKind
    reference: Annotated[ShortText, Field(description="its key or id", examples=["mttr"])]
    name: Annotated[ShortText | None, Field(description="as people call it")] = None


class RequirementMove(Wire):
    """The state it comes to, and what that state needs."""

    state: RequirementState
    reason: Annotated[
        Reason | None, Field(description="needed to reject, to withdraw, to lose an answer")
    ] = None
    answer: Annotated[Answer | None, Field(description="needed to become answered")] = None


class AnswerOut(Out):
    kind: AnswerKind
    reference: str
    name: str | None


class RequirementBrief(Out):
    """A requirement as the service document shows it."""

    id: UUID
    customer: str
    statement: str
    priority: Priority
    state: RequirementState
    answer: AnswerOut | None


class RequirementOut(RequirementBrief):
    service: str
    feedback: str | None
    state_since: datetime
    state_reason: str | None
    revision: int
    created_at: datetime
    updated_at: datetime


class Requirements(Out):
    """What customers need of the service, and how far it is answered."""

    open_count: int = Field(description="proposed or accepted")
    undecided_count: int = Field(description="proposed")
    must_unanswered_count: int = Field(description="of the open ones, those of priority must")
    answered_count: int
    changed_at: datetime | None = Field(description="when the last of them changed")
    items: list[RequirementBrief] = Field(
        description="the first 50 that are open or answered, by age"
    )
