"""A badge: two words on a small SVG, such as a README shows."""

import unicodedata
from typing import Final
from xml.etree import ElementTree

from shared.documents.xml_texts import as_text, xml_text

HEIGHT: Final = 20
PADDING: Final = 6
FONT_SIZE: Final = 11
_LABEL_COLOUR: Final = "#4a4f55"
_UNITS: Final = 2048
# Advance widths of Verdana, in 2048ths of the font's size, for U+0020 to U+007E. Another font in
# its place is squeezed or stretched to them by `textLength`, so the text always fits its half.
_ADVANCE: Final = (
    720, 806, 940, 1676, 1302, 2204, 1488, 550, 930, 930, 1302, 1676, 745, 930, 745, 930,
    1302, 1302, 1302, 1302, 1302, 1302, 1302, 1302, 1302, 1302, 930, 930, 1676, 1676, 1676, 1117,
    2048, 1400, 1404, 1430, 1578, 1295, 1177, 1588, 1539, 862, 931, 1419, 1140, 1726, 1532, 1612,
    1235, 1612, 1424, 1400, 1262, 1499, 1400, 2025, 1403, 1260, 1403, 930, 930, 930, 1676, 1302,
    1302, 1230, 1276, 1067, 1276, 1220, 720, 1276, 1296, 562, 705, 1212, 562, 1992, 1296, 1243,
    1276, 1276, 874, 1067, 807, 1296, 1212, 1676, 1212, 1212, 1076, 1300, 930, 1300, 1676,
)  # fmt: skip
_WIDEST: Final = 2204


def badge_svg(label: str, message: str, colour: str) -> str:
    """A badge of this label on grey and message on `colour`; white on it must be legible.

    It says its text to those who cannot see it, and holds no script and nothing to fetch.
    """
    label, message = xml_text(label), xml_text(message)
    left, right = (text_width(text) + 2 * PADDING for text in (label, message))
    whole = left + right
    svg = ElementTree.Element(
        "svg",
        {
            "xmlns": "http://www.w3.org/2000/svg",
            "width": f"{whole:g}",
            "height": str(HEIGHT),
            "viewBox": f"0 0 {whole:g} {HEIGHT}",
            "role": "img",
            "aria-label": f"{label}: {message}",
        },
    )
    ElementTree.SubElement(svg, "title").text = f"{label}: {message}"
    clip = ElementTree.SubElement(svg, "clipPath", id="r")
    _rectangle(clip, 0, whole, "#fff", rx="3")
    halves = ElementTree.SubElement(svg, "g", {"clip-path": "url(#r)"})
    _rectangle(halves, 0, left, _LABEL_COLOUR)
    _rectangle(halves, left, right, colour)
    texts = ElementTree.SubElement(
        svg,
        "g",
        {
            "fill": "#fff",
            "font-family": "Verdana,DejaVu Sans,Geneva,sans-serif",
            "font-size": str(FONT_SIZE),
            "aria-hidden": "true",
        },
    )
    _write(texts, label, PADDING)
    _write(texts, message, left + PADDING)
    return as_text(svg) + "\n"


def text_width(text: str) -> float:
    """How wide a text is in Verdana at FONT_SIZE, in pixels, to a tenth."""
    return round(sum(map(_advance, text)) * FONT_SIZE / _UNITS, 1)


def _advance(letter: str) -> int:
    place = ord(letter) - 0x20
    if 0 <= place < len(_ADVANCE):
        return _ADVANCE[place]
    if unicodedata.combining(letter):
        return 0
    return _UNITS if unicodedata.east_asian_width(letter) in {"W", "F"} else _WIDEST


def _rectangle(
    parent: ElementTree.Element, x: float, width: float, colour: str, **more: str
) -> None:
    attributes = {"x": f"{x:g}", "width": f"{width:g}", "height": str(HEIGHT), "fill": colour}
    ElementTree.SubElement(parent, "rect", attributes | more)


def _write(parent: ElementTree.Element, text: str, x: float) -> None:
    attributes = {"x": f"{x:g}", "y": "14", "textLength": f"{text_width(text):g}"}
    ElementTree.SubElement(parent, "text", attributes).text = text
