"""The layout of the picture."""

from decimal import Decimal
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog_api.dependencies.rules import Edge, Node, NodeKind, Strength
from catalog_api.impact import rules

NODES = [Node(NodeKind.SERVICE, f"s{number:02}") for number in range(40)]
graphs = st.sets(st.sampled_from(list(combinations(range(40), 2))), max_size=80)


def edges_of(pairs: set[tuple[int, int]]) -> list[Edge]:
    return [Edge(NODES[start].key, NODES[end], Strength.HARD, Decimal(0)) for start, end in pairs]


@given(graphs)
def test_no_box_lies_over_another_or_outside(pairs: set[tuple[int, int]]) -> None:
    picture = rules.lay_out(NODES, edges_of(pairs))

    assert {box.node for box in picture.boxes} == set(NODES)
    for box in picture.boxes:
        assert 0 <= box.x <= picture.width - rules.BOX_WIDTH
        assert 0 <= box.y <= picture.height - rules.BOX_HEIGHT
    for one, other in combinations(picture.boxes, 2):
        beside = abs(one.x - other.x) >= rules.BOX_WIDTH
        assert beside or abs(one.y - other.y) >= rules.BOX_HEIGHT


@given(graphs)
def test_every_dependency_points_down_from_box_to_box(pairs: set[tuple[int, int]]) -> None:
    picture = rules.lay_out(NODES, edges_of(pairs))

    places = {box.node: box for box in picture.boxes}
    assert len(picture.lines) == len(pairs)
    for line in picture.lines:
        assert line.y1 < line.y2
        assert (line.x2, line.y2) == (
            places[line.edge.provider].x + rules.BOX_WIDTH // 2,
            places[line.edge.provider].y,
        )


def test_layers_go_by_the_longest_path() -> None:
    layers = rules.layers_of(NODES[:3], edges_of({(0, 1), (1, 2), (0, 2)}))

    assert layers == [[NODES[0]], [NODES[1]], [NODES[2]]]


@pytest.mark.parametrize(
    ("above", "below", "shown"),
    [(5, 5, (5, 5)), (100, 100, (30, 30)), (100, 10, (50, 10)), (0, 100, (0, 60)), (0, 0, (0, 0))],
)
def test_half_of_the_picture_is_for_each_side_unless_one_has_less(
    above: int, below: int, shown: tuple[int, int]
) -> None:
    assert rules.split(60, above, below) == shown
