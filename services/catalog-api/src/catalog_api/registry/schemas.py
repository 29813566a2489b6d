"""Changes of services, one at a time and in bulk."""

from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field

from shared.schemas.catalog import (
    Criticality,
    RefusedStage,
    ServiceKind,
    SupportHours,
    Tags,
)
from shared.schemas.common import Key, LongText, Out, ShortText, Wire


def _absent() -> Any:
    """A member that may be left out and may not be null; read with `exclude_unset`."""
    return Field(default_factory=lambda: None)


class ServicePatch(Wire):
    """The fields to change; those left out stay as they are."""

    name: ShortText = _absent()
    portfolio: Key = _absent()
    kind: ServiceKind = _absent()
    description: LongText = _absent()
    criticality: Criticality | None = _absent()
    support_hours: SupportHours | None = _absent()
    tags: Tags = _absent()
    stage: RefusedStage = None


class ServiceUpsert(ServicePatch):
    """A service by key. A new one needs name, portfolio and kind and starts at `strategy`."""

    key: Key


UpsertItems = Annotated[list[ServiceUpsert], Field(min_length=1, max_length=1000)]


class UpsertOutcome(StrEnum):
    CREATED = "created"
    CHANGED = "changed"
    UNCHANGED = "unchanged"


class FieldChangeOut(Out):
    before: Any
    after: Any


class UpsertedService(Out):
    key: str
    outcome: UpsertOutcome
    changes: dict[str, FieldChangeOut] = Field(description="by field; before is null when created")


class UpsertReply(Out):
    """What was done, or with `dry_run` what would be done."""

    dry_run: bool
    created: int
    changed: int
    unchanged: int
    items: list[UpsertedService]
