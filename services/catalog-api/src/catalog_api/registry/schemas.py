"""Changes of services, one at a time and in bulk."""

from enum import StrEnum
from typing import Annotated, Any

from pydantic import ConfigDict, Field

from shared.kit.patches import absent
from shared.schemas.catalog import (
    Criticality,
    OwnerAssignment,
    Reference,
    RefusedStage,
    ServiceKind,
    SupportHours,
    Tags,
)
from shared.schemas.common import Key, LongText, Out, ShortText, Wire


class ServicePatch(Wire):
    """The fields to change; those left out stay as they are."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "criticality": "high",
                    "support_hours": {
                        "timezone": "Europe/Zurich",
                        "weekly": [{"day": "monday", "start": "08:00", "end": "18:00"}],
                    },
                }
            ]
        }
    )

    name: ShortText = absent()
    portfolio: Key = absent()
    kind: ServiceKind = absent()
    description: LongText = absent()
    criticality: Criticality | None = absent()
    support_hours: SupportHours | None = absent()
    tags: Tags = absent()
    stage: RefusedStage = None


class ServiceUpsert(ServicePatch):
    """A service by key. A new one needs name, portfolio and kind and starts at `strategy`.

    Owners and external references that are given replace those that are there.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"key": "parking", "name": "Parking", "portfolio": "workplace", "kind": "business"}
            ]
        }
    )

    key: Key
    owners: Annotated[list[OwnerAssignment], Field(max_length=50)] = absent()
    external_references: Annotated[list[Reference], Field(max_length=200)] = absent()


UpsertItems = Annotated[list[ServiceUpsert], Field(min_length=1, max_length=1000)]


class UpsertOutcome(StrEnum):
    CREATED = "created"
    CHANGED = "changed"
    UNCHANGED = "unchanged"


class FieldChangeOut(Out):
    before: Any
    after: Any


class UpsertedItem(Out):
    key: str
    outcome: UpsertOutcome
    changes: dict[str, FieldChangeOut] = Field(description="by field; before is null when created")


class UpsertReply(Out):
    """What was done, or with `dry_run` what would be done."""

    dry_run: bool
    created: int
    changed: int
    unchanged: int
    items: list[UpsertedItem]
