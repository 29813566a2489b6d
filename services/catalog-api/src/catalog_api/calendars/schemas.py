"""Calendars as they are written and shown; a version itself is in shared.schemas.agreements."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import ConfigDict, Field, StringConstraints

from shared.kit.patches import absent
from shared.schemas.agreements import CalendarVersionOut, NamedDay
from shared.schemas.catalog import SupportHours, SupportInterval
from shared.schemas.common import Day, Key, LongText, Out, ShortText, Wire

_EXAMPLE: dict[str, Any] = {
    "timezone": "Europe/Zurich",
    "weekly": [{"day": "monday", "start": "08:00", "end": "18:00"}],
    "country": "CH",
    "subdivision": "ZH",
}


class CalendarText(SupportHours):
    """Weekly hours in a time zone, or `always_open`; closed on public holidays and own days."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    weekly: Annotated[list[SupportInterval], Field(default_factory=list, max_length=50)]
    always_open: Annotated[bool, Field(description="24 × 7, in place of `weekly`")] = False
    country: Annotated[
        Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")] | None,
        Field(description="ISO 3166-1 code; its public holidays are closed", examples=["CH"]),
    ] = None
    subdivision: Annotated[
        ShortText | None, Field(description="part of an ISO 3166-2 code", examples=["ZH"])
    ] = None
    own_days: Annotated[
        list[NamedDay], Field(default_factory=list, max_length=500, description="closed as well")
    ]
    worked_days: Annotated[
        list[Day],
        Field(default_factory=list, max_length=500, description="public holidays that are worked"),
    ]


class CalendarCreate(CalendarText):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"name": "Office hours Zürich", **_EXAMPLE}]}
    )

    key: Annotated[Key | None, Field(description="absent: the slug of the name")] = None
    name: Annotated[ShortText, Field(examples=["Office hours Zürich"])]
    description: LongText = ""


class CalendarPatch(Wire):
    """What a calendar is called; its hours change by a new version."""

    name: ShortText = absent()
    description: LongText = absent()


class CalendarSummary(Out):
    key: str
    name: str
    description: str
    version: int = Field(description="the newest one")
    revision: int
    created_at: datetime
    updated_at: datetime


class CalendarOut(CalendarSummary):
    current: CalendarVersionOut


class CalendarVersionSummary(Out):
    """A version without its closed days."""

    calendar: str
    version: int
    timezone: str
    always_open: bool
    country: str | None
    subdivision: str | None
    recorded_at: datetime
    recorded_by: str


class OpenInterval(Out):
    start: datetime
    end: datetime


class OpenIntervals(Out):
    """The open time of a span, in order; `end` is exclusive."""

    calendar: str
    version: int
    timezone: str
    intervals: list[OpenInterval]


class SupportTime(Out):
    calendar: str
    version: int
    timezone: str
    minutes: float = Field(description="open minutes in the span")


class DueTime(Out):
    calendar: str
    version: int
    timezone: str
    due_at: datetime | None = Field(description="null when it is not open for so long in ten years")


class CalendarInSheet(Out):
    """A calendar version that something of a service runs on."""

    calendar: str
    version: int
    timezone: str
    always_open: bool
    weekly: list[SupportInterval]
    closed_day_count: int
