"""Development records on the wire."""

from datetime import datetime
from typing import Annotated

from pydantic import ConfigDict, Field, model_validator

from catalog_api.development.rules import BuildState, DocumentState, RunResult
from catalog_api.fields import Uri
from shared.kit.patches import absent
from shared.schemas.common import Key, Out, ShortText, Timestamp, Wire

PartId = Annotated[Key, Field(description="slug, unique in its list", examples=["failover"])]


class DesignDocument(Wire):
    """A document of the design package."""

    id: PartId
    title: ShortText
    uri: Uri
    state: DocumentState


class Build(Wire):
    """What was built: a release, an image, a configuration."""

    reference: Annotated[ShortText, Field(examples=["vpn-gateway 2.4.1"])]
    uri: Uri | None
    state: BuildState


class TestResult(Wire):
    """The last run of a test."""

    name: Annotated[ShortText, Field(examples=["Failover within a minute"])]
    result: RunResult
    executed_at: Timestamp | None
    uri: Uri | None

    @model_validator(mode="after")
    def _ran_or_not(self) -> "TestResult":
        if (self.result is RunResult.NOT_RUN) != (self.executed_at is None):
            raise ValueError("executed_at says when it ran, unless it was not_run")
        return self


class DevelopmentTest(TestResult):
    id: PartId


class ChecklistItem(Wire):
    id: PartId
    text: ShortText


DesignPackage = Annotated[list[DesignDocument], Field(max_length=100)]
Tests = Annotated[list[DevelopmentTest], Field(max_length=500)]
Checklist = Annotated[list[ChecklistItem], Field(min_length=1, max_length=100)]


class DevelopmentCreate(Wire):
    """Parts may be added later; without a checklist the default one is taken."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"design_package": [], "tests": []}]})

    design_package: DesignPackage = Field(default_factory=list)
    build: Build | None = None
    tests: Tests = Field(default_factory=list)
    checklist: Checklist | None = None


class DevelopmentPatch(Wire):
    """The parts to replace; checklist items that stay the same keep who ticked them."""

    design_package: DesignPackage = absent()
    build: Build | None = absent()
    tests: Tests = absent()
    checklist: Checklist = absent()


class ChecklistTick(Wire):
    """Done, or not any more; who says so is the caller."""

    done: bool
    note: ShortText | None = None


class ChecklistItemOut(Out):
    id: str
    text: str
    done: bool
    done_by: str | None
    done_at: datetime | None
    note: str | None


class DefaultChecklist(Out):
    """What a new development record asks for where it brings no checklist of its own."""

    checklist: list[ChecklistItem]


class MissingOut(Out):
    part: str = Field(description="design_package, build, tests or checklist")
    id: str | None = Field(description="the document, test or item; null: the whole part")
    reason: str


class DevelopmentOut(Out):
    """`ready` and `missing` are computed from the parts each time it is read."""

    service: str
    design_package: list[DesignDocument]
    build: Build | None
    tests: list[DevelopmentTest]
    checklist: list[ChecklistItemOut]
    ready: bool = Field(description="nothing is missing for the transition")
    missing: list[MissingOut]
    revision: int
    created_at: datetime
    updated_at: datetime
