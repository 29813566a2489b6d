"""Trends on the wire."""

from datetime import date, datetime
from uuid import UUID

from pydantic import Field

from metrics_api.indicators.definitions import Better
from metrics_api.indicators.periods import Grain
from metrics_api.trends.rules import CrossingState, Direction
from shared.schemas.common import Out
from shared.schemas.metrics import Comparator, KpiId


class TrendPoint(Out):
    period: str
    value: float | None = Field(description="unrounded; null where there is no figure")
    count: int = Field(description="records that the figure is of")


class TrendTarget(Out):
    """The target that holds on the last day."""

    id: UUID
    comparator: Comparator
    value: float


class TrendCrossing(Out):
    """`breach`: the line meets the target and will miss it; `recovery`: the other way round;
    `never`: it goes on to meet it; `already`: it misses it and goes on to."""

    state: CrossingState
    on: date | None = Field(description="when the line reaches the target")
    earliest: date | None = Field(description="by the steepest slope of the 95 % interval")
    latest: date | None = Field(description="by its flattest slope; null: never")


class TrendOut(Out):
    service: str
    kpi: KpiId
    unit: str
    better: Better
    grain: Grain
    n: int = Field(description="full periods with a figure")
    direction: Direction | None = Field(description="in terms of what is better for the KPI")
    reason: str | None = Field(
        description="insufficient_data: fewer than 8 figures; no_recent_data: none in the last"
        " eighth of the periods"
    )
    method: str | None = Field(
        description="mann_kendall or seasonal_kendall, with _hamed_rao where its variance was"
        " corrected for figures that follow one another"
    )
    p_value: float | None = Field(description="two-sided; significant below 0.05")
    slope_per_month: float | None = Field(description="in the KPI's unit (Theil-Sen)")
    slope_low: float | None = Field(description="lower end of its 95 % interval")
    slope_high: float | None = Field(description="upper end of its 95 % interval")
    level: float | None = Field(description="where the line is in the last period")
    crossing: TrendCrossing
    target: TrendTarget | None
    series: list[TrendPoint] = Field(description="what was tested")
    formula: str


class StoredTrend(TrendOut):
    version: int
    recorded_at: datetime = Field(description="since when the trend has been what it is")


class ServiceTrends(Out):
    service: str
    name: str
    timezone: str
    as_of: datetime | None = Field(description="null: as it stands")
    trends: list[TrendOut]
