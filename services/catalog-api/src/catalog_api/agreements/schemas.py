"""Agreements as they are written and shown; the agreed text is in shared.schemas.agreements."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import ConfigDict, Field, StringConstraints

from catalog_api.fields import HASH_EXAMPLE
from catalog_api.money import Amount, Currency
from shared.kit.patches import absent
from shared.schemas.agreements import (
    AgreedGuarantee,
    AgreedHours,
    AgreedScheme,
    AgreedTarget,
    AgreementKind,
    AgreementState,
    Basis,
    PartyKind,
    Side,
    TargetPeriod,
)
from shared.schemas.catalog import Subject
from shared.schemas.common import EXACT, Day, Key, LongText, Out, ShortText, Wire
from shared.schemas.metrics import Comparator

Figure = Annotated[
    Decimal, Field(ge=-1_000_000_000, le=1_000_000_000, decimal_places=6, examples=[0.995]), EXACT
]
Pinned = Annotated[
    int | None, Field(ge=1, lt=2**31, description="absent: the newest one; it is pinned")
]
Keys = Annotated[list[Key], Field(default_factory=list, max_length=200)]
Links = Annotated[list[Key], Field(default_factory=list, max_length=50)]
Word = Annotated[
    str, StringConstraints(pattern=r"^[a-z0-9]+([_-][a-z0-9]+)*$", min_length=1, max_length=100)
]


class PartyWrite(Wire):
    """A side of an agreement: IT, a customer (by key), a unit (by key) or a vendor."""

    kind: PartyKind
    key: Key | None = None
    name: Annotated[ShortText, Field(examples=["Finance department"])]
    signatories: Annotated[
        list[Subject], Field(min_length=1, max_length=20, description="who may sign for it")
    ]


class HoursWrite(Wire):
    calendar: Key
    calendar_version: Pinned = None


class SchemeWrite(Wire):
    scheme: Key
    scheme_version: Pinned = None


class TargetWrite(Wire):
    """A service level target. It must be SMART; what it lacks is refused by name."""

    id: Annotated[Key, Field(examples=["availability"])]
    kpi: Annotated[Word | None, Field(examples=["availability"])] = None
    sli: Annotated[Word | None, Field(description="name of an indicator of metrics-api")] = None
    comparator: Comparator | None = None
    value: Annotated[Figure | None, Field(description="in the unit of the KPI")] = None
    period: TargetPeriod | None = None
    priority: Annotated[
        int | None, Field(ge=1, le=10, description="only records of this priority")
    ] = None
    vital_activities: Links
    objectives: Links
    valid_from: Annotated[Day | None, Field(description="absent: that of the agreement")] = None
    review_date: Annotated[Day | None, Field(description="absent: that of the agreement")] = None


class TierWrite(Wire):
    worse_than: Annotated[Figure, Field(description="value from which on the credit is due")]
    credit: Annotated[Amount, Field(description="percent of the charge, or an amount")]


class GuaranteeWrite(Wire):
    """What is credited when a target is missed; the worse the breach, the more."""

    target: Annotated[Key, Field(description="id of a target of this agreement")]
    basis: Basis
    currency: Annotated[Currency | None, Field(description="of amounts")] = None
    tiers: Annotated[list[TierWrite], Field(min_length=1, max_length=20)]
    cap: Annotated[Amount, Field(description="most that is credited in a period")]


_EXAMPLE: dict[str, Any] = {
    "provider": {
        "kind": "it",
        "name": "Information technology",
        "signatories": ["rosa.klein"],
    },
    "customer": {
        "kind": "customer",
        "key": "finance",
        "name": "Finance",
        "signatories": ["helga.brandt"],
    },
    "services": ["printing"],
    "hours": {"calendar": "office-hours"},
    "targets": [
        {
            "id": "repair",
            "kpi": "mttr",
            "comparator": "lte",
            "value": 8,
            "period": "month",
            "vital_activities": ["close-the-books"],
        }
    ],
    "guarantees": [
        {
            "target": "repair",
            "basis": "percent",
            "tiers": [{"worse_than": 8, "credit": "5"}],
            "cap": "10",
        }
    ],
    "valid_from": "2027-01-01",
    "review_date": "2027-12-01",
}


class AgreementWrite(Wire):
    """The text of a version. Who provides and who is served depends on the kind of agreement.

    sla: IT and a customer; ola: two units; underpinning_contract: a vendor and IT.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    provider: PartyWrite
    customer: PartyWrite
    services: Keys
    vendor_products: Keys
    hours: HoursWrite
    priority_scheme: SchemeWrite | None = None
    targets: Annotated[list[TargetWrite], Field(min_length=1, max_length=50)]
    guarantees: Annotated[list[GuaranteeWrite], Field(default_factory=list, max_length=50)]
    terms: LongText = ""
    valid_from: Day
    valid_to: Annotated[Day | None, Field(description="last day")] = None
    review_date: Day


class AgreementCreate(AgreementWrite):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"name": "SLA printing for finance", "kind": "sla", **_EXAMPLE}]
        }
    )

    key: Annotated[Key | None, Field(description="absent: the slug of the name")] = None
    name: Annotated[ShortText, Field(examples=["SLA mail for finance"])]
    kind: AgreementKind


class AgreementPatch(Wire):
    """What an agreement is called; what it says changes by its versions."""

    name: ShortText = absent()


class AgreementOut(Out):
    key: str
    name: str
    kind: AgreementKind
    version: int = Field(description="the newest one")
    state: AgreementState = Field(description="of the newest version")
    active_version: int | None
    revision: int
    created_at: datetime
    updated_at: datetime


class AgreementVersionSummary(Out):
    """A version without its text."""

    agreement: str
    version: int
    state: AgreementState
    text_hash: str
    starts_at: datetime
    ends_at: datetime | None
    signed_at: datetime | None
    activated_at: datetime | None
    ended_at: datetime | None
    end_reason: str | None
    held_back: str | None
    revision: int
    created_at: datetime


class SignatureWrite(Wire):
    """For which side one signs, and the hash of the text one has read."""

    side: Side
    text_hash: Annotated[
        str, StringConstraints(pattern=r"^[0-9a-f]{64}$"), Field(examples=[HASH_EXAMPLE])
    ]


class Termination(Wire):
    reason: Annotated[ShortText, Field(examples=["The customer has moved to another provider"])]


class Attainability(Out):
    """A promised availability beside what the dependencies of a service allow."""

    target: str
    service: str
    promised: float
    ceiling: float | None = Field(description="null: not known")
    missing: list[str] = Field(description="whose agreed availability is not known")
    attainable: bool | None = Field(description="null: not known, and so not refused")


class AttainabilityReport(Out):
    agreement: str
    version: int
    availability_targets: list[Attainability] = Field(
        description="each availability target with each service of the scope"
    )


class AgreementInSheet(Out):
    """A signed or active version as the service document shows it."""

    agreement: str
    name: str
    kind: AgreementKind
    version: int
    state: AgreementState
    provider: str
    customer: str
    hours: AgreedHours
    priority_scheme: AgreedScheme | None
    targets: list[AgreedTarget]
    guarantees: list[AgreedGuarantee]
    review_date: date
    starts_at: datetime
    ends_at: datetime | None
    activated_at: datetime | None


class UncoveredDependency(Out):
    kind: str = Field(description="service or vendor_product")
    key: str


class AgreementsSection(Out):
    items: list[AgreementInSheet] = Field(description="signed and active ones, at most 100")
    needed_count: int = Field(description="direct hard dependencies")
    uncovered: list[UncoveredDependency] = Field(
        description="of those, without an active OLA or underpinning contract: at most 100"
    )
