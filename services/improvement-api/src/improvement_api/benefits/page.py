"""A measured effect as one HTML page: what was found, a chart, the figures; nothing to fetch."""

from collections.abc import Sequence
from typing import Any, Final

from improvement_api.benefits.rules import Verdict
from improvement_api.benefits.schemas import MeasurementOut
from shared.kit.charts import drawn, style_of
from shared.kit.pages import template_of

_COLOURS: Final = ("#9db4c8", "#2f5d8a", "#c9a227", "#d9c58a", "#d9c58a")
_SIGNS: Final = {
    Verdict.IMPROVED: ("met", "✓ improved"),
    Verdict.WORSENED: ("missed", "✗ worsened"),
    Verdict.NOT_SHOWN: ("unknown", "no effect shown"),
    Verdict.INCONCLUSIVE: ("unknown", "not conclusive yet"),
}
_RIVALS: Final = {"mix": "Mix", "trend": "Trend", "season": "Season", "volume": "Volume"}


def as_page(measurement: MeasurementOut, title: str) -> str:
    """The whole page. Takes some tens of milliseconds: keep it off the event loop."""
    return template_of("improvement_api.benefits", "effect.html").render(
        measurement=measurement,
        result=measurement.result,
        inputs=measurement.inputs,
        title=title,
        chart=_chart(measurement),
        sign=_SIGNS[measurement.verdict],
        rivals=_RIVALS,
        parts=measurement.result.explained and measurement.result.explained.model_dump(),
        number=_number,
    )


def _chart(measurement: MeasurementOut) -> Any:
    """The series as measured and with the mix of before, and what was to be expected after."""
    import pygal  # noqa: PLC0415 - see shared.kit.pages
    from pygal.style import Style  # noqa: PLC0415 - see shared.kit.pages

    inputs = measurement.inputs
    figures = [*inputs.before, *inputs.after]
    gap = f"{inputs.start} – {inputs.end}"
    chart = pygal.Line(
        js=[],
        disable_xml_declaration=True,
        width=900,
        height=440,
        style=style_of(Style, _COLOURS),
        legend_at_bottom=True,
        legend_at_bottom_columns=3,
        y_title=f"{inputs.kpi_name} ({inputs.unit})",
        x_label_rotation=45,
        x_labels_major_count=14,
        show_minor_x_labels=False,
        show_dots=len(figures) <= 60,
        allow_interruptions=True,
        value_formatter=_number,
    )
    # From the first figure on: as far back as is asked there may be no records yet.
    first = next((n for n, one in enumerate(figures) if one.value is not None), 0)
    labels = [one.period for one in figures]
    # An empty place parts before from after: the intervention, which belongs to neither.
    place = len(inputs.before)
    chart.x_labels = [*labels[first:place], gap, *labels[place:]]
    for name, values in _lines(measurement).items():
        chart.add(name, [*values[first:place], None, *values[place:]])
    return drawn(chart, 1)


def _lines(measurement: MeasurementOut) -> dict[str, Sequence[float | None]]:
    """A value for each period, None where there is none."""
    inputs, result = measurement.inputs, measurement.result
    figures = [*inputs.before, *inputs.after]
    known = [one.period for one in figures if one.value is not None]
    adjusted = dict(zip(known, result.adjusted, strict=False))
    expected = {one.period: one for one in result.expected}
    lines: dict[str, Sequence[float | None]] = {"Measured": [one.value for one in figures]}
    if "mix" not in result.not_adjusted and result.adjusted:
        lines["With the mix of before"] = [adjusted.get(one.period) for one in figures]
    if expected:
        sides = (("Expected", "value"), ("Lowest expected", "low"), ("Highest expected", "high"))
        for name, part in sides:
            lines[name] = [
                getattr(expected[one.period], part) if one.period in expected else None
                for one in figures
            ]
    return lines


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:,.4g}"
