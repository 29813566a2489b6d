"""Vital activities and their support on the wire."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from catalog_api.vital_activities.rules import Strength
from shared.kit.patches import absent
from shared.schemas.catalog import Criticality, Stage
from shared.schemas.common import Key, LongText, Out, ShortText, Wire


class VitalActivityCreate(Wire):
    """What a customer must be able to do."""

    key: Annotated[Key | None, Field(description="absent: the slug of the name")] = None
    customer: Annotated[Key, Field(examples=["sales"])]
    name: Annotated[ShortText, Field(examples=["Take orders at the customer's site"])]
    description: LongText = ""
    business_impact: Annotated[
        LongText,
        Field(
            description="what it costs when it cannot be done",
            examples=["40 orders a day are lost"],
        ),
    ] = ""
    criticality: Criticality


class VitalActivityPatch(Wire):
    """The fields to change; those left out stay as they are. The customer never changes."""

    name: ShortText = absent()
    description: LongText = absent()
    business_impact: LongText = absent()
    criticality: Criticality = absent()
    active: Annotated[bool, Field(description="false: the customer no longer does it")] = absent()


class VitalActivityOut(Out):
    key: str
    customer: str
    name: str
    description: str
    business_impact: str
    criticality: Criticality
    active: bool
    revision: int
    created_at: datetime
    updated_at: datetime


class SupportWanted(Wire):
    """How strongly the service supports the activity."""

    strength: Strength
    note: Annotated[LongText | None, Field(description="what the service does for it")] = None


class SupportOut(Out):
    """A service that supports a vital activity."""

    vital_activity: str
    service: str
    service_name: str
    service_stage: Stage
    strength: Strength
    note: str | None
    changed_at: datetime


class SupportedActivityOut(Out):
    """A vital activity that a service supports."""

    key: str
    name: str
    customer: str
    criticality: Criticality
    active: bool
    strength: Strength
    note: str | None
    changed_at: datetime


class VitalActivitiesSupported(Out):
    """The vital activities that a service supports."""

    supported_count: int = Field(description="active ones")
    essential_count: int = Field(description="of those: they stop without the service")
    critical_count: int = Field(description="of those: of critical importance to the customer")
    changed_at: datetime | None = Field(description="when the last of them changed")
    items: list[SupportedActivityOut] = Field(description="the first 100 by key")
