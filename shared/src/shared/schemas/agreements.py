"""Calendars, priority schemes and agreements as catalog-api announces them and others copy them."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from shared.schemas.catalog import SupportInterval
from shared.schemas.common import Day, Out, ShortText, Wire
from shared.schemas.metrics import Comparator


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


class PartyKind(StrEnum):
    IT = "it"
    CUSTOMER = "customer"
    UNIT = "unit"
    VENDOR = "vendor"


class Basis(StrEnum):
    """What a credit is: a share of the charge of the period, or an amount of money."""

    PERCENT = "percent"
    AMOUNT = "amount"


class AgreedParty(Out):
    kind: PartyKind
    key: str | None = Field(description="of the customer or the organisation unit")
    name: str
    signatories: list[str] = Field(description="`sub` of the persons who may sign for it")


class AgreedHours(Out):
    calendar: str
    calendar_version: int


class AgreedScheme(Out):
    scheme: str
    scheme_version: int


class AgreedTarget(Out):
    """A service level target; its `version` counts the wordings it has had in the agreement."""

    id: str
    version: int
    kpi: str | None
    sli: str | None
    comparator: Comparator
    value: float
    unit: str | None
    period: TargetPeriod
    priority: int | None = Field(description="only records of this priority; null is all")
    vital_activities: list[str]
    objectives: list[str]
    valid_from: date
    review_date: date


class CreditTier(Out):
    worse_than: float = Field(description="value of the target, from which on the credit is due")
    credit: str = Field(description="percent of the charge, or an amount")


class AgreedGuarantee(Out):
    """What is credited when a target is missed: the tier of the worst value that is passed."""

    target: str
    basis: Basis
    currency: str | None
    tiers: list[CreditTier] = Field(description="worse and worse, never with less credit")
    cap: str = Field(description="at most so much in a period of the target")


class AgreementText(Out):
    """What is agreed, whole, with every version it rests on: this is what is hashed and signed."""

    agreement: str
    version: int
    kind: AgreementKind
    provider: AgreedParty
    customer: AgreedParty
    services: list[str]
    vendor_products: list[str]
    hours: AgreedHours
    priority_scheme: AgreedScheme | None
    targets: list[AgreedTarget]
    guarantees: list[AgreedGuarantee]
    terms: str
    valid_from: date
    valid_to: date | None = Field(description="last day; null: until it is replaced or terminated")
    review_date: date


class SignatureOut(Out):
    side: Side
    subject: str
    text_hash: str
    signed_at: datetime


class AgreementVersionOut(Out):
    agreement: str
    name: str
    kind: AgreementKind
    version: int
    state: AgreementState
    text: AgreementText
    text_hash: str = Field(description="SHA-256 of the RFC 8785 JSON of `text`, in hexadecimal")
    signatures: list[SignatureOut] = Field(description="under the text that is in review or signed")
    starts_at: datetime = Field(description="midnight of the first day in the zone of its hours")
    ends_at: datetime | None
    authored_by: str
    submitted_at: datetime | None
    signed_at: datetime | None
    activated_at: datetime | None
    ended_at: datetime | None
    end_reason: str | None
    held_back: str | None = Field(description="why it is not active although its start has come")
    revision: int
    created_at: datetime
    updated_at: datetime
