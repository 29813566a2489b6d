"""What tollgates may ask about the money of a service."""

from datetime import UTC, datetime
from typing import Any

from catalog_api.financials.facts import (
    CHARGING_DEFINITIONS,
    COST_DEFINITIONS,
    charging_facts,
    cost_facts,
)

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
NONE = {"value": None, "reason": "no cost is recorded"}


def figure(value: str) -> dict[str, Any]:
    return {"value": value, "reason": None}


def benchmark(measure: str, published_on: str, difference: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": published_on,
        "measure": measure,
        "published_on": published_on,
        "difference": difference,
    }


def section(**fields: Any) -> dict[str, Any]:
    costs = {
        "currency": "EUR",
        "own": figure("1000.00"),
        "full": figure("1200.00"),
        "unit_cost": figure("2.4000"),
        "recovery_ratio": figure("0.500000"),
        "consumed": {"users": 0, "units": "500.0000"},
        "benchmarks": [],
    }
    return {"cost_items": 3, "last_12_months": costs | fields}


def test_every_defined_fact_is_given_and_no_other() -> None:
    assert set(cost_facts(section(), NOW)) == {one.name for one in COST_DEFINITIONS}
    assert set(charging_facts(None, NOW)) == {one.name for one in CHARGING_DEFINITIONS}


def test_figures_are_numbers_that_expressions_can_compare() -> None:
    facts = cost_facts(section(), NOW)

    assert facts["full_cost_last_12_months"].value == 1200.0
    assert facts["recovery_ratio"].value == 0.5
    assert facts["consumption_recorded"].value is True


def test_what_has_no_value_says_why() -> None:
    facts = cost_facts(section(currency=None, own=NONE, full=NONE), NOW)

    assert facts["cost_currency"].reason == "no cost is recorded"
    assert facts["full_cost_last_12_months"].reason == "no cost is recorded"


def test_the_newest_comparable_cost_decides_whether_the_own_one_is_above() -> None:
    published = [
        benchmark("unit_cost", "2025-01-01", figure("-0.5")),
        benchmark("user_cost", "2026-01-01", figure("0.01")),
        benchmark("month_cost", "2026-06-01", NONE),
        benchmark("recovery_ratio", "2026-07-01", figure("-1")),
    ]

    facts = cost_facts(section(benchmarks=published), NOW)

    assert facts["cost_above_benchmark"].value is True


def test_without_a_comparable_benchmark_nothing_is_above() -> None:
    fact = cost_facts(section(), NOW)["cost_above_benchmark"]

    assert fact.value is None
    assert fact.reason is not None


def test_a_charging_model_is_as_old_as_its_record() -> None:
    held = {"created_at": "2026-03-01T08:00:00+00:00", "kind": "flat"}

    facts = charging_facts(held, NOW)

    assert facts["charging_model_defined"].value is True
    assert facts["charging_model_kind"].value == "flat"
    assert facts["charging_model_defined"].as_of == datetime(2026, 3, 1, 8, tzinfo=UTC)
