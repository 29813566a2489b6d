"""Targets on the wire."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from pydantic import ConfigDict, Field

from metrics_api.indicators.periods import Grain
from shared.kit.patches import absent
from shared.schemas.catalog import Subject, ZoneName
from shared.schemas.common import EXACT, Day, Key, Out, Wire
from shared.schemas.metrics import Comparator, KpiId

TargetValue = Annotated[
    Decimal,
    Field(
        max_digits=18,
        decimal_places=6,
        description="In the unit of the KPI: hours, a ratio from 0 to 1, points or a number",
        examples=[5.0],
    ),
    EXACT,
]
TargetPeriod = Annotated[Grain, Field(description="length of the periods that are judged")]
TargetOwner = Annotated[Subject, Field(description="decides on proposals of harder targets")]


class TargetCreate(Wire):
    """`valid_to` is the last day; without it the target holds until it is ended."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "service": "network-infrastructure",
                    "kpi": "mttr",
                    "comparator": "lte",
                    "value": 5.0,
                    "valid_from": "2026-01-01",
                    "valid_to": "2026-12-31",
                    "period": "month",
                    "timezone": "Europe/Vienna",
                    "owner": "ada@example.org",
                }
            ]
        }
    )

    service: Key
    kpi: KpiId
    comparator: Comparator
    value: TargetValue
    valid_from: Day
    valid_to: Day | None = None
    period: TargetPeriod = Grain.MONTH
    timezone: ZoneName = "UTC"
    owner: TargetOwner | None = None


class TargetPatch(Wire):
    """The fields to change; the earlier version is kept. Another KPI or another length of its
    periods makes another target."""

    comparator: Comparator = absent()
    value: TargetValue = absent()
    valid_from: Day = absent()
    valid_to: Day | None = absent()
    owner: TargetOwner | None = absent()


class TargetOut(Out):
    id: UUID
    service: str
    kpi: KpiId
    unit: str
    comparator: Comparator
    value: float
    valid_from: date
    valid_to: date | None = Field(description="last day; before valid_from: it never held")
    period: Grain = Field(description="length of the periods that are judged")
    timezone: str = Field(description="whose periods these are")
    owner: str | None = Field(description="who decides on proposals of harder targets")
    version: int
    recorded_at: datetime = Field(description="when this version was recorded")
    recorded_by: str
