"""The tree as a picture: a column a tier, red nodes where it hurts; to look at and print."""

from dataclasses import dataclass
from textwrap import shorten, wrap
from typing import Final

from metrics_api.tiers.rules import Node, Tier, layout
from metrics_api.tiers.schemas import Tree, TreeEvent, TreeNode, TreeTarget
from shared.documents.xml_texts import xml_text
from shared.kit.pages import template_of

COLUMN, ROW, BOX, HEIGHT, MARGIN, HEAD = 190, 66, 166, 56, 16, 40
LINE: Final = 24  # letters that fit into a line of a box
HEADINGS: Final = {
    Tier.KRA: "Key result area",
    Tier.KPI: "KPI",
    Tier.KPT: "Target",
    Tier.VMA: "Vital activity",
    Tier.SLO: "SLO",
    Tier.SLI: "SLI",
    Tier.SIE: "Infrastructure event",
}


@dataclass(frozen=True)
class Box:
    x: int
    y: int
    node: TreeNode
    name: list[str]  # of two lines at most
    note: str


@dataclass(frozen=True)
class Edge:
    x1: int
    y1: int
    x2: int
    y2: int
    status: str


@dataclass(frozen=True)
class Picture:
    width: int
    height: int
    headings: list[tuple[int, str]]
    boxes: list[Box]
    edges: list[Edge]


def drawn(tree: Tree) -> Picture:
    """Where everything goes. Pure."""
    nodes = {
        node.id: Node(node.id, node.tier, node.key, node.name, None, children=tuple(node.children))
        for node in tree.nodes
    }
    places = layout(nodes, f"kra:{tree.kra}")
    boxes = {
        node.id: Box(
            MARGIN + places[node.id].column * COLUMN,
            HEAD + MARGIN + round(places[node.id].row * ROW),
            node,
            _lines(node.name),
            shorten(_note(node), LINE + 4, placeholder="…"),
        )
        for node in tree.nodes
    }
    edges = [
        Edge(
            boxes[node.id].x + BOX,
            boxes[node.id].y + HEIGHT // 2,
            boxes[child].x,
            boxes[child].y + HEIGHT // 2,
            boxes[child].node.status.value,
        )
        for node in tree.nodes
        for child in node.children
        if child in boxes
    ]
    lowest = max(box.y for box in boxes.values())
    return Picture(
        2 * MARGIN + (len(Tier) - 1) * COLUMN + BOX,
        lowest + HEIGHT + MARGIN,
        [(MARGIN + n * COLUMN, HEADINGS[tier]) for n, tier in enumerate(Tier)],
        list(boxes.values()),
        edges,
    )


def as_svg(tree: Tree) -> str:
    """The picture alone, self-contained: no script, nothing to fetch."""
    template = template_of("metrics_api.tiers", "tree.svg")
    return xml_text(template.render(tree=tree, picture=drawn(tree), box=BOX, box_height=HEIGHT))


def as_page(tree: Tree) -> str:
    """The picture with what made it red and what is broken, as one HTML page."""
    template = template_of("metrics_api.tiers", "tree.html")
    red = [node for node in tree.nodes if node.records]
    return template.render(
        tree=tree,
        picture=drawn(tree),
        box=BOX,
        box_height=HEIGHT,
        red=red,
        headings=HEADINGS,
    )


def _note(node: TreeNode) -> str:
    detail = node.detail
    if isinstance(detail, TreeTarget):
        value = detail.value
        shown = "no figure" if value is None else f"{value:.4g} {detail.unit}"
        return f"{shown}, target {detail.target:.4g}"
    if isinstance(detail, TreeEvent):
        return detail.severity or "no severity"
    return node.status.value


def _lines(name: str) -> list[str]:
    return wrap(name, LINE, max_lines=2, placeholder="…")
