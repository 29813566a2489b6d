"""Wire models of sources and their API keys."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from shared.schemas.catalog import ZoneName
from shared.schemas.common import Key, Out, ShortText, Wire
from shared.schemas.metrics import IncidentState

Zone = Annotated[
    ZoneName,
    Field(description="IANA time zone of stamps without an offset; null: such stamps are refused"),
]
Priority = Annotated[int, Field(ge=1, le=5)]
StateMapping = Annotated[
    dict[ShortText, IncidentState],
    Field(max_length=200, description="the tool's words (without case) to our states"),
]
PriorityMapping = Annotated[
    dict[ShortText, Priority],
    Field(max_length=200, description="the tool's words (without case) to 1-5"),
]


class Delivery(StrEnum):
    """What an update of the source carries: the whole record, or the fields that changed."""

    SNAPSHOT = "snapshot"
    EVENT = "event"


class SourceCreate(Wire):
    key: Key
    name: ShortText
    kind: Annotated[ShortText, Field(examples=["servicenow"])] = "generic"
    delivery: Delivery = Delivery.SNAPSHOT
    timezone: Zone | None = None
    state_mapping: StateMapping = Field(default_factory=dict)
    priority_mapping: PriorityMapping = Field(default_factory=dict)


class SourceChange(Wire):
    """Fields that are absent stay. A changed mapping is applied to the records there are, soon; a
    changed time zone only reads what comes from then on."""

    name: ShortText | None = None
    kind: ShortText | None = None
    timezone: Zone | None = None
    state_mapping: StateMapping | None = None
    priority_mapping: PriorityMapping | None = None
    active: bool | None = None


class SourceOut(Out):
    key: str
    name: str
    kind: str
    delivery: Delivery
    timezone: str | None
    state_mapping: dict[str, IncidentState]
    priority_mapping: dict[str, int]
    active: bool
    version: int
    created_at: datetime


class ApiKeyCreate(Wire):
    name: Annotated[ShortText, Field(examples=["production webhook"])]


class ApiKeyOut(Out):
    id: str
    name: str
    scopes: list[str]
    created_at: datetime
    created_by: str
    revoked_at: datetime | None


class NewApiKeyOut(ApiKeyOut):
    """`key` is shown this once: only its hash is kept."""

    key: str = Field(examples=["tgk_4b9f0c1d2e_..."])
