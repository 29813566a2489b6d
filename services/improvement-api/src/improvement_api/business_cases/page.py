"""A business case as one HTML page: figures, cash flow, tornado; no script, nothing to fetch."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any, Final

from improvement_api.business_cases.schemas import PeriodFlow, ResultsOut, SensitivityOut
from improvement_api.business_cases.texts import BusinessCaseText
from shared.kit.charts import drawn, short, style_of
from shared.kit.pages import template_of

_COLOURS: Final = ("#a8655f", "#2f5d8a")
_BARS: Final = 15  # of a tornado; what swings less is in the table
_POINTS: Final = 120  # of a line
_DRAWABLE: Final = Decimal("1e100")  # what lies beyond is in the table only


def as_page(results: ResultsOut, text: BusinessCaseText, plan: str) -> str:
    """The whole page. Takes some tens of milliseconds a chart: keep it off the event loop."""
    return template_of("improvement_api.business_cases", "results.html").render(
        results=results,
        text=text,
        plan=plan,
        charts=list(_charts(results)),
        money=money,
        percent=percent,
        plain=plain,
    )


def money(value: Decimal | None) -> str:
    """To the cent, thousands parted."""
    return "–" if value is None else f"{value:,.2f}"


def percent(ratio: Decimal | None) -> str:
    """A ratio as a percentage with two decimals; the exact one is in the JSON form."""
    return "–" if ratio is None else f"{100 * ratio:,.2f} %"


def plain(value: Decimal | None) -> str:
    """Without zeros that say nothing."""
    if value is None:
        return "–"
    text = f"{value:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _charts(results: ResultsOut) -> Iterator[tuple[str, Any]]:
    flows = results.cash_flow
    if all(_drawable(one.cumulative, one.discounted_cumulative) for one in flows):
        yield "Cumulative cash flow", _lines(flows, results.currency)
    swings = [one for one in results.sensitivity if one.swing > 0][:_BARS]
    if swings and all(_drawable(one.npv_at_low, one.npv_at_high) for one in swings):
        yield "What hangs on each assumption", _tornado(swings, results)


def _drawable(*values: Decimal) -> bool:
    return all(abs(value) < _DRAWABLE for value in values)


def _lines(flows: Sequence[PeriodFlow], currency: str) -> Any:
    """Where the cumulative net stands after each period, plain and discounted."""
    import pygal  # noqa: PLC0415 - see shared.kit.pages

    step = -(-len(flows) // _POINTS)
    shown = [*flows[:-1:step], flows[-1]]
    chart = pygal.Line(
        **_options(),
        height=380,
        y_title=f"Cumulative net ({currency})",
        x_title="Period",
        x_labels_major_count=12,
        show_minor_x_labels=len(shown) <= 24,
        show_dots=len(shown) <= 40,
    )
    chart.x_labels = [str(one.period) for one in shown]
    chart.add("Discounted", [float(one.discounted_cumulative) for one in shown])
    chart.add("Not discounted", [float(one.cumulative) for one in shown])
    return drawn(chart, 1)


def _tornado(swings: Sequence[SensitivityOut], results: ResultsOut) -> Any:
    """By how much each assumption alone moves the net present value, the widest on top."""
    import pygal  # noqa: PLC0415 - see shared.kit.pages

    swings = swings[::-1]  # pygal draws the last on top
    chart = pygal.HorizontalStackedBar(
        **_options(),
        height=110 + 34 * len(swings),
        max_scale=7,
        x_title=f"Change of the net present value of {money(results.npv)} {results.currency}",
    )
    chart.x_labels = [
        short(f"{short(one.name, 40)} ({plain(one.low)} … {plain(one.high)})", 64) for one in swings
    ]
    for name, side in (("At its low value", "npv_at_low"), ("At its high value", "npv_at_high")):
        chart.add(name, [float(getattr(one, side) - results.npv) for one in swings])
    return drawn(chart, 2)


def _options() -> dict[str, Any]:
    from pygal.style import Style  # noqa: PLC0415 - see shared.kit.pages

    return {
        "js": [],
        "disable_xml_declaration": True,
        "width": 900,
        "style": style_of(Style, _COLOURS),
        "legend_at_bottom": True,
        "legend_at_bottom_columns": 2,
        "value_formatter": lambda value: "" if value is None else f"{value:,.0f}",
    }
