"""The performance report as CSV (RFC 4180) that is safe to open in a spreadsheet. Pure."""

import csv
from io import StringIO

from shared.schemas.metrics import PerformanceReport, PerformanceRow

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


def as_csv(report: PerformanceReport, periods: list[str]) -> str:
    """A header and a line a service; numbers unrounded, empty where there is none."""
    out = StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    columns = [f"{period} {part}" for period in periods for part in ("value", "count", "complete")]
    tail = ["target_comparator", "target_value", "met", "improvement_action"]
    writer.writerow(["service", "name", "kpi", "unit", "timezone", *columns, *tail])
    for row in report.rows:
        writer.writerow(_line(report, row))
    return out.getvalue()


def _line(report: PerformanceReport, row: PerformanceRow) -> list[object]:
    values = [
        cell
        for value in row.values
        for cell in (value.value, value.count, yes_or_no(value.complete))
    ]
    target = (row.target.comparator.value, row.target.value) if row.target else ("", "")
    return [
        row.service,
        as_text(row.name),
        report.kpi.value,
        report.unit,
        report.timezone,
        *values,
        *target,
        yes_or_no(row.met),
        as_text(row.improvement_action or ""),
    ]


def as_text(cell: str) -> str:
    """A cell that a spreadsheet would take for a formula gets an apostrophe before it."""
    return f"'{cell}" if cell.startswith(_FORMULA_STARTS) else cell


def yes_or_no(answer: bool | None) -> str:
    return "" if answer is None else str(answer).lower()
