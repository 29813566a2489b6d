"""The text of each kind of plan, as it is written, hashed, approved and shown.

No member has a default: a text says everything, an empty list too, so that its hash is of all.
"""

from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from catalog_api.money import Amount, Currency
from catalog_api.plans.kpis import Kpi
from catalog_api.plans.rules import ItemStatus, PlanKind
from shared.schemas.common import EXACT, Day, Key, LongText, ShortText, Wire
from shared.schemas.metrics import Comparator

ItemId = Annotated[Key, Field(description="slug, unique in its list", examples=["single-sign-on"])]


TargetPeriod = Annotated[
    str,
    StringConstraints(pattern=r"^(19|20|21)[0-9]{2}(-Q[1-4]|-(0[1-9]|1[0-2]))?$"),
    Field(description="year, quarter or month", examples=["2026", "2026-Q1", "2026-03"]),
]
Keys = Annotated[list[Key], Field(max_length=100)]


class Requirement(Wire):
    """What a vendor product must do for this service; candidates are scored against it."""

    id: ItemId
    text: ShortText
    weight: int = Field(ge=1, le=100, description="relative to the others")


class StrategyText(Wire):
    kind: Literal[PlanKind.STRATEGY]
    why: LongText = Field(description="why this service", examples=["People work anywhere."])
    outcomes: Annotated[list[ShortText], Field(max_length=50)]
    objectives: Keys = Field(description="keys of the objectives that it serves")
    target_customers: Keys = Field(description="keys of customers")
    available_from: Day | None = Field(description="when the service is to be available")
    requirements: Annotated[list[Requirement], Field(max_length=100)]


class RoadmapItem(Wire):
    """A capability of the service: risks link to the item that treats them."""

    id: ItemId
    capability: ShortText
    target_date: Day
    cost: Amount | None
    currency: Currency | None
    status: ItemStatus


class RoadmapText(Wire):
    kind: Literal[PlanKind.ROADMAP]
    items: Annotated[list[RoadmapItem], Field(max_length=200)]


class QualityTarget(Wire):
    kpi: Kpi
    comparator: Comparator
    value: Annotated[
        Decimal,
        Field(max_digits=18, decimal_places=6, description="in the KPI's unit", examples=["4.0"]),
        EXACT,
    ]


class FinanceMeasure(StrEnum):
    FULL_COST = "full_cost"
    UNIT_COST = "unit_cost"
    RECOVERY_RATIO = "recovery_ratio"


class FinanceTarget(Wire):
    """A target of cost in a currency, or of the recovery ratio without one."""

    measure: FinanceMeasure
    comparator: Comparator
    value: Annotated[Amount, Field(description="amount, or ratio")]
    currency: Currency | None
    period: TargetPeriod


class CriticalSuccessFactor(Wire):
    """What must go well for an objective; satisfied when the quality targets of its KPIs are."""

    id: ItemId
    statement: ShortText
    kpis: Annotated[list[Kpi], Field(min_length=1, max_length=20)]
    objective: Key


class TargetsText(Wire):
    kind: Literal[PlanKind.TARGETS]
    quality_targets: Annotated[list[QualityTarget], Field(max_length=50)]
    finance_targets: Annotated[list[FinanceTarget], Field(max_length=50)]
    critical_success_factors: Annotated[list[CriticalSuccessFactor], Field(max_length=50)]


PlanText = Annotated[StrategyText | RoadmapText | TargetsText, Field(discriminator="kind")]
