"""When a unit may move, whose memberships overlap, and which roles are missing."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog_api.organisation.rules import cycle, missing_roles, overlaps, path_up, uncatalogued

TREE = {"company": None, "it": "company", "network": "it", "desk": "it"}
KEYS = "abcdef"
moves = st.lists(st.tuples(st.sampled_from(KEYS), st.sampled_from([*KEYS, None])), max_size=40)


def day(number: int) -> date:
    return date(2026, 3, number)


def test_the_path_leads_from_a_unit_to_the_top() -> None:
    assert path_up("network", TREE) == ["network", "it", "company"]


@pytest.mark.parametrize(
    ("unit", "parent", "circle"),
    [
        ("it", "it", ["it", "it"]),
        ("it", "network", ["it", "network", "it"]),
        ("company", "desk", ["company", "desk", "it", "company"]),
        ("network", "desk", []),
        ("network", None, []),
    ],
)
def test_a_unit_comes_under_nothing_that_stands_below_it(
    unit: str, parent: str | None, circle: list[str]
) -> None:
    assert cycle(unit, parent, TREE) == circle


@given(moves)
def test_no_sequence_of_allowed_moves_closes_a_circle(
    asked: list[tuple[str, str | None]],
) -> None:
    tree: dict[str, str | None] = dict.fromkeys(KEYS)

    for unit, parent in asked:
        if not cycle(unit, parent, tree):
            tree[unit] = parent

    # A circle would be longer than there are units.
    for unit in KEYS:
        seen: list[str] = []
        above: str | None = unit
        while above is not None and len(seen) <= len(KEYS):
            seen.append(above)
            above = tree[above]
        assert len(seen) <= len(KEYS)


@given(
    st.tuples(st.integers(1, 28), st.integers(1, 28)),
    st.tuples(st.integers(1, 28), st.integers(1, 28)),
)
def test_memberships_overlap_when_they_share_a_day(
    one: tuple[int, int], other: tuple[int, int]
) -> None:
    shared = set(range(*one)) & set(range(*other))
    if one[0] < one[1] and other[0] < other[1]:
        found = overlaps(day(one[0]), day(one[1]), [(day(other[0]), day(other[1]))])
        assert (found is not None) == bool(shared)


def test_a_membership_without_an_end_overlaps_all_later_ones() -> None:
    assert overlaps(day(9), day(10), [(day(1), None)]) == (day(1), None)
    assert overlaps(day(9), None, [(day(20), day(21))]) == (day(20), day(21))
    assert overlaps(day(9), day(20), [(day(20), None)]) is None


def test_required_roles_that_nobody_holds_are_missing() -> None:
    assert missing_roles(["b", "a"], ["b", "c"]) == ["a"]


def test_held_roles_that_nobody_describes_are_uncatalogued() -> None:
    assert uncatalogued(["b", "c", "c"], ["b"]) == ["c"]
