"""Wire models of incidents as they are read; what is sent is `updates.IncidentIn`."""

from datetime import datetime
from typing import Any

from pydantic import Field

from shared.schemas.common import Out
from shared.schemas.metrics import IncidentState


class IncidentOut(Out):
    """The end state of an incident: the fold over all its versions."""

    source: str
    external_id: str
    service: str | None = Field(description="key of the service; null: unattributed")
    service_name: str | None = Field(description="the service in the tool's words")
    state: IncidentState | None = Field(description="null: no known state was sent yet")
    raw_state: str | None = Field(description="the state in the tool's words, also an unknown one")
    title: str | None
    priority: int | None = Field(description="1 (highest) to 5; null: none or an unknown one")
    raw_priority: str | None
    impact: str | None
    urgency: str | None
    channel: str | None
    assignment_group: str | None
    vendor: str | None = Field(description="the vendor or its product in the tool's words")
    vendor_product: str | None = Field(description="key of the vendor product that this means")
    touchpoint: str | None
    problem: str | None = Field(description="the tool's id of the problem behind it")
    caused_by: str | None = Field(description="the tool's id of the change that caused it")
    reassignment_count: int | None
    reopen_count: int | None
    first_contact: bool | None
    major: bool = Field(description="the tool's flag, else priority 1")
    opened_at: datetime | None
    acknowledged_at: datetime | None = Field(description="as the tool sent it")
    resolved_at: datetime | None = Field(description="as the tool sent it")
    closed_at: datetime | None
    acknowledgement_at: datetime | None = Field(
        description="the tool's, else the first transition to in_progress"
    )
    resolution_at: datetime | None = Field(
        description="for a resolved or closed incident: the tool's resolved_at of the newest"
        " version that carries it, else the last transition into resolved or closed"
    )
    exclusion: str | None = Field(
        description="why its resolution does not count: no_resolution_time, no_opening_time or"
        " negative_duration"
    )
    reopened: bool
    extra: dict[str, Any] | None
    version: int | None = Field(description="the tool's number of the newest version")
    updated_at: datetime | None = Field(description="the tool's stamp of the newest version")
    versions: int = Field(description="how many are kept, superseded ones apart")
    first_received_at: datetime
    last_received_at: datetime


class VersionOut(Out):
    """One update as it was received; `payload` has only the fields that were sent."""

    digest: str = Field(description="SHA-256 of the canonical payload, in hex")
    version: int | None
    updated_at: datetime | None
    stamped_at: datetime = Field(description="updated_at, or the latest stamp in the payload")
    received_at: datetime
    service: str | None = Field(description="the service its words meant when it was received")
    payload: dict[str, Any]
    superseded: bool = Field(
        description="left out of the end state: a replay read the delivery otherwise"
    )


class TransitionOut(Out):
    """One move, timed by the tool's stamp of the update that carried it."""

    seq: int
    at: datetime
    from_state: IncidentState | None
    to_state: IncidentState
