"""Calendars, priority schemes and agreements as catalog-api announces them and others copy them."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from shared.schemas.catalog import SupportInterval
from shared.schemas.common import Day, Key, Out, ShortText, Wire


class NamedDay(Wire):
    """A day on which a calendar is closed, and why."""

    date: Day
    name: Annotated[ShortText, Field(examples=["Company day"])]


class CalendarVersionOut(Out):
    """One version of a calendar; it never changes and counts the same for ever."""

    calendar: str
    version: int
    timezone: str
    always_open: bool = Field(description="written as 24 × 7; `weekly` spells it out")
    weekly: list[SupportInterval]
    country: str | None
    subdivision: str | None
    own_days: list[NamedDay]
    worked_days: list[date] = Field(description="public holidays that are worked")
    closed_days: list[NamedDay] = Field(
        description="every closed day: public holidays of the years below and own days"
    )
    first_year: int | None = Field(description="public holidays are known from this year")
    last_year: int | None = Field(description="up to and with this year; null without a country")
    library: str | None = Field(description="what the public holidays were taken from")
    recorded_at: datetime
    recorded_by: str


class PriorityTarget(Out):
    """What a priority means: targets in minutes of the calendar's hours; null is no target."""

    priority: int
    name: str
    response_minutes: int | None
    resolution_minutes: int | None
    calendar: str
    calendar_version: int


class SchemeVersionOut(Out):
    """One version of a priority scheme; levels stand from the highest to the lowest."""

    scheme: str
    version: int
    impacts: list[str]
    urgencies: list[str]
    matrix: dict[str, dict[str, int]] = Field(description="impact → urgency → priority")
    priorities: list[PriorityTarget]
    recorded_at: datetime
    recorded_by: str


class AgreementKind(StrEnum):
    SLA = "sla"
    OLA = "ola"
    UNDERPINNING_CONTRACT = "underpinning_contract"


class AgreementState(StrEnum):
    DRAFT = "draft"
    IN_REVIEW = "in_review"
    SIGNED = "signed"
    ACTIVE = "active"
    EXPIRED = "expired"
    TERMINATED = "terminated"


class Side(StrEnum):
    """Of an agreement: who promises, and to whom."""

    PROVIDER = "provider"
    CUSTOMER = "customer"


class TargetPeriod(StrEnum):
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


class Pin(Out):
    """A version of a calendar or of a priority scheme."""

    key: Key
    version: int
