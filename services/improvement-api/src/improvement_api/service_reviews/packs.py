"""A pack as bytes: the inputs as JSON, and the page that they make and nothing else does."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from xml.etree import ElementTree

import orjson

from improvement_api.service_reviews.gathering import EXACT
from shared.documents.xml_texts import as_text
from shared.kit.pages import template_of

FORMAT: Final = 1  # of the inputs; grows when a page needs others
SIGNS: Final = {"lte": "≤", "lt": "<", "gte": "≥", "gt": ">"}
_WIDTH, _HEIGHT, _GAP = 132, 30, 3
_NOW, _BEFORE, _TARGET = "#2f5d8a", "#9db4c8", "#8a5a00"


@dataclass(frozen=True)
class Bytes:
    """Both forms of a pack with their hashes; `figures_sha256` is of what is exact as of then."""

    inputs: bytes
    inputs_sha256: str
    figures_sha256: str
    page: bytes
    page_sha256: str


def pack_of(inputs: dict[str, Any]) -> Bytes:
    """The bytes of a pack. Takes some tens of milliseconds: keep it off the event loop."""
    written = canonical({"format": FORMAT, **inputs})
    page = page_of(written)
    return Bytes(written, sha256(written), sha256(figures_of(inputs)), page, sha256(page))


def canonical(value: Any) -> bytes:
    """JSON with its members in one order, so that the same values are the same bytes."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def figures_of(inputs: dict[str, Any]) -> bytes:
    """What is the same whenever it is asked as of the same moment (see `gathering`)."""
    services = [
        {"key": one["key"], **{name: one[name] for name in EXACT}} for one in inputs["services"]
    ]
    customer = inputs["customer"]
    kpis = None if customer is None else customer["kpis"]
    return canonical({"as_of": inputs["as_of"], "services": services, "customer": kpis})


def page_of(inputs: bytes) -> bytes:
    """The page of a pack from the inputs as they are kept: self-contained, for print."""
    pack = orjson.loads(inputs)
    template = template_of("improvement_api.service_reviews", "pack.html")
    made: str = template.render(
        pack=pack, number=number, percent=percent, signs=SIGNS, trend=trend, target_of=target_of
    )
    return made.encode()


def number(value: float | str | None) -> str:
    """Two decimals at most; the exact value is in the JSON form."""
    if value is None:
        return "–"
    text = f"{float(value):,.2f}"
    return text.rstrip("0").rstrip(".")


def percent(value: float | None) -> str:
    return "–" if value is None else f"{value * 100:.1f} %"


def target_of(service: dict[str, Any], kpi: str) -> dict[str, Any] | None:
    """The service's first target on a KPI."""
    targets = service["targets"]
    if not isinstance(targets, list):
        return None
    return next((one for one in targets if one["kpi"] == kpi), None)


def trend(values: Sequence[float | None], target: float | str | None, label: str) -> Any:
    """Small bars of a value over the periods, the last one darker, a line at the target."""
    from markupsafe import Markup  # noqa: PLC0415 - see shared.kit.pages

    goal = None if target is None else float(target)
    known = [abs(value) for value in values if value is not None]
    scale = max([*known, abs(goal or 0)], default=0) or 1
    svg = ElementTree.Element(
        "svg",
        {
            "viewBox": f"0 0 {_WIDTH} {_HEIGHT}",
            "width": str(_WIDTH),
            "height": str(_HEIGHT),
            "role": "img",
            "aria-label": label,
        },
    )
    step = _WIDTH / max(len(values), 1)
    for place, value in enumerate(values):
        if value is not None:
            height = max(abs(value) / scale * (_HEIGHT - 2), 1)
            colour = _NOW if place == len(values) - 1 else _BEFORE
            _bar(svg, place * step, step - _GAP, height, colour)
    if goal is not None:
        y = f"{_HEIGHT - abs(goal) / scale * (_HEIGHT - 2):.1f}"
        line = {"x1": "0", "x2": str(_WIDTH), "y1": y, "y2": y, "stroke": _TARGET}
        ElementTree.SubElement(svg, "line", {**line, "stroke-dasharray": "4 2"})
    return Markup(as_text(svg))  # noqa: S704 - the writer escapes


def _bar(svg: ElementTree.Element, x: float, width: float, height: float, colour: str) -> None:
    attributes = {
        "x": f"{x:.1f}",
        "y": f"{_HEIGHT - height:.1f}",
        "width": f"{width:.1f}",
        "height": f"{height:.1f}",
        "fill": colour,
    }
    ElementTree.SubElement(svg, "rect", attributes)
