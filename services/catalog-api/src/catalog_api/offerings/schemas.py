"""Offerings as they are written and read, by their managers and by customers."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    model_validator,
)

from catalog_api.ceilings.schemas import CeilingOut
from catalog_api.financials.schemas import FigureOut
from catalog_api.money import Currency
from catalog_api.offerings.rules import OfferingState, PriceUnit
from shared.kit.patches import absent
from shared.schemas.agreements import AgreedTarget
from shared.schemas.catalog import Role, Stage, Tags
from shared.schemas.common import (
    EXACT,
    Key,
    LongText,
    NonBlank,
    Out,
    ShortText,
    Storable,
    Timestamp,
    Wire,
)
from shared.schemas.metrics import Comparator

FORM_EXAMPLE = {
    "type": "object",
    "properties": {"model": {"type": "string", "enum": ["light", "strong"]}},
    "required": ["model"],
    "additionalProperties": False,
}


class Kpi(StrEnum):
    """The canonical KPIs that a promise can be bound to."""

    MTTR = "mttr"
    MTTR_BUSINESS = "mttr_business"
    MTTA = "mtta"
    MTBF = "mtbf"
    FCR = "fcr"
    REOPEN_RATE = "reopen_rate"
    BACKLOG = "backlog"
    INCIDENT_COUNT = "incident_count"
    AVAILABILITY = "availability"
    SLA_ATTAINMENT = "sla_attainment"
    CSAT = "csat"
    NPS = "nps"
    CHANGE_FAILURE_RATE = "change_failure_rate"
    UNPLANNED_OUTAGES = "unplanned_outages"
    LOW_VALUE_SHARE = "low_value_share"
    FULFILMENT_TIME = "fulfilment_time"
    PERMANENT_FIX_RATE = "permanent_fix_rate"


def _once_each(names: list[str]) -> list[str]:
    return sorted(set(names))


def _plain(amount: Decimal) -> Decimal:
    """Without trailing zeros, so that 12.50 and 12.5 are no change."""
    return Decimal(format(amount.normalize(), "f"))


Names = Annotated[
    list[Key], Field(default_factory=list, max_length=200), AfterValidator(_once_each)
]
Roles = Annotated[
    list[Role], Field(default_factory=list, max_length=50), AfterValidator(_once_each)
]
Amount = Annotated[
    Decimal,
    Field(ge=0, max_digits=18, decimal_places=4, examples=["12.50"]),
    EXACT,
    AfterValidator(_plain),
    PlainSerializer(lambda amount: format(amount, "f"), return_type=str),
]


class Audience(Wire):
    """Everyone, or whoever is of one of these customers, organisation units or roles."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"everyone": True}]})

    everyone: bool = False
    customers: Names
    units: Names
    roles: Roles

    @model_validator(mode="after")
    def _is_for_somebody(self) -> "Audience":
        if self.everyone == bool(self.customers or self.units or self.roles):
            raise ValueError("say everyone, or name customers, units or roles")
        return self


class Price(Wire):
    """What a customer pays, and for what."""

    amount: Amount
    currency: Currency
    per: PriceUnit


class PromisedTarget(Wire):
    """The KPI that measures a promise; the value is in the KPI's unit."""

    kpi: Kpi
    comparator: Comparator
    value: Annotated[float, Field(ge=-1e9, le=1e9, allow_inf_nan=False)]


class PromiseMade(Wire):
    """A line of the quality promised, in the customer's terms."""

    text: Annotated[ShortText, Field(examples=["Your laptop is on your desk within two days"])]
    target: PromisedTarget | None = None


class Announcement(Wire):
    """News about an offering, shown from its start up to its end."""

    text: Annotated[NonBlank, Field(max_length=2000)]
    starts_at: Timestamp | None = None
    ends_at: Annotated[Timestamp | None, Field(examples=["2026-03-31T22:00:00Z"])] = None

    @model_validator(mode="after")
    def _ends_after_start(self) -> "Announcement":
        if self.starts_at and self.ends_at and self.ends_at <= self.starts_at:
            raise ValueError("ends_at must be after starts_at")
        return self


class FulfilmentStep(Wire):
    """A step of the fulfilment plan; its target runs by the clock, day and night."""

    id: Key
    title: ShortText
    owner_role: Role
    target_minutes: Annotated[int, Field(ge=1, le=525_600, description="from start to completion")]


def _distinct(steps: list[FulfilmentStep]) -> list[FulfilmentStep]:
    if len({step.id for step in steps}) < len(steps):
        raise ValueError("two steps have the same id")
    return steps


FulfilmentPlan = Annotated[
    list[FulfilmentStep],
    Field(max_length=30, description="walked in this order"),
    AfterValidator(_distinct),
]
RequestForm = Annotated[
    dict[str, Any],
    Field(
        description="JSON Schema, draft 2020-12, of an object: what a request must answer",
        examples=[FORM_EXAMPLE],
    ),
]
Promises = Annotated[list[PromiseMade], Field(max_length=20)]


class OfferingContent(Wire):
    """Everything of an offering that people write."""

    title: Annotated[ShortText, Field(examples=["A laptop for a new colleague"])]
    summary: Annotated[str, StringConstraints(max_length=500), Storable] = ""
    description: LongText = ""
    tags: Annotated[Tags, Field(default_factory=list)]
    audience: Audience
    price: Annotated[Price | None, Field(description="null: free of charge")] = None
    promises: Annotated[Promises, Field(default_factory=list)]
    announcement: Announcement | None = None
    form: RequestForm | None = None
    fulfilment_plan: Annotated[FulfilmentPlan, Field(default_factory=list)]


class OfferingCreate(OfferingContent):
    """A new offering, as a draft."""

    key: Annotated[Key | None, Field(description="absent: the slug of the title")] = None


class OfferingPatch(Wire):
    """The fields to change; those left out stay as they are."""

    title: ShortText = absent()
    summary: Annotated[str, StringConstraints(max_length=500), Storable] = absent()
    description: LongText = absent()
    tags: Tags = absent()
    audience: Audience = absent()
    price: Price | None = absent()
    promises: Promises = absent()
    announcement: Announcement | None = absent()
    form: RequestForm | None = absent()
    fulfilment_plan: FulfilmentPlan = absent()


class AudienceOut(Out):
    everyone: bool
    customers: list[str]
    units: list[str]
    roles: list[str]


class PromiseOut(Out):
    text: str
    target: PromisedTarget | None


class AnnouncementOut(Out):
    text: str
    starts_at: datetime | None
    ends_at: datetime | None


class OfferingSummary(Out):
    """An offering without its texts, form and plan."""

    key: str
    service: str
    service_name: str
    stage: Stage = Field(description="of the service")
    title: str
    summary: str
    tags: list[str]
    audience: AudienceOut
    price: Price | None = Field(description="null: free of charge")
    state: OfferingState
    version: int = Field(description="of form and fulfilment plan; requests keep theirs")
    has_form: bool
    steps: int = Field(description="in the fulfilment plan")
    requestable: bool
    obstacle: str | None = Field(description="why nobody can request it now")
    revision: int
    updated_at: datetime


class OfferingOut(OfferingSummary):
    description: str
    promises: list[PromiseOut]
    announcement: AnnouncementOut | None
    form: RequestForm | None
    fulfilment_plan: list[FulfilmentStep]
    missing: list[str] = Field(description="what it needs before it can be published")
    published_at: datetime | None
    withdrawn_at: datetime | None
    created_at: datetime


class OfferingVersionOut(Out):
    """Form and fulfilment plan as they were from `made_at` on."""

    version: int
    form: RequestForm | None
    fulfilment_plan: list[FulfilmentStep]
    made_at: datetime
    made_by: str


class CatalogItem(Out):
    """An offering as customers see it: what it promises and costs, and how long it takes."""

    key: str
    title: str
    summary: str
    service: str
    service_name: str
    portfolio: str
    tags: list[str]
    audience: AudienceOut
    promises: list[PromiseOut]
    price: Price | None = Field(description="null: free of charge")
    announcement: AnnouncementOut | None = Field(description="null when there is no news now")
    fulfilment_minutes: int = Field(description="what its steps may take together, by the clock")
    version: int = Field(description="of the form")
    requestable: bool
    obstacle: str | None = Field(description="why it cannot be requested now")


class TargetInForce(Out):
    """A target of an agreement in force that covers the service."""

    agreement: str
    agreement_version: int
    target: AgreedTarget


class BehindOffering(Out):
    """The offering in the provider's terms: what is agreed, what is possible, what it costs."""

    agreed_targets: list[TargetInForce] = Field(description="at most 50, by agreement")
    availability: CeilingOut = Field(description="promised in agreements, and what is possible")
    costs_of: str = Field(description="the months that the figures are of")
    currency: str | None
    full_cost: FigureOut
    unit_cost: FigureOut
    user_cost: FigureOut
    recovery_ratio: FigureOut


class CatalogEntry(CatalogItem):
    """Quality and cost side by side: `promises` and `price` for customers, `provider` behind."""

    description: str
    form: RequestForm | None
    provider: BehindOffering
