"""Goals on the wire."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated

from pydantic import ConfigDict, Field

from improvement_api.goals.rules import GoalState, Judgement
from improvement_api.periods import Grain
from shared.schemas.common import EXACT, Day, Key, LongText, Out, ShortText, Wire
from shared.schemas.metrics import Comparator, KpiId

GoalValue = Annotated[
    Decimal,
    Field(
        max_digits=18,
        decimal_places=6,
        description="in the unit of the KPI: hours, a ratio from 0 to 1, points or a number",
        examples=[4.0],
    ),
    EXACT,
]


class GoalCreate(Wire):
    """A goal must be SMART; what it lacks is refused by name."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "service": "application-support",
                    "kpi": "mttr",
                    "comparator": "lte",
                    "value": 4.0,
                    "due_on": "2026-12-31",
                    "relevant_to": "cheaper-workplace",
                }
            ]
        }
    )

    service: Key
    kpi: ShortText | None = Field(None, description="what is measured: id of a KPI")
    comparator: Comparator | None = Field(None, description="lte or lt where lower is better")
    value: GoalValue | None = None
    grain: Grain = Field(Grain.MONTH, description="length of the periods that are measured, of UTC")
    due_on: Day | None = Field(None, description="within 12 months; a full period ends by then")
    relevant_to: Key | None = Field(
        None, description="key of an objective or a vital activity of the catalog"
    )
    owner: ShortText | None = Field(None, description="subject; by default who sets it")
    reason: LongText = Field("", description="needed where history does not support the goal")


class BaselineOut(Out):
    """The last full period before the goal was set, as it was known then."""

    period: str | None
    value: float | None = Field(description="null: nothing was measured in it")
    count: int | None = Field(description="records that the value is of")
    as_of: datetime


class GoalOut(Out):
    id: str
    plan: str
    service: str
    kpi: KpiId
    unit: str
    grain: Grain
    comparator: Comparator
    value: float
    baseline: BaselineOut
    judgement: Judgement
    reason: str
    due_on: date
    relevant_to: str
    owner: str
    state: GoalState
    reached_at: datetime | None = Field(description="when a full period was first seen to meet it")
    missed_at: datetime | None = Field(description="when it was due and no full period had met it")
    last_period: str | None = Field(description="the newest full period that was looked at")
    last_value: float | None
    judged_at: datetime | None
    created_at: datetime
    created_by: str
