"""Drawing the surroundings of a service as an SVG that needs nothing but itself."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from catalog_api.dependencies.rules import Node, NodeKind
from catalog_api.impact import rules
from shared.kit.pages import template_of

# XML 1.0 has no way to write these, not even escaped.
_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NAME_LENGTH = 20


@dataclass(frozen=True)
class Surroundings:
    """What is drawn: `named` are rows with name and stage or state; `left_out` nodes are not."""

    service: str
    named: Mapping[Node, Any]
    picture: rules.Picture
    left_out: int


def as_svg(surroundings: Surroundings) -> str:
    """The whole picture; keep it off the event loop."""
    centre = Node(NodeKind.SERVICE, surroundings.service)
    picture, left_out = surroundings.picture, surroundings.left_out
    name = _printable(surroundings.named[centre].name)
    return template_of("catalog_api.impact", "surroundings.svg").render(
        name=name,
        description=_description(name, surroundings),
        note=f"{left_out} more are left out: the nearest are shown." if left_out else "",
        width=picture.width,
        height=picture.height,
        box_width=rules.BOX_WIDTH,
        box_height=rules.BOX_HEIGHT,
        boxes=[_box(box, surroundings.named[box.node], centre) for box in picture.boxes],
        lines=[_line(line) for line in picture.lines],
    )


def _description(name: str, surroundings: Surroundings) -> str:
    """What a reader hears who does not see it."""
    consumers = [
        line.edge.consumer
        for line in surroundings.picture.lines
        if line.edge.provider == Node(NodeKind.SERVICE, surroundings.service)
    ]
    providers = [
        line.edge.provider.key
        for line in surroundings.picture.lines
        if line.edge.consumer == surroundings.service
    ]
    return (
        f"{name} depends directly on {_listed(providers)} and is needed directly by"
        f" {_listed(consumers)}. {len(surroundings.picture.boxes)} services and vendor products are"
        f" shown, {surroundings.left_out} left out."
    )


def _listed(keys: list[str]) -> str:
    return ", ".join(sorted(keys)) or "nothing"


def _box(box: rules.Box, row: Any, centre: Node) -> dict[str, Any]:
    is_service = box.node.kind is NodeKind.SERVICE
    name = _printable(row.name)
    return {
        "x": box.x,
        "y": box.y,
        "title": f"{name} ({box.node.key})",
        "name": name if len(name) <= _NAME_LENGTH else f"{name[: _NAME_LENGTH - 1]}…",
        "note": row.stage if is_service else f"vendor product, {row.state}".replace("_", " "),
        "style": "centre" if box.node == centre else "box" if is_service else "vendor",
        "corner": 6 if is_service else rules.BOX_HEIGHT // 2,
    }


def _line(line: rules.Line) -> dict[str, Any]:
    edge = line.edge
    bend = f"C{line.x1} {line.y1 + 36} {line.x2} {line.y2 - 36} {line.x2} {line.y2}"
    return {
        "strength": edge.strength,
        "path": f"M{line.x1} {line.y1}{bend}",
        "title": f"{edge.consumer} depends on {edge.provider.key} ({edge.strength})",
    }


def _printable(text: str) -> str:
    return _NOT_IN_XML.sub("\ufffd", text)
