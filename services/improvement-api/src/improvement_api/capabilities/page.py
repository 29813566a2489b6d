"""A capability assessment as one HTML page: levels, targets, evidence; no script."""

from collections.abc import Sequence
from typing import Any, Final

from improvement_api.capabilities.levels import LEVELS, STANDARD
from improvement_api.capabilities.rules import HIGHEST
from improvement_api.capabilities.schemas import AssessmentOut, ProcessRating
from shared.kit.charts import drawn, style_of
from shared.kit.pages import template_of
from shared.schemas.processes import Process

_COLOURS: Final = ("#2f5d8a", "#c9a227")
_FEWEST_OF_A_RADAR: Final = 3


def as_page(assessment: AssessmentOut) -> str:
    """The whole page. Takes some tens of milliseconds: keep it off the event loop."""
    order = list(Process)
    ratings = sorted(assessment.ratings, key=lambda one: order.index(one.process))
    return template_of("improvement_api.capabilities", "assessment.html").render(
        assessment=assessment,
        ratings=ratings,
        chart=_chart(ratings) if ratings else None,
        names={one.level: one.name for one in LEVELS},
        standard=STANDARD,
        words=words,
    )


def words(process: str) -> str:
    """A process as people write it."""
    return process.replace("_", " ").capitalize()


def _short(process: str) -> str:
    """A process in the word or two that tell it from the others: around a radar is little room."""
    said = ("service_", "_definition", "_management")
    for part in said:
        process = process.replace(part, "")
    return words(process)


def _chart(ratings: Sequence[ProcessRating]) -> Any:
    """A radar of levels and targets; bars where there are too few processes for one."""
    import pygal  # noqa: PLC0415 - see shared.kit.pages
    from pygal.style import Style  # noqa: PLC0415 - see shared.kit.pages

    kind = pygal.Radar if len(ratings) >= _FEWEST_OF_A_RADAR else pygal.Bar
    chart = kind(
        js=[],
        disable_xml_declaration=True,
        width=900,
        height=560,
        style=style_of(Style, _COLOURS),
        legend_at_bottom=True,
        legend_at_bottom_columns=2,
        range=(0, HIGHEST),
        y_labels=list(range(HIGHEST + 1)),
        value_formatter=lambda value: "" if value is None else f"{value:.0f}",
    )
    chart.x_labels = [_short(one.process) for one in ratings]
    chart.add("Level", [one.level for one in ratings])
    chart.add("Target", [one.target for one in ratings])
    return drawn(chart, 1)
