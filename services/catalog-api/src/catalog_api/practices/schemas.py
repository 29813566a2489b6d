"""Practices and their adoption as they are written and read."""

from datetime import date, datetime
from typing import Annotated

from pydantic import ConfigDict, Field, StringConstraints

from catalog_api.fields import Uri
from catalog_api.practices.rules import Adoption, PracticeKind
from shared.kit.patches import absent
from shared.schemas.catalog import Tags
from shared.schemas.common import Day, Key, NonBlank, Out, ShortText, Wire
from shared.schemas.processes import Process

OpportunityId = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$"),
    Field(description="id of an opportunity of improvement-api, or its key"),
]


class PracticeCreate(Wire):
    key: Annotated[Key | None, Field(description="absent: the slug of the title")] = None
    title: Annotated[ShortText, Field(examples=["Knowledge articles from resolved incidents"])]
    kind: PracticeKind
    process: Process
    context: Annotated[NonBlank, Field(examples=["A service desk with repeated questions."])]
    statement: Annotated[NonBlank, Field(examples=["Write an article when you resolve."])]
    consequence: Annotated[NonBlank, Field(examples=["More calls are resolved at once."])]
    evidence_uri: Uri | None = None
    tags: Annotated[Tags, Field(default_factory=list)]


class PracticePatch(Wire):
    """The fields to change; those left out stay as they are."""

    title: ShortText = absent()
    kind: PracticeKind = absent()
    process: Process = absent()
    context: NonBlank = absent()
    statement: NonBlank = absent()
    consequence: NonBlank = absent()
    evidence_uri: Uri | None = absent()
    tags: Tags = absent()


class PracticeOut(Out):
    key: str
    title: str
    kind: PracticeKind
    process: Process
    context: str
    statement: str
    consequence: str
    evidence_uri: str | None
    tags: list[str]
    adopted_by: int = Field(description="services that have adopted it")
    opportunities: int = Field(description="opportunities that it is linked to")
    retired_on: date | None
    revision: int
    created_at: datetime
    updated_at: datetime


class OpportunityLink(Wire):
    opportunity: OpportunityId


class OpportunityLinkOut(Out):
    practice: str
    opportunity: str
    linked_at: datetime
    linked_by: str


class AdoptionPut(Wire):
    """`not_applicable` needs a reason; `planned`, and nothing else, has a due date."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"adoption": "planned", "due_on": "2030-06-30"}]}
    )

    adoption: Adoption
    reason: NonBlank | None = None
    due_on: Day | None = None


class AdoptionOut(Out):
    practice: str
    title: str
    kind: PracticeKind
    process: Process
    service: str
    adoption: Adoption
    reason: str | None
    due_on: date | None
    revision: int
    created_at: datetime
    updated_at: datetime


class TakenUp(Out):
    """A practice in the service document."""

    practice: str
    title: str
    kind: PracticeKind
    process: Process
    adoption: Adoption
    reason: str | None
    due_on: date | None
    updated_at: datetime
