"""The report on quality and cost as one HTML page: tables and a chart, nothing to fetch."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from metrics_api.quality_reports.rules import Standing
from metrics_api.quality_reports.schemas import QualityAndCostReport
from metrics_api.reports.page import SIGNS, number
from shared.kit.charts import drawn, short, style_of
from shared.kit.pages import template_of

_COLOURS: Final = ("#6f8f72", "#a8655f")  # better, worse
_BARS: Final = 20  # a chart
_LABEL: Final = 48  # characters; the whole of it stands in the table
_MEASURES: Final = {
    "unit_cost": "unit cost",
    "user_cost": "cost per user",
    "month_cost": "cost per month",
    "recovery_ratio": "recovery ratio",
}
_SIGNS_OF_STANDING: Final = {
    Standing.BETTER: ("met", "✓ better"),
    Standing.WORSE: ("missed", "✗ worse"),
    Standing.EQUAL: ("unknown", "= equal"),
    Standing.NONE: ("unknown", "not comparable"),
}


@dataclass(frozen=True)
class PageFacts:
    """What a page says beside the report."""

    portfolio: str | None
    made_at: datetime


@dataclass(frozen=True)
class _Bar:
    """How far a service is from a benchmark, in percent of it."""

    label: str
    percent: float
    standing: Standing


def as_page(report: QualityAndCostReport, facts: PageFacts) -> str:
    """The whole page. Takes some tens of milliseconds a chart: keep it off the event loop."""
    template = template_of("metrics_api.quality_reports", "quality_and_cost.html")
    return template.render(
        report=report,
        facts=facts,
        charts=list(_charts(list(_bars(report)))),
        signs=SIGNS,
        standings=_SIGNS_OF_STANDING,
        measures=_MEASURES,
        number=number,
        decimal=_decimal,
        percent=_percent,
    )


def _bars(report: QualityAndCostReport) -> Iterator[_Bar]:
    for row in report.rows:
        for one in row.benchmarks:
            if one.relative_difference.value is not None:
                label = f"{row.name}: {_MEASURES.get(one.measure, one.measure)} ({one.source})"
                percent = float(100 * Decimal(one.relative_difference.value))
                yield _Bar(short(label, _LABEL), percent, one.standing)


def _charts(bars: Sequence[_Bar]) -> Iterator[Any]:
    for place, start in enumerate(range(0, len(bars), _BARS), 1):
        yield _chart(bars[start : start + _BARS], place)


def _chart(bars: Sequence[_Bar], place: int) -> Any:
    """A bar a benchmark: by how much the service is above (right) or below it (left)."""
    import pygal  # noqa: PLC0415 - see shared.kit.pages
    from pygal.style import Style  # noqa: PLC0415 - see shared.kit.pages

    bars = bars[::-1]  # pygal draws the last on top
    chart = pygal.HorizontalBar(
        js=[],
        disable_xml_declaration=True,
        width=900,
        height=110 + 34 * len(bars),
        style=style_of(Style, _COLOURS),
        legend_at_bottom=True,
        legend_at_bottom_columns=2,
        print_values=True,
        print_values_position="top",
        value_formatter=lambda value: "" if value is None else f"{value:+.1f} %",
        x_title="Difference from the benchmark (%)",
    )
    chart.x_labels = [bar.label for bar in bars]
    for name, worse in (("Better or equal", False), ("Worse", True)):
        values = [
            bar.percent if (bar.standing is Standing.WORSE) is worse else None for bar in bars
        ]
        chart.add(name, values)
    return drawn(chart, place)


def _decimal(value: str | None) -> str:
    """As it was told, thousands parted and without zeros that say nothing."""
    if value is None:
        return "–"
    text = f"{Decimal(value):,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _percent(ratio: str | None) -> str:
    return "–" if ratio is None else f"{100 * Decimal(ratio):+.1f} %"
