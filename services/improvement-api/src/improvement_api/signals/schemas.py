"""Signals on the wire."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from shared.kit.received_events import StorableJson
from shared.schemas.common import Key, Out, ShortText, Timestamp


class MetricsEvent(Out):
    """The part of a CloudEvent of metrics-api that is kept; its subject is a service."""

    id: ShortText
    type: ShortText
    subject: Key
    time: Timestamp
    data: Annotated[dict[str, Any], StorableJson]


class EventReply(Out):
    """`taken` is false if all that was sent was taken in before."""

    taken: bool


class SignalOut(Out):
    id: str = Field(description="the event's id at metrics-api")
    sequence: int = Field(description="order of receipt; grows, with gaps")
    type: str = Field(examples=["clock.breached"])
    service: str
    data: dict[str, Any]
    occurred_at: datetime
    received_at: datetime
