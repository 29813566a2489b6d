"""Feedback and themes on the wire."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import ConfigDict, Field, StringConstraints

from improvement_api.feedback.rules import MOST_PHRASES, EntryKind, ScoreKind, Sentiment
from improvement_api.plans.rules import PlanState
from shared.kit.patches import absent
from shared.schemas.common import Key, NonBlank, Out, ShortText, Storable, Timestamp, Wire

Phrase = Annotated[str, StringConstraints(min_length=2, max_length=100), Storable]
Phrases = Annotated[
    list[Phrase],
    Field(
        max_length=MOST_PHRASES,
        description="whole words, in any case and with or without accents, attract a comment",
    ),
]
Threshold = Annotated[int, Field(ge=2, le=10_000, description="mentions that open a plan")]
WindowDays = Annotated[int, Field(ge=1, le=730, description="mentions as old as this count")]


class FeedbackCreate(Wire):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "customer": "sales",
                    "service": "identity-and-access",
                    "touchpoint": "phone",
                    "text": "Signing in takes ages in the morning.",
                    "said_at": "2026-03-02T08:10:00Z",
                }
            ]
        }
    )

    customer: Key | None = None
    service: Key | None = Field(None, description="without one, themes take it in by hand only")
    touchpoint: ShortText | None = None
    channel: ShortText | None = None
    text: NonBlank
    said_by: ShortText | None = Field(
        None, description="a person; leave it out unless it is needed to answer"
    )
    said_at: Timestamp


class FeedbackOut(Out):
    id: str
    kind: EntryKind
    source: str | None
    external_id: str | None
    service: str | None
    customer: str | None
    touchpoint: str | None
    channel: str | None
    text: str
    said_by: str | None
    said_at: datetime
    score_kind: ScoreKind | None
    score: int | None
    sentiment: Sentiment | None = Field(description="of the survey's score; never guessed")
    recorded_by: str


class ThemeCreate(Wire):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "service": "identity-and-access",
                    "title": "Slow sign-in",
                    "phrases": ["sign in", "signing in"],
                }
            ]
        }
    )

    service: Key
    title: ShortText
    phrases: Phrases = Field(default_factory=list)
    threshold: Threshold = 5
    window_days: WindowDays = 90
    owner: ShortText | None = Field(None, description="subject; by default who creates it")


class ThemePatch(Wire):
    """What is absent stays as it is."""

    title: ShortText = absent()
    owner: ShortText = absent()
    phrases: Phrases = absent()
    threshold: Threshold = absent()
    window_days: WindowDays = absent()


class RequirementPut(Wire):
    """A requirement of the catalog that the theme became."""

    service: Key
    requirement: UUID


class AnswerPut(Wire):
    """What customers are told became of it."""

    text: NonBlank


class MentionPut(Wire):
    """Whether an entry belongs to the theme, whatever the phrases say, and why."""

    included: bool
    reason: NonBlank


class RequirementRef(Out):
    service: str
    requirement: str


class AnswerOut(Out):
    text: str
    at: datetime
    by: str


class PlanRef(Out):
    id: str
    title: str
    state: PlanState


class ThemeOut(Out):
    id: str
    service: str
    title: str
    owner: str
    phrases: list[str]
    threshold: int
    window_days: int
    mentions: int = Field(description="distinct entries within the window")
    positive: int = Field(description="of those, with a score that says so; likewise the next two")
    neutral: int
    negative: int
    all_mentions: int = Field(description="distinct entries of any age")
    plan: PlanRef | None = Field(description="opened when the mentions reached the threshold")
    requirement: RequirementRef | None
    answer: AnswerOut | None
    version: int
    created_at: datetime
    created_by: str
    updated_at: datetime


class MentionOut(Out):
    entry: FeedbackOut
    included: bool = Field(description="false: left out by hand")
    by_hand: bool
    reason: str | None
    by: str
    at: datetime


class LoopTheme(Out):
    """What became of a theme that somebody's words belong to."""

    id: str
    title: str
    plan: PlanRef | None
    requirement: RequirementRef | None
    answer: AnswerOut | None


class LoopItem(Out):
    """What a customer said, and what became of it; without a theme nothing has yet."""

    entry: FeedbackOut
    themes: list[LoopTheme]
