"""Which figures of cost a report shows, and how they stand beside benchmarks. Pure."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from enum import StrEnum
from typing import Final
from uuid import UUID

from metrics_api.copies.schemas import BenchmarkCopy, CostSummaryCopy, FigureCopy, PeriodCostsCopy

RECOVERY_RATIO: Final = "recovery_ratio"
NOT_COMPARED: Final = FigureCopy(value=None, reason="the catalog has not compared it yet")
NO_SUCH_MEASURE: Final = FigureCopy(value=None, reason="the catalog keeps no figure of it")


class Standing(StrEnum):
    """Beside a benchmark; `none` where there is no comparison."""

    BETTER = "better"
    WORSE = "worse"
    EQUAL = "equal"
    NONE = "none"


def costs_for(label: str, summary: CostSummaryCopy) -> PeriodCostsCopy | None:
    """Those of the period with this label, else those of the longest one, the last 12 months."""
    by_label = {costs.period.label: costs for costs in summary.periods}
    return by_label.get(label) or next(iter(summary.periods), None)


def newest(benchmarks: Mapping[UUID, BenchmarkCopy]) -> dict[UUID, BenchmarkCopy]:
    """The one of each measure and source that was published last, by measure and source."""
    chosen: dict[tuple[str, str], UUID] = {}
    for benchmark in _by_publication(benchmarks):
        copy = benchmarks[benchmark]
        chosen[copy.measure, copy.source] = benchmark
    return {chosen[which]: benchmarks[chosen[which]] for which in sorted(chosen)}


def _by_publication(benchmarks: Mapping[UUID, BenchmarkCopy]) -> Iterable[UUID]:
    return sorted(benchmarks, key=lambda one: (benchmarks[one].published_on, one))


def own_figure(measure: str, costs: PeriodCostsCopy | None) -> FigureCopy:
    """What the service itself has of a measure."""
    if costs is None:
        return NOT_COMPARED
    return {
        "unit_cost": costs.unit_cost,
        "user_cost": costs.user_cost,
        "month_cost": costs.month_cost,
        RECOVERY_RATIO: costs.recovery_ratio,
    }.get(measure, NO_SUCH_MEASURE)


def standing_of(measure: str, difference: FigureCopy) -> Standing:
    """What own − published says: lower costs are better, and a higher recovery."""
    if difference.value is None:
        return Standing.NONE
    off = Decimal(difference.value)
    if off == 0:
        return Standing.EQUAL
    return Standing.BETTER if (off > 0) is (measure == RECOVERY_RATIO) else Standing.WORSE
