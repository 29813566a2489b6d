"""Exact figures as they are shown: rounded half-even once, at the very end. Pure."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from catalog_api.financials.books import Published
from catalog_api.financials.comparisons import Comparison
from catalog_api.financials.figures import CostFigures, ProviderShare
from catalog_api.financials.periods import Period
from catalog_api.financials.rules import Figure
from catalog_api.financials.schemas import (
    CategoryCost,
    ChargedOut,
    ComparedBenchmark,
    ConsumedOut,
    FigureOut,
    MonthCosts,
    PeriodOut,
    ProviderCost,
    ServiceCosts,
)
from catalog_api.money import rounded

_DAY = timedelta(days=1)
_CENTS = 2
_PRICE = 4  # of a unit, which may cost less than a cent
_RATIO = 6


def shown(figure: Figure, places: int = _CENTS) -> FigureOut:
    """A figure rounded half-even, or why there is none."""
    value = None if figure.value is None else rounded(figure.value, places)
    return FigureOut(value=value, reason=figure.reason)


def shown_measure(figure: Figure, *, money: bool) -> FigureOut:
    """A price, or a ratio."""
    return shown(figure, _PRICE if money else _RATIO)


def shown_period(period: Period) -> PeriodOut:
    """A period with its last day."""
    return PeriodOut(
        label=period.label,
        first_day=period.first,
        last_day=period.end - _DAY if period.begun else None,
        complete=period.complete,
    )


def shown_costs(
    figures: CostFigures, benchmarks: Sequence[tuple[Published, Comparison]]
) -> ServiceCosts:
    """Everything about what a service costs in a period."""
    return ServiceCosts(
        service=figures.service,
        period=shown_period(figures.period),
        currency=figures.currency,
        own=shown(figures.own),
        own_by_category=shown_categories(figures.own_by_category),
        providers=[_provider(one) for one in figures.providers],
        full=shown(figures.full),
        charged=ChargedOut(
            computed=shown(figures.computed),
            invoiced=shown(figures.invoiced),
            recovered=shown(figures.recovered),
        ),
        consumed=ConsumedOut(users=figures.users, units=figures.units),
        unit_cost=shown(figures.unit_cost, _PRICE),
        user_cost=shown(figures.user_cost, _PRICE),
        recovery_ratio=shown(figures.recovery_ratio, _RATIO),
        benchmarks=[_benchmark(*one) for one in benchmarks],
    )


def shown_month(figures: CostFigures) -> MonthCosts:
    """A row of the trend."""
    return MonthCosts(
        month=figures.period.label,
        complete=figures.period.complete,
        own=shown(figures.own),
        full=shown(figures.full),
        units=figures.units,
        unit_cost=shown(figures.unit_cost, _PRICE),
        recovered=shown(figures.recovered),
        recovery_ratio=shown(figures.recovery_ratio, _RATIO),
    )


def shown_categories(by_category: Mapping[str, Figure]) -> list[CategoryCost]:
    """Own cost by category."""
    return [CategoryCost(category=name, cost=shown(cost)) for name, cost in by_category.items()]


def _provider(one: ProviderShare) -> ProviderCost:
    return ProviderCost(
        kind=one.provider.kind,
        key=one.provider.key,
        cost_share=one.cost_share,
        full_cost=shown(one.full),
        borne=shown(one.borne),
    )


def _benchmark(published: Published, comparison: Comparison) -> ComparedBenchmark:
    places = _PRICE if published.currency is not None else _RATIO
    return ComparedBenchmark(
        **dict(published),
        own=shown(comparison.own, places),
        difference=shown(comparison.difference, places),
        relative_difference=shown(comparison.relative_difference, _RATIO),
    )
