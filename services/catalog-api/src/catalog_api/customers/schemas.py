"""Customers, their representatives and engagements on the wire."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from catalog_api.customers.rules import CustomerKind
from shared.kit.patches import absent
from shared.schemas.catalog import Role, Subject
from shared.schemas.common import Day, Key, LongText, Out, Reason, ShortText, Wire

CadenceDays = Annotated[
    int, Field(ge=1, le=3660, description="days between two reviews", examples=[90])
]


class CustomerCreate(Wire):
    """A community that uses services: a department, a company, the public."""

    key: Annotated[Key | None, Field(description="absent: the slug of the name")] = None
    name: Annotated[ShortText, Field(examples=["Sales force"])]
    description: LongText = ""
    kind: CustomerKind
    relationship_owner: Annotated[
        Subject, Field(description="who of IT looks after the relationship")
    ]
    review_cadence_days: CadenceDays = 90
    last_reviewed_on: Annotated[Day | None, Field(description="when it was last reviewed")] = None


class CustomerPatch(Wire):
    """The fields to change; those left out stay as they are."""

    name: ShortText = absent()
    description: LongText = absent()
    kind: CustomerKind = absent()
    relationship_owner: Subject = absent()
    review_cadence_days: CadenceDays = absent()
    last_reviewed_on: Day | None = absent()
    active: Annotated[bool, Field(description="false: the customer has left")] = absent()


class CustomerOut(Out):
    key: str
    name: str
    description: str
    kind: CustomerKind
    relationship_owner: str
    review_cadence_days: int
    last_reviewed_on: date | None
    review_due_on: date = Field(
        description="a cadence after the last review, or after the customer was added"
    )
    overdue: bool = Field(description="that day has passed, in UTC")
    active: bool
    revision: int
    created_at: datetime
    updated_at: datetime


class RepresentativeCreate(Wire):
    """A person who speaks for the customer."""

    subject: Subject
    role: Annotated[Role, Field(examples=["key_user"])]
    valid_from: Annotated[Day | None, Field(description="absent: today, in UTC")] = None
    valid_to: Annotated[Day | None, Field(description="the first day without")] = None


class RepresentativeEnd(Wire):
    """When the person stops; the day itself is the first one without."""

    valid_to: Annotated[Day | None, Field(description="absent: today, in UTC")] = None


class RepresentativeOut(Out):
    id: UUID
    customer: str
    subject: str
    role: str
    valid_from: date
    valid_to: date | None = Field(description="the first day without; null is still valid")
    revision: int
    created_at: datetime
    updated_at: datetime


class EngagementCreate(Wire):
    """From when to when the customer uses the service."""

    service: Annotated[Key, Field(examples=["network-infrastructure"])]
    engaged_from: Annotated[Day | None, Field(description="absent: today, in UTC")] = None
    engaged_to: Annotated[
        Day | None, Field(description="the first day without; absent: it runs on")
    ] = None


class EngagementEnd(Wire):
    """When and why it ends; one that ends on the day it began never was."""

    engaged_to: Annotated[Day | None, Field(description="absent: today, in UTC")] = None
    reason: Annotated[Reason, Field(examples=["Moved to the successor"])]


class EngagementOut(Out):
    id: UUID
    customer: str
    customer_name: str
    service: str
    service_name: str
    engaged_from: date
    engaged_to: date | None = Field(description="the first day without; null is still running")
    end_reason: str | None
    revision: int
    created_at: datetime
    updated_at: datetime


class RetentionReport(Out):
    """Customers engaged on the first day, and how many of them still are on the last one."""

    first_day: date
    last_day: date
    service: str | None
    engaged: int
    retained: int
    ratio: float | None = Field(description="retained / engaged, 0 to 1")
    reason: str | None = Field(description="why there is no ratio")


class EngagedCustomerOut(Out):
    """A customer who uses the service today."""

    key: str
    name: str
    kind: CustomerKind
    relationship_owner: str
    review_due_on: date
    engaged_from: date
    engaged_to: date | None


class EngagedCustomers(Out):
    """Who uses the service today, in UTC."""

    engaged_count: int
    review_overdue_count: int = Field(description="of those engaged")
    unrepresented_count: int = Field(description="of those engaged: nobody speaks for them today")
    items: list[EngagedCustomerOut] = Field(description="the first 100 by key")
