"""Targets on the wire."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from shared.schemas.common import Key, Out, Wire
from shared.schemas.metrics import Comparator, KpiId

TargetValue = Annotated[
    Decimal,
    Field(
        max_digits=18,
        decimal_places=6,
        description="In the unit of the KPI: hours, a ratio from 0 to 1, or incidents",
        examples=[5.0],
    ),
]
Day = Annotated[date, Field(ge=date(1900, 1, 1), lt=date(2200, 1, 1))]


def _absent() -> Any:
    """A member that may be left out; read with `exclude_unset`."""
    return Field(default_factory=lambda: None)


class TargetCreate(Wire):
    """`valid_to` is the last day; without it the target holds until it is ended."""

    service: Key
    kpi: KpiId
    comparator: Comparator
    value: TargetValue
    valid_from: Day
    valid_to: Day | None = None


class TargetPatch(Wire):
    """The fields to change; the earlier version is kept."""

    comparator: Comparator = _absent()
    value: TargetValue = _absent()
    valid_from: Day = _absent()
    valid_to: Day | None = _absent()


class TargetOut(Out):
    id: UUID
    service: str
    kpi: KpiId
    unit: str
    comparator: Comparator
    value: float
    valid_from: date
    valid_to: date | None = Field(description="last day; before valid_from: it never held")
    version: int
    recorded_at: datetime = Field(description="when this version was recorded")
    recorded_by: str
