"""Priority schemes as they are written and shown; a version is in shared.schemas.agreements."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import ConfigDict, Field, StringConstraints

from shared.kit.patches import absent
from shared.schemas.agreements import SchemeVersionOut
from shared.schemas.common import Key, LongText, Out, ShortText, Wire

Level = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$", max_length=50),
    Field(description="snake_case level", examples=["high"]),
]
Levels = Annotated[list[Level], Field(min_length=1, max_length=10)]
Number = Annotated[int, Field(ge=1, le=10)]
Minutes = Annotated[int, Field(ge=1, le=1_000_000)]


class PriorityMeaning(Wire):
    """A priority with its targets, in minutes of a calendar's hours; null is no target."""

    priority: Number
    name: Annotated[ShortText, Field(examples=["Critical"])]
    response_minutes: Minutes | None = None
    resolution_minutes: Minutes | None = None
    calendar: Key
    calendar_version: Annotated[
        int | None, Field(ge=1, lt=2**31, description="absent: the newest one; it is pinned")
    ] = None


_EXAMPLE: dict[str, Any] = {
    "impacts": ["high", "low"],
    "urgencies": ["high", "low"],
    "matrix": {"high": {"high": 1, "low": 2}, "low": {"high": 2, "low": 2}},
    "priorities": [
        {
            "priority": 1,
            "name": "Critical",
            "response_minutes": 15,
            "resolution_minutes": 240,
            "calendar": "around-the-clock",
        },
        {
            "priority": 2,
            "name": "Normal",
            "resolution_minutes": 960,
            "calendar": "office-hours",
        },
    ],
}


class SchemeText(Wire):
    """Levels from the highest to the lowest, a full matrix, and what each priority means."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    impacts: Annotated[Levels, Field(examples=[["high", "low"]])]
    urgencies: Annotated[Levels, Field(examples=[["high", "low"]])]
    matrix: Annotated[
        dict[Level, Annotated[dict[Level, Number], Field(max_length=10)]],
        Field(
            max_length=10,
            description="impact → urgency → priority",
            examples=[{"high": {"high": 1, "low": 2}, "low": {"high": 2, "low": 2}}],
        ),
    ]
    priorities: Annotated[list[PriorityMeaning], Field(min_length=1, max_length=10)]


class SchemeCreate(SchemeText):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"name": "Two priorities", **_EXAMPLE}]}
    )

    key: Annotated[Key | None, Field(description="absent: the slug of the name")] = None
    name: Annotated[ShortText, Field(examples=["Standard priorities"])]
    description: LongText = ""


class SchemePatch(Wire):
    """What a scheme is called; levels and targets change by a new version."""

    name: ShortText = absent()
    description: LongText = absent()


class SchemeSummary(Out):
    key: str
    name: str
    description: str
    version: int = Field(description="the newest one, which is in force")
    is_default: bool
    revision: int
    created_at: datetime
    updated_at: datetime


class SchemeOut(SchemeSummary):
    current: SchemeVersionOut


class SchemeChoice(Wire):
    model_config = ConfigDict(json_schema_extra={"examples": [{"scheme": "standard-priorities"}]})

    scheme: Key


class ServiceSchemeOut(Out):
    """The scheme that holds for a service."""

    service: str
    overridden: bool = Field(description="chosen for this service; else it is the default")
    scheme: SchemeVersionOut


class AssignedOut(Out):
    """A priority with its targets, in minutes of that calendar version; null is no target."""

    priority: int
    scheme: str
    scheme_version: int
    response_minutes: int | None
    resolution_minutes: int | None
    calendar: str
    calendar_version: int


class SchemeInSheet(SchemeVersionOut):
    """The scheme that holds for a service, as the service document shows it."""

    overridden: bool
