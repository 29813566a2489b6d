"""Which figures of cost a report shows, and how they stand beside benchmarks."""

from datetime import date
from uuid import UUID

import pytest

from metrics_api.copies.schemas import (
    BenchmarkCopy,
    CostSummaryCopy,
    FigureCopy,
    MonthsCopy,
    PeriodCostsCopy,
)
from metrics_api.quality_reports.rules import Standing, costs_for, newest, own_figure, standing_of

NONE = FigureCopy(value=None, reason="no cost is recorded")


def costs(label: str, **figures: FigureCopy) -> PeriodCostsCopy:
    names = ("full", "month_cost", "unit_cost", "user_cost", "recovery_ratio")
    day = date(2026, 1, 1)
    months = MonthsCopy(label=label, first_day=day, last_day=day, complete=True)
    fields = dict.fromkeys(names, NONE) | figures
    return PeriodCostsCopy(period=months, currency="EUR", comparisons=[], **fields)


def benchmark(source: str, published_on: str, measure: str = "unit_cost") -> BenchmarkCopy:
    return BenchmarkCopy(
        service="mail",
        measure=measure,
        value="1",
        currency="EUR",
        unit="EUR",
        source=source,
        published_on=date.fromisoformat(published_on),
    )


@pytest.mark.parametrize(("asked", "shown"), [("2026-Q1", "2026-Q1"), ("2026-02", "year")])
def test_costs_are_of_the_asked_period_or_of_the_longest(asked: str, shown: str) -> None:
    summary = CostSummaryCopy(service="mail", periods=[costs("year"), costs("2026-Q1")])

    found = costs_for(asked, summary)

    assert found is not None
    assert found.period.label == shown


def test_without_any_period_there_are_no_costs() -> None:
    assert costs_for("2026", CostSummaryCopy(service="mail", periods=[])) is None


def test_each_measure_and_source_has_its_newest_benchmark() -> None:
    known = {
        UUID(int=1): benchmark("survey", "2025-01-01"),
        UUID(int=2): benchmark("survey", "2026-01-01"),
        UUID(int=3): benchmark("survey", "2024-01-01", "month_cost"),
        UUID(int=4): benchmark("census", "2024-01-01"),
        UUID(int=5): benchmark("census", "2024-01-01"),
    }

    # Of one day the greater id, as the catalog chooses too; by measure and source.
    assert [one.int for one in newest(known)] == [3, 5, 2]


@pytest.mark.parametrize(
    ("measure", "difference", "standing"),
    [
        ("unit_cost", "-0.0001", Standing.BETTER),
        ("unit_cost", "0.0001", Standing.WORSE),
        ("month_cost", "0.0000", Standing.EQUAL),
        ("recovery_ratio", "0.1", Standing.BETTER),
        ("recovery_ratio", "-0.1", Standing.WORSE),
        ("recovery_ratio", None, Standing.NONE),
    ],
)
def test_lower_costs_and_a_higher_recovery_are_better(
    measure: str, difference: str | None, standing: Standing
) -> None:
    assert standing_of(measure, FigureCopy(value=difference, reason=None)) is standing


def test_a_measure_that_is_not_known_here_has_no_own_figure() -> None:
    assert own_figure("carbon", costs("year")).value is None
    assert own_figure("unit_cost", None).value is None
