"""Capability assessments on the wire."""

from datetime import date, datetime
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from improvement_api.capabilities.rules import HIGHEST, AssessmentState, Rating, Scope, Verdict
from improvement_api.evidence.schemas import DocumentUrl
from shared.schemas.common import Day, Key, LongText, Out, ShortText, Wire
from shared.schemas.processes import Process

Level = Annotated[int, Field(ge=0, le=HIGHEST, description="0 incomplete … 5 innovating")]


class LevelEvidence(Wire):
    """What shows that a process has reached a level."""

    level: Annotated[int, Field(ge=1, le=HIGHEST)]
    title: ShortText
    url: DocumentUrl
    shows: ShortText = Field(description="what it shows of the process")


class ProcessRating(Wire):
    process: Process
    level: Level
    target: Level
    evidence: list[LevelEvidence] = Field(
        default=[], max_length=50, description="for each level from 1 up to `level`"
    )
    note: LongText = ""


class AssessmentText(Wire):
    """What the assessors found; processes that were not looked at are left out."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "scope": "organisation",
                    "assessed_on": "2026-03-01",
                    "summary": "First assessment, by interviews and samples",
                    "ratings": [
                        {
                            "process": "service_catalog_management",
                            "level": 1,
                            "target": 3,
                            "evidence": [
                                {
                                    "level": 1,
                                    "title": "Published catalog",
                                    "url": "https://portal.example.org/catalog",
                                    "shows": "Every live service is in it",
                                }
                            ],
                        }
                    ],
                }
            ]
        }
    )

    scope: Scope
    scope_key: Key | None = Field(None, description="of the portfolio or service")
    assessed_on: Day
    summary: LongText = ""
    ratings: list[ProcessRating] = Field(max_length=len(Process))

    @model_validator(mode="after")
    def _key_of_its_scope(self) -> Self:
        if (self.scope is Scope.ORGANISATION) is not (self.scope_key is None):
            raise ValueError("a portfolio or service has its scope_key, the organisation none")
        return self


class AssessmentDecisionCreate(Wire):
    """`text_hash` is that of the assessment the decider has read."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"verdict": "approved", "text_hash": "0f" * 32}]}
    )

    verdict: Verdict
    text_hash: Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")]
    comment: LongText = ""


class AssessmentMove(Wire):
    model_config = ConfigDict(json_schema_extra={"examples": [{"to": "submitted"}]})

    to: Literal[AssessmentState.SUBMITTED]


class RemedialPlanCreate(Wire):
    model_config = ConfigDict(json_schema_extra={"examples": [{"owner": "ines.moreau"}]})

    owner: ShortText | None = Field(None, description="of the plan; by default who opens it")


class AssessmentDecisionOut(Out):
    verdict: Verdict
    text_hash: str
    comment: str
    decided_at: datetime
    decided_by: str


class AssessmentOut(Out):
    id: str
    scope: Scope
    scope_key: str | None
    assessed_on: date
    summary: str
    ratings: list[ProcessRating]
    text_hash: str = Field(description="SHA-256 of what was written as RFC 8785 JSON, in hex")
    state: AssessmentState
    assessors: list[str] = Field(description="who wrote or submitted it, and so cannot approve")
    decisions: list[AssessmentDecisionOut]
    created_at: datetime
    created_by: str
    updated_at: datetime


class ProcessGap(Out):
    process: Process
    level: int
    target: int
    gap: int = Field(description="target − level; 0 where the target is reached")


class GapsOut(Out):
    """The rated processes below their target, the widest gap first."""

    assessment: str
    state: AssessmentState
    lowest_level: int | None = Field(description="null: no process is rated")
    gaps: list[ProcessGap] = Field(max_length=len(Process))


class ProcessChange(Out):
    """`change` is null where one of the two did not rate the process."""

    process: Process
    before: int | None
    after: int | None
    change: int | None


class ComparisonOut(Out):
    before: str
    after: str
    changes: list[ProcessChange] = Field(max_length=len(Process))


class RemedialPlanOut(Out):
    assessment: str
    plan: str
    gaps: list[ProcessGap]


class LevelOut(Out):
    level: int
    name: str
    attributes: list[str] = Field(description="process attributes of the standard")
    meaning: str
    evidence: list[str] = Field(description="what shows it")


class LevelsOut(Out):
    """The levels, each of which demands those below it."""

    standard: str
    levels: list[LevelOut]


def rating_of(one: ProcessRating) -> Rating:
    """A rating as the rules read it."""
    return Rating(one.process, one.level, one.target, {shown.level for shown in one.evidence})


def gap_out(one: Rating) -> ProcessGap:
    return ProcessGap(process=one.process, level=one.level, target=one.target, gap=one.gap)
