"""Figures of cost on the wire: decimal strings, rounded half-even once, where they are shown."""

from datetime import date
from decimal import Decimal
from uuid import UUID

from pydantic import Field

from catalog_api.benchmarks.rules import Measure
from catalog_api.dependencies.rules import NodeKind
from shared.schemas.common import Out


class FigureOut(Out):
    """A number, or null and why there is none."""

    value: Decimal | None
    reason: str | None


class PeriodOut(Out):
    """Whole calendar months; an unfinished period runs to the end of today."""

    label: str = Field(examples=["2026-Q1"])
    first_day: date
    last_day: date | None = Field(description="null when the period has not begun")
    complete: bool


class CategoryCost(Out):
    category: str
    cost: FigureOut


class ProviderCost(Out):
    """A direct provider: the share of its full cost that the service bears."""

    kind: NodeKind
    key: str
    cost_share: float
    full_cost: FigureOut
    borne: FigureOut


class ChargedOut(Out):
    """`computed` by the charging model from consumption; `invoiced` counts recovered ones too."""

    computed: FigureOut
    invoiced: FigureOut
    recovered: FigureOut


class ConsumedOut(Out):
    users: int = Field(description="sum over months: user-months")
    units: Decimal


class ComparedBenchmark(Out):
    """A published figure beside the service's own; `difference` is own − published."""

    id: UUID
    measure: Measure
    source: str
    published_on: date
    url: str | None
    unit: str
    value: Decimal
    currency: str | None
    own: FigureOut
    difference: FigureOut
    relative_difference: FigureOut = Field(description="difference / published, a ratio")


class ServiceCosts(Out):
    """What a service costs in a period, in one currency; null until one is known."""

    service: str
    period: PeriodOut
    currency: str | None
    own: FigureOut
    own_by_category: list[CategoryCost]
    providers: list[ProviderCost]
    full: FigureOut = Field(description="own + Σ cost_share · full cost of each provider")
    charged: ChargedOut
    consumed: ConsumedOut
    unit_cost: FigureOut = Field(description="full cost / units consumed")
    user_cost: FigureOut = Field(description="full cost / user-months")
    recovery_ratio: FigureOut = Field(description="recovered charges / full cost")
    benchmarks: list[ComparedBenchmark]


class MonthCosts(Out):
    month: str = Field(examples=["2026-03"])
    complete: bool
    own: FigureOut
    full: FigureOut
    units: Decimal
    unit_cost: FigureOut
    recovered: FigureOut
    recovery_ratio: FigureOut


class CostTrend(Out):
    """A row for each month asked for."""

    service: str
    currency: str | None
    months: list[MonthCosts] = Field(max_length=60)


class PortfolioRow(Out):
    service: str
    own: FigureOut
    full: FigureOut


class PortfolioCosts(Out):
    """Own cost of each service counts once; `from_outside` is what it bears of other providers.

    The full costs of the rows overlap where services of the portfolio serve each other.
    """

    portfolio: str
    period: PeriodOut
    currency: str | None
    services: int
    own: FigureOut
    own_by_category: list[CategoryCost]
    from_outside: FigureOut
    total: FigureOut = Field(description="own + from_outside")
    rows: list[PortfolioRow]
    next_cursor: str | None
