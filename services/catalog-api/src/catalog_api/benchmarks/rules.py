"""What a benchmark measures, and the facts that benchmarks give. Pure."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from catalog_api.fact_values import definition, known, unknown
from shared.schemas.common import FactValue


class Measure(StrEnum):
    """`unit_cost` per unit consumed, `user_cost` per user and month, `month_cost` per month."""

    UNIT_COST = "unit_cost"
    USER_COST = "user_cost"
    MONTH_COST = "month_cost"
    RECOVERY_RATIO = "recovery_ratio"


DEFINITIONS = (
    definition("benchmark_count", "integer", "benchmarks", "Benchmarks, the newest 100 at most"),
    definition("benchmark_age_days", "number", "days", "Since the newest one was published"),
)


def facts(benchmarks: Sequence[Mapping[str, Any]], now: datetime) -> dict[str, FactValue]:
    """Every fact of DEFINITIONS, from the section of the service document: newest first."""
    if not benchmarks:
        return {
            "benchmark_count": known(0, now),
            "benchmark_age_days": unknown("there is no benchmark", now),
        }
    recorded = max(datetime.fromisoformat(one["created_at"]) for one in benchmarks)
    age = now.date() - date.fromisoformat(benchmarks[0]["published_on"])
    return {
        "benchmark_count": known(len(benchmarks), recorded),
        "benchmark_age_days": known(age.days, now),
    }
