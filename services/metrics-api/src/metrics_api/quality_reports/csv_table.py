"""The report on quality and cost as CSV (RFC 4180): a line for each service and benchmark. Pure."""

import csv
from io import StringIO
from typing import Final

from metrics_api.quality_reports.schemas import (
    BenchmarkResult,
    CostResult,
    KpiResult,
    QualityAndCostReport,
    QualityRow,
)
from metrics_api.reports.csv_table import as_text, yes_or_no

_KPI: Final = ("value", "count", "target_comparator", "target_value", "met")
_FIGURES: Final = ("full_cost", "month_cost", "unit_cost", "user_cost", "recovery_ratio")
_COSTS: Final = ("cost_period", "cost_currency", *_FIGURES)
_BENCHMARK: Final = (
    "measure",
    "value",
    "currency",
    "unit",
    "source",
    "published_on",
    "own",
    "relative_difference",
    "standing",
)


def as_csv(report: QualityAndCostReport) -> str:
    """A service without a benchmark has one line, else what is its own is repeated in each.

    Numbers are unrounded as the report has them, empty where there is none.
    """
    out = StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    kpis = [f"{column.kpi} {part}" for column in report.kpis for part in _KPI]
    benchmark = [f"benchmark_{part}" for part in _BENCHMARK]
    writer.writerow(["service", "name", "period", "timezone", *kpis, *_COSTS, *benchmark])
    for row in report.rows:
        for one in row.benchmarks or (None,):
            writer.writerow(_line(report, row, one))
    return out.getvalue()


def _line(
    report: QualityAndCostReport, row: QualityRow, benchmark: BenchmarkResult | None
) -> list[object]:
    return [
        row.service,
        as_text(row.name),
        report.period.label,
        report.timezone,
        *(cell for result in row.kpis for cell in _kpi(result)),
        *_costs(row.costs),
        *_benchmark(benchmark),
    ]


def _kpi(result: KpiResult) -> tuple[object, ...]:
    target = result.target
    comparator, limit = ("", "") if target is None else (target.comparator.value, target.value)
    return result.value, result.count, comparator, limit, yes_or_no(result.met)


def _costs(costs: CostResult | None) -> list[object]:
    if costs is None:
        return [""] * len(_COSTS)
    figures = (getattr(costs, name).value for name in _FIGURES)
    return [costs.period, costs.currency, *figures]


def _benchmark(one: BenchmarkResult | None) -> list[object]:
    if one is None:
        return [""] * len(_BENCHMARK)
    return [
        one.measure,
        one.value,
        one.currency,
        as_text(one.unit),
        as_text(one.source),
        one.published_on.isoformat(),
        one.own.value,
        one.relative_difference.value,
        one.standing.value,
    ]
