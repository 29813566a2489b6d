"""Critical success factors on the wire."""

from datetime import datetime
from typing import Annotated

from pydantic import ConfigDict, Field, model_validator

from metrics_api.success_factors.rules import Satisfaction
from metrics_api.tiers.schemas import MeasuredKpiOut, MeasuredKpis
from shared.kit.patches import absent
from shared.schemas.catalog import Subject
from shared.schemas.common import Key, LongText, Out, ShortText, Wire
from shared.schemas.metrics import Comparator, KpiId


class SuccessFactorCreate(Wire):
    """What must go well for an objective or a key result area, and the KPIs that satisfy it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "key": "solved-at-once",
                    "name": "Incidents are solved at the first contact",
                    "owner": "ada@example.org",
                    "kra": "dependable-it",
                    "kpis": [{"kpi": "fcr", "service": "network-infrastructure"}],
                }
            ]
        }
    )

    key: Key
    name: Annotated[ShortText, Field(examples=["Incidents are solved at the first contact"])]
    description: LongText = ""
    owner: Subject
    objective: Annotated[Key | None, Field(description="an objective of the catalog")] = None
    kra: Annotated[Key | None, Field(description="or a key result area")] = None
    kpis: Annotated[MeasuredKpis, Field(min_length=1)]

    @model_validator(mode="after")
    def _is_linked_once(self) -> "SuccessFactorCreate":
        if (self.objective is None) == (self.kra is None):
            raise ValueError("name the objective or the kra, one of them")
        return self


class SuccessFactorPatch(Wire):
    """The fields to change; `kpis` replaces the whole list. What it is linked to never changes."""

    name: ShortText = absent()
    description: LongText = absent()
    owner: Subject = absent()
    kpis: Annotated[MeasuredKpis, Field(min_length=1)] = absent()
    active: bool = absent()


class SuccessFactorOut(Out):
    key: str
    name: str
    description: str
    owner: str
    objective: str | None
    kra: str | None
    active: bool
    kpis: list[MeasuredKpiOut] = Field(description="by KPI and service")
    version: int
    created_at: datetime
    updated_at: datetime


class SatisfyingKpi(Out):
    kpi: KpiId
    service: str
    unit: str
    value: float | None
    count: int
    comparator: Comparator | None = Field(description="null: no target holds")
    target: float | None
    met: bool | None
    reason: str | None = Field(description="why it is not known whether it is met")


class FactorStatus(Out):
    """A factor is satisfied when each of its KPIs met its target in the period."""

    factor: str
    name: str
    period: str
    start: datetime
    end: datetime
    complete: bool
    timezone: str
    as_of: datetime | None
    status: Satisfaction
    kpis: list[SatisfyingKpi]
