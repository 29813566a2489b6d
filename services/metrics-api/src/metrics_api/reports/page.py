"""The performance report as one HTML page: a table and charts, no script, nothing to fetch."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from metrics_api.indicators.definitions import Kpi
from shared.kit.charts import drawn, short, style_of
from shared.kit.pages import template_of
from shared.schemas.metrics import Comparator, PerformanceReport, PerformanceRow

FEW_PERIODS = 6
SIGNS = {Comparator.LTE: "≤", Comparator.LT: "<", Comparator.GTE: "≥", Comparator.GT: ">"}
_COLOURS = ("#9db4c8", "#2f5d8a", "#6f8f72", "#b08a4a", "#7a6a94", "#4d8a8a", "#a8655f", "#66707a")
_TARGET_COLOUR = "#c9a227"


@dataclass(frozen=True)
class PageFacts:
    """What a page says beside the report."""

    kpi: Kpi
    periods: Sequence[str]
    portfolio: str | None
    made_at: datetime


def as_page(report: PerformanceReport, facts: PageFacts) -> str:
    """The whole page. Takes some tens of milliseconds a chart: keep it off the event loop."""
    charts = list(_charts(report, facts))
    template = template_of("metrics_api.reports", "performance.html")
    return template.render(report=report, facts=facts, charts=charts, signs=SIGNS, number=number)


def _charts(report: PerformanceReport, facts: PageFacts) -> Iterator[Any]:
    """Bars beside each other while the periods are few, else lines over time."""
    draw, size = (_bars, 15) if len(facts.periods) <= FEW_PERIODS else (_lines, 8)
    for place, start in enumerate(range(0, len(report.rows), size), 1):
        yield draw(report, report.rows[start : start + size], facts, place)


def _bars(
    report: PerformanceReport, rows: Sequence[PerformanceRow], facts: PageFacts, place: int
) -> Any:
    """A group of horizontal bars a service: one a period, and one for the target."""
    import pygal  # noqa: PLC0415 - see shared.kit.pages

    rows, bars = rows[::-1], len(facts.periods) + 1  # pygal draws the last group on top
    colours = [*_COLOURS[: len(facts.periods)], _TARGET_COLOUR]
    chart = pygal.HorizontalBar(
        **_options(report, facts, colours),
        height=110 + len(rows) * max(34, 14 * bars),
        legend_at_bottom_columns=bars,
        print_values=True,
        print_values_position="top",
    )
    chart.x_labels = [short(row.name, 28) for row in rows]
    for n, period in enumerate(facts.periods):
        chart.add(period, [row.values[n].value for row in rows])
    chart.add("Target", [row.target and row.target.value for row in rows])
    return drawn(chart, place)


def _lines(
    report: PerformanceReport, rows: Sequence[PerformanceRow], facts: PageFacts, place: int
) -> Any:
    """A line a service over the periods; no line where there is no value."""
    import pygal  # noqa: PLC0415 - see shared.kit.pages

    chart = pygal.Line(
        **_options(report, facts, _COLOURS),
        height=420,
        legend_at_bottom_columns=2,
        truncate_legend=40,
        x_label_rotation=45,
        show_dots=len(facts.periods) <= 60,
        x_labels_major_count=12,
        show_minor_x_labels=len(facts.periods) <= 24,
        allow_interruptions=True,
    )
    chart.x_labels = list(facts.periods)
    for row in rows:
        chart.add(row.name, [value.value for value in row.values])
    return drawn(chart, place)


def _options(report: PerformanceReport, facts: PageFacts, colours: Sequence[str]) -> dict[str, Any]:
    from pygal.style import Style  # noqa: PLC0415 - see shared.kit.pages

    title = f"{facts.kpi.name} ({report.unit})"
    return {
        "js": [],
        "disable_xml_declaration": True,
        "width": 900,
        "style": style_of(Style, colours),
        "legend_at_bottom": True,
        "x_title" if len(facts.periods) <= FEW_PERIODS else "y_title": title,
        "value_formatter": number,
        "include_x_axis": True,
    }


def number(value: float | None) -> str:
    """Two decimals at most; the exact value is in the JSON and CSV forms."""
    if value is None:
        return "–"
    text = f"{value:,.2f}"
    return text.rstrip("0").rstrip(".")
