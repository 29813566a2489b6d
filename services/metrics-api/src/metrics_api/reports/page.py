"""The performance report as one HTML page: a table and charts, no script, nothing to fetch."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from metrics_api.indicators.kpis import Kpi
from shared.schemas.metrics import Comparator, PerformanceReport, PerformanceRow

SERVICES_A_CHART = 15
SIGNS = {Comparator.LTE: "≤", Comparator.LT: "<", Comparator.GTE: "≥", Comparator.GT: ">"}
_COLOURS = ("#9db4c8", "#2f5d8a", "#6f8f72", "#b08a4a", "#7a6a94", "#4d8a8a", "#a8655f", "#66707a")
_TARGET_COLOUR = "#c9a227"
# pygal's comments name its makers' sites, its script answers the mouse, and in HTML an <svg> needs
# no namespaces. Texts are escaped, so nothing of theirs can look like these.
_NOT_NEEDED = re.compile(
    r'<!--.*?-->|<script.*?</script>|<script[^>]*/>| xmlns(?::\w+)?="[^"]*"', re.DOTALL
)


@dataclass(frozen=True)
class PageFacts:
    """What a page says beside the report."""

    kpi: Kpi
    periods: Sequence[str]
    portfolio: str | None
    made_at: datetime


def as_page(report: PerformanceReport, facts: PageFacts) -> str:
    """The whole page. Takes some tens of milliseconds a chart: keep it off the event loop."""
    charts = [
        _chart(report, rows, facts, number)
        for number, rows in enumerate(_in_groups(report.rows), 1)
    ]
    page: str = _template().render(
        report=report, facts=facts, charts=charts, signs=SIGNS, number=_number
    )
    return page


@cache
def _template() -> Any:
    # Imported where they are used: most processes never draw a page.
    from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415

    environment = Environment(
        loader=PackageLoader("metrics_api.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("performance.html")


def _in_groups(rows: Sequence[PerformanceRow]) -> Iterator[Sequence[PerformanceRow]]:
    for start in range(0, len(rows), SERVICES_A_CHART):
        yield rows[start : start + SERVICES_A_CHART]


def _chart(
    report: PerformanceReport, rows: Sequence[PerformanceRow], facts: PageFacts, number: int
) -> Any:
    """Horizontal bars: a group a service, a bar a period, and one for the target."""
    import pygal  # noqa: PLC0415
    from markupsafe import Markup  # noqa: PLC0415
    from pygal.style import Style  # noqa: PLC0415

    # pygal draws from the bottom up: the first service and period come out on top.
    rows, bars = rows[::-1], len(facts.periods) + 1
    colours = [_COLOURS[n % len(_COLOURS)] for n in range(len(facts.periods))]
    chart = pygal.HorizontalBar(
        js=[],
        disable_xml_declaration=True,
        width=900,
        height=110 + len(rows) * max(34, 14 * bars),
        style=_style(Style, [_TARGET_COLOUR, *colours[::-1]]),
        legend_at_bottom=True,
        truncate_label=28,
        x_title=f"{facts.kpi.name} ({report.unit})",
        value_formatter=_number,
        print_values=True,
        print_zeroes=True,
        include_x_axis=True,
    )
    chart.uuid = f"{number}"  # else random: the same report shall give the same bytes
    chart.x_labels = [row.name for row in rows]
    chart.add("Target", [row.target and row.target.value for row in rows])
    for n in reversed(range(len(facts.periods))):
        chart.add(facts.periods[n], [row.values[n].value for row in rows])
    return Markup(_NOT_NEEDED.sub("", chart.render(is_unicode=True)))  # noqa: S704 - pygal escapes


def _style(style: Any, colours: Sequence[str]) -> Any:
    return style(
        background="transparent",
        plot_background="transparent",
        foreground="#39424c",
        foreground_strong="#1c2329",
        foreground_subtle="#c8d0d8",
        font_family="system-ui, sans-serif",
        label_font_size=13,
        major_label_font_size=13,
        value_font_size=11,
        legend_font_size=13,
        title_font_size=13,
        colors=tuple(colours),
    )


def _number(value: float | None) -> str:
    """Two decimals at most; the exact value is in the JSON and CSV forms."""
    if value is None:
        return "–"
    text = f"{value:,.2f}"
    return text.rstrip("0").rstrip(".")
