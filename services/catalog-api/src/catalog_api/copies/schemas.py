"""Items of the lists that are here only; the others are those of their domains."""

from uuid import UUID

from pydantic import Field

from catalog_api.benchmarks.schemas import BenchmarkOut
from catalog_api.financials.schemas import FigureOut, PeriodOut
from shared.schemas.common import Out


class SchemeHolding(Out):
    """Which priority scheme holds for a service."""

    service: str | None = Field(description="null: for every service without one of its own")
    scheme: str


class ServiceBenchmarkOut(BenchmarkOut):
    service: str


class BenchmarkComparison(Out):
    """How far the service's own figure is from a benchmark, at the rate of its publication."""

    benchmark: UUID
    difference: FigureOut = Field(description="own − published, in the currency of the costs")
    relative_difference: FigureOut = Field(description="difference / published, a ratio")


class PeriodCosts(Out):
    """Figures of one period; `comparisons` with the newest benchmark of each measure and source."""

    period: PeriodOut
    currency: str | None
    full: FigureOut = Field(description="own + Σ cost_share · full cost of each provider (TCO)")
    month_cost: FigureOut = Field(description="full cost / months")
    unit_cost: FigureOut = Field(description="full cost / units consumed")
    user_cost: FigureOut = Field(description="full cost / user-months")
    recovery_ratio: FigureOut = Field(description="recovered charges / full cost")
    comparisons: list[BenchmarkComparison]


class CostSummaryOut(Out):
    """What a service costs, as `GET /v1/services/{key}/costs` says it of each of these periods."""

    service: str
    periods: list[PeriodCosts] = Field(
        description="the last whole twelve months, month, quarter and year"
    )
