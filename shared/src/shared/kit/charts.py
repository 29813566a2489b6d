"""Charts as inline SVG, made by pygal, that need nothing but the page they stand in."""

import re
from collections.abc import Sequence
from typing import Any

# pygal's comments name its makers' sites, its script answers the mouse, and in HTML an <svg> needs
# no namespaces. Texts are escaped, so nothing of theirs can look like these.
_NOT_NEEDED = re.compile(
    r'<!--.*?-->|<script.*?</script>|<script[^>]*/>| xmlns(?::\w+)?="[^"]*"', re.DOTALL
)


def drawn(chart: Any, place: int) -> Any:
    """The SVG of a chart, the one at that place of its page."""
    from markupsafe import Markup  # noqa: PLC0415 - see shared.kit.pages

    chart.uuid = str(place)  # else random: the same report shall give the same bytes
    return Markup(_NOT_NEEDED.sub("", chart.render(is_unicode=True)))  # noqa: S704 - it escapes


def short(label: str, most: int) -> str:
    """A label of at most so many characters, for labels that people write.

    Beside horizontal bars pygal leaves room for the whole of a label, whatever its `truncate_label`
    says, and where none is left for the title of an axis it looks for a line break for ever.
    """
    return label if len(label) <= most else f"{label[: most - 1].rstrip()}…"


def style_of(style: Any, colours: Sequence[str]) -> Any:
    """The looks of every chart; `style` is pygal's class, which is imported late."""
    return style(
        background="transparent",
        plot_background="transparent",
        foreground="#39424c",
        foreground_strong="#1c2329",
        foreground_subtle="#c8d0d8",
        guide_stroke_color="#e6eaee",
        guide_stroke_dasharray="none",
        major_guide_stroke_color="#e6eaee",
        major_guide_stroke_dasharray="none",
        font_family="system-ui, sans-serif",
        label_font_size=13,
        major_label_font_size=13,
        value_font_size=11,
        legend_font_size=13,
        title_font_size=13,
        colors=tuple(colours),
    )
