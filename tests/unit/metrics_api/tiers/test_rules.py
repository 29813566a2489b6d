"""The status of each tier is the worst of its children: red, then unknown, then green."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics_api.tiers.rules import (
    Node,
    Status,
    Tier,
    layout,
    reachable,
    settled,
    status_of_event,
    status_of_target,
    worst,
)

TIERS = list(Tier)


def node(tier: Tier, key: str, own: Status | None = None, children: Sequence[str] = ()) -> Node:
    return Node(f"{tier}:{key}", tier, key, key, own, children=tuple(children))


@st.composite
def trees(draw: st.DrawFn) -> dict[str, Node]:
    """A node or more in each tier, each with some children of the tier below."""
    own = st.sampled_from([None, *Status])
    levels = [
        [f"{tier}:{n}" for n in range(draw(st.integers(1, 1 if tier is Tier.KRA else 3)))]
        for tier in TIERS
    ]
    nodes: dict[str, Node] = {}
    for depth, ids in enumerate(levels):
        below = levels[depth + 1] if depth + 1 < len(levels) else []
        for one in ids:
            children = draw(st.lists(st.sampled_from(below), unique=True)) if below else []
            nodes[one] = node(TIERS[depth], one.partition(":")[2], draw(own), children)
    return nodes


def reference(nodes: dict[str, Node], here: str) -> Status:
    """Written from rule 16 alone, recursively."""
    statuses = [reference(nodes, child) for child in nodes[here].children]
    own = nodes[here].own
    everything = statuses + ([own] if own is not None else [])
    if Status.RED in everything:
        return Status.RED
    if Status.UNKNOWN in everything or not everything:
        return Status.UNKNOWN
    return Status.GREEN


@given(trees())
def test_every_status_is_that_of_the_rule(nodes: dict[str, Node]) -> None:
    assert settled(nodes) == {one: reference(nodes, one) for one in nodes}


@given(trees(), st.data())
def test_a_node_that_turns_red_turns_all_above_it_red(
    nodes: dict[str, Node], data: st.DataObject
) -> None:
    turned = data.draw(st.sampled_from(sorted(nodes)))
    above = [one for one in nodes if turned in reachable(nodes, one)]
    before = nodes[turned]

    after = settled({**nodes, turned: node(before.tier, before.key, Status.RED, before.children)})

    assert all(after[one] is Status.RED for one in above)


def test_a_child_that_is_not_there_is_unknown() -> None:
    nodes = {"kra:a": node(Tier.KRA, "a", children=["kpi:mttr"])}

    assert settled(nodes)["kra:a"] is Status.UNKNOWN


def test_nothing_at_all_shows_nothing() -> None:
    assert worst([]) is Status.UNKNOWN


@pytest.mark.parametrize(
    ("severity", "status"),
    [
        ("critical", Status.RED),
        (" MAJOR ", Status.RED),
        ("Warning", Status.GREEN),
        ("purple", Status.UNKNOWN),
        ("", Status.UNKNOWN),
        (None, Status.UNKNOWN),
    ],
)
def test_an_event_speaks_by_its_severity(severity: str | None, status: Status) -> None:
    assert status_of_event(severity) is status


@pytest.mark.parametrize(
    ("met", "status"),
    [(True, Status.GREEN), (False, Status.RED), (None, Status.UNKNOWN)],
)
def test_a_target_speaks_by_whether_it_was_met(met: bool | None, status: Status) -> None:
    assert status_of_target(met) is status


@given(trees())
def test_the_picture_shows_every_reachable_node_once_and_none_on_another(
    nodes: dict[str, Node],
) -> None:
    places = layout(nodes, "kra:0")

    assert list(places) == reachable(nodes, "kra:0")
    assert len({(place.column, place.row) for place in places.values()}) == len(places)
    assert all(places[one].column == TIERS.index(nodes[one].tier) for one in places)
