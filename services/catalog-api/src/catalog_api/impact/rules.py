"""Laying out the picture of a service's surroundings: consumers above, providers below."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from catalog_api.dependencies.rules import Edge, Node, NodeKind

# Of the picture, in SVG user units (pixels at its own size).
BOX_WIDTH, BOX_HEIGHT = 180, 48
_GAP, _ROW_GAP, _MARGIN, _HEAD = 24, 72, 24, 80
_IN_A_ROW = 7


@dataclass(frozen=True)
class Box:
    """A node and the upper left corner of its box."""

    node: Node
    x: int
    y: int


@dataclass(frozen=True)
class Line:
    """A dependency, from the lower edge of its consumer to the upper edge of its provider."""

    edge: Edge
    x1: int
    y1: int
    x2: int
    y2: int


@dataclass(frozen=True)
class Picture:
    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]
    width: int
    height: int


def split(limit: int, above: int, below: int) -> tuple[int, int]:
    """How many of so many consumers and providers to show: half each, unless one side has less."""
    half = limit // 2
    shown_above = min(above, max(half, limit - below))
    return shown_above, min(below, limit - shown_above)


def layers_of(nodes: Collection[Node], edges: Iterable[Edge]) -> list[list[Node]]:
    """Nodes by the longest path that leads down to them, so that every dependency points down."""
    # Imported where it is used: it takes longer to load than all else, and few processes draw.
    import networkx  # noqa: PLC0415

    graph = networkx.DiGraph()
    graph.add_nodes_from(sorted(nodes))
    graph.add_edges_from((Node(NodeKind.SERVICE, edge.consumer), edge.provider) for edge in edges)
    return [sorted(layer) for layer in networkx.topological_generations(graph)]


def lay_out(nodes: Collection[Node], edges: Sequence[Edge]) -> Picture:
    """Boxes in rows, none over another, and a line for each dependency."""
    rows = [row for layer in _untangled(layers_of(nodes, edges), edges) for row in _rows(layer)]
    widest = max((len(row) for row in rows), default=1)
    width = max(2 * _MARGIN + widest * (BOX_WIDTH + _GAP) - _GAP, 480)
    places = {
        node: Box(node, x, _HEAD + number * (BOX_HEIGHT + _ROW_GAP))
        for number, row in enumerate(rows)
        for node, x in zip(row, _columns(len(row), width), strict=True)
    }
    height = _HEAD + max(len(rows), 1) * (BOX_HEIGHT + _ROW_GAP) - _ROW_GAP + _MARGIN
    lines = tuple(_line(edge, places) for edge in edges)
    return Picture(tuple(places.values()), lines, width, height)


def _untangled(layers: list[list[Node]], edges: Sequence[Edge]) -> list[list[Node]]:
    """Each layer ordered by where its consumers stand, on average, so that few lines cross."""
    consumers: dict[Node, list[Node]] = {}
    for edge in edges:
        consumers.setdefault(edge.provider, []).append(Node(NodeKind.SERVICE, edge.consumer))
    place: dict[Node, float] = {}
    ordered = []
    for layer in layers:
        wanted = {
            node: sum(above) / len(above)
            for node in layer
            if (above := [place[one] for one in consumers.get(node, ()) if one in place])
        }
        row = sorted(layer, key=lambda node: (wanted.get(node, 0.5), node))
        place |= {node: (number + 0.5) / len(row) for number, node in enumerate(row)}
        ordered.append(row)
    return ordered


def _rows(layer: list[Node]) -> list[list[Node]]:
    """A wide layer as several rows: nothing in a layer depends on anything else in it."""
    return [layer[start : start + _IN_A_ROW] for start in range(0, len(layer), _IN_A_ROW)]


def _columns(number: int, width: int) -> list[int]:
    """The left edges of a row of boxes in the middle of the picture."""
    left = (width - number * (BOX_WIDTH + _GAP) + _GAP) // 2
    return [left + column * (BOX_WIDTH + _GAP) for column in range(number)]


def _line(edge: Edge, places: dict[Node, Box]) -> Line:
    start, end = places[Node(NodeKind.SERVICE, edge.consumer)], places[edge.provider]
    middle = BOX_WIDTH // 2
    return Line(edge, start.x + middle, start.y + BOX_HEIGHT, end.x + middle, end.y)
