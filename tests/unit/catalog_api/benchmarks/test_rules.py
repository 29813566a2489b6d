"""The facts that benchmarks give."""

from datetime import UTC, datetime

from catalog_api.benchmarks.rules import DEFINITIONS, facts

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def test_benchmarks_are_counted_and_the_newest_has_an_age() -> None:
    section = [
        {"published_on": "2026-11-12", "created_at": "2026-11-20T00:00:00+00:00"},
        {"published_on": "2025-11-12", "created_at": "2026-11-21T00:00:00+00:00"},
    ]

    found = facts(section, NOW)

    assert set(found) == {one.name for one in DEFINITIONS}
    assert (found["benchmark_count"].value, found["benchmark_age_days"].value) == (2, 10)
    assert found["benchmark_count"].as_of == datetime(2026, 11, 21, tzinfo=UTC)


def test_without_benchmarks_the_count_is_known_and_the_age_is_not() -> None:
    found = facts([], NOW)

    assert found["benchmark_count"].value == 0
    assert found["benchmark_age_days"].reason == "there is no benchmark"
