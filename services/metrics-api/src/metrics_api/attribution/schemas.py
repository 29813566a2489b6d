"""Wire models of attribution."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import ConfigDict, Field, model_validator

from shared.schemas.catalog import ReferenceSnapshot, RequestSnapshot, ServiceSummary
from shared.schemas.common import Key, Out, ShortText, Wire
from shared.schemas.metrics import IncidentState, RecordKind

RECORDS_LIMIT = 10_000


class UnattributedOut(Out):
    """Records of one kind and source that name a service so, and belong to none."""

    kind: RecordKind
    source: str
    service_name: str | None = Field(description="null: they name no service")
    count: int
    first_seen: datetime
    last_seen: datetime


class UnattributedRecordOut(Out):
    """A record that belongs to no service; `opened_at` is when it began, whatever its kind."""

    kind: RecordKind
    source: str
    external_id: str
    service_name: str | None
    title: str | None
    state: IncidentState | None
    opened_at: datetime | None
    first_received_at: datetime
    last_received_at: datetime


class RecordName(Wire):
    kind: RecordKind = RecordKind.INCIDENT
    source: Key
    external_id: ShortText


class AttributionCreate(Wire):
    """Either a name in the words of a source, from now on and for what is there; or records."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "service": "network-infrastructure",
                    "source": "network-alarms",
                    "service_name": "core-switch",
                }
            ]
        }
    )

    service: Key
    source: Key | None = None
    service_name: ShortText | None = None
    records: Annotated[list[RecordName] | None, Field(min_length=1, max_length=RECORDS_LIMIT)] = (
        None
    )

    @model_validator(mode="after")
    def _is_by_name_or_by_record(self) -> "AttributionCreate":
        by_name = self.source is not None and self.service_name is not None
        by_record = self.source is None and self.service_name is None
        if by_name == (self.records is not None) or by_record != (self.records is not None):
            raise ValueError("give source and service_name, or records")
        return self


class AttributionOut(Out):
    service: str
    attributed: int = Field(description="records that belong to another service than before")
    recorded_at: datetime


class RefreshOut(Out):
    services: int = Field(description="services that changed since the last look")
    attributed: int = Field(description="records that belong to another service than before")
    unattributed: int = Field(description="records that still belong to none")
    refreshed_at: datetime


class ServiceData(ServiceSummary):
    """The data of the catalog's events; what else it may hold is not our business."""

    references: list[ReferenceSnapshot]


class RequestData(Out):
    """The data of the catalog's events about requests: the whole record after the move."""

    record: RequestSnapshot


class EventReply(Out):
    """`taken` is false for events that were all taken in before or that we do not need."""

    taken: bool


class CatalogEvent(Out):
    """The part of a CloudEvent that matters here."""

    id: Annotated[str, Field(min_length=1, max_length=200)]
    type: Annotated[str, Field(max_length=200)]
    data: Any
