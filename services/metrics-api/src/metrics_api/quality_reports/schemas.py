"""The report on quality and cost on the wire; money and ratios of costs are decimal strings."""

from datetime import date, datetime
from uuid import UUID

from pydantic import Field

from metrics_api.indicators.definitions import Better
from metrics_api.quality_reports.rules import Standing
from shared.schemas.common import Out
from shared.schemas.metrics import KpiId, ReportTarget


class ReportPeriod(Out):
    label: str = Field(examples=["2026-Q1"])
    start: datetime
    end: datetime
    complete: bool


class KpiColumn(Out):
    kpi: KpiId
    name: str
    unit: str
    better: Better


class KpiResult(Out):
    """`met` judges the value against the target that holds on the last day of the period."""

    kpi: KpiId
    value: float | None
    count: int
    reason: str | None = Field(description="a code, why there is no value")
    target: ReportTarget | None
    met: bool | None


class CostFigure(Out):
    value: str | None = Field(examples=["2.4000"])
    reason: str | None = Field(description="why there is no value")


class CostResult(Out):
    """Of the period asked for where the catalog keeps it at hand, else of the last 12 months."""

    period: str = Field(examples=["2026-Q1", "2025-11/2026-10"])
    first_day: date
    last_day: date | None
    currency: str | None
    full_cost: CostFigure = Field(description="own and its share of every provider's (TCO)")
    month_cost: CostFigure
    unit_cost: CostFigure
    user_cost: CostFigure = Field(description="per user and month")
    recovery_ratio: CostFigure = Field(description="recovered charges / full cost")


class BenchmarkResult(Out):
    """A benchmark as it was published, and how the service stands beside it in that period."""

    id: UUID
    measure: str = Field(examples=["unit_cost"])
    value: str
    currency: str | None
    unit: str
    source: str
    published_on: date
    own: CostFigure
    relative_difference: CostFigure = Field(description="(own − published) / published, a ratio")
    standing: Standing = Field(description="lower costs and a higher recovery are better")


class QualityRow(Out):
    service: str
    name: str
    kpis: list[KpiResult] = Field(description="in the order asked")
    costs: CostResult | None = Field(description="null: the catalog has told none yet")
    benchmarks: list[BenchmarkResult] = Field(
        description="the newest of each measure and source, by measure"
    )


class QualityAndCostReport(Out):
    """A row for each service of the catalog, by key."""

    period: ReportPeriod
    timezone: str
    kpis: list[KpiColumn]
    rows: list[QualityRow]
    next_cursor: str | None
