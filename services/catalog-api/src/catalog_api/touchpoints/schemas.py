"""Touchpoints and the services offered at them, on the wire."""

from datetime import datetime
from typing import Annotated

from pydantic import ConfigDict, Field

from catalog_api.touchpoints.rules import Channel
from shared.kit.patches import absent
from shared.schemas.catalog import Stage
from shared.schemas.common import Key, LongText, Out, ShortText, Wire

Address = Annotated[
    ShortText,
    Field(description="number, mail address, URL or place", examples=["+41 44 555 01 01"]),
]
Hours = Annotated[ShortText, Field(description="in words", examples=["Mon to Fri 07:00 to 18:00"])]
CalendarKey = Annotated[
    Key, Field(description="a calendar instead of hours in words", examples=["office-hours"])
]


class TouchpointCreate(Wire):
    """Where customers meet services."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "name": "Service desk hotline",
                    "channel": "phone",
                    "address": "+41 44 555 01 01",
                    "calendar": "office-hours",
                }
            ]
        }
    )

    key: Annotated[Key | None, Field(description="absent: the slug of the name")] = None
    name: Annotated[ShortText, Field(examples=["Service desk hotline"])]
    description: LongText = ""
    channel: Channel
    address: Address | None = None
    hours: Hours | None = None
    calendar: CalendarKey | None = None


class TouchpointPatch(Wire):
    """The fields to change; those left out stay as they are."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"hours": "Mon to Fri 07:00 to 18:00", "calendar": None}]}
    )

    name: ShortText = absent()
    description: LongText = absent()
    channel: Channel = absent()
    address: Address | None = absent()
    hours: Hours | None = absent()
    calendar: CalendarKey | None = absent()
    active: Annotated[bool, Field(description="false: it was given up")] = absent()


class TouchpointOut(Out):
    key: str
    name: str
    description: str
    channel: Channel
    address: str | None
    hours: str | None
    calendar: str | None
    active: bool
    revision: int
    created_at: datetime
    updated_at: datetime


class OfferOut(Out):
    """A service that is offered at a touchpoint."""

    touchpoint: str
    service: str
    service_name: str
    service_stage: Stage
    linked_at: datetime


class OfferedAtOut(Out):
    """A touchpoint at which a service is offered."""

    key: str
    name: str
    channel: Channel
    address: str | None
    hours: str | None
    calendar: str | None
    active: bool
    linked_at: datetime


class Touchpoints(Out):
    """The touchpoints at which a service is offered."""

    active_count: int
    channels: list[Channel] = Field(description="of the active ones, each once")
    without_hours_count: int = Field(description="active ones that say no hours")
    changed_at: datetime | None = Field(description="when the last of them changed")
    items: list[OfferedAtOut] = Field(description="the first 100 by key")
