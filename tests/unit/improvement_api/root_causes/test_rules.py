"""Trees of causes, and when a fix has proven itself."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from improvement_api.root_causes.page import lay_out
from improvement_api.root_causes.rules import (
    Cause,
    Finding,
    Method,
    check_shape,
    judge,
    missing_for_cause,
    next_check,
    verify_at,
    watch_until,
)
from shared.errors import Invalid

AT = datetime(2026, 3, 1, tzinfo=UTC)


def cause(id_: str, parent: str | None = None, *, root: bool = False) -> Cause:
    return Cause(id_, parent, f"because of {id_}", "" if parent is None else "a log", root)


def chain(whys: int) -> list[Cause]:
    """A problem and so many whys, the last of them the root cause."""
    links = [cause(str(n), str(n - 1), root=n == whys) for n in range(1, whys + 1)]
    return [cause("0"), *links]


parents = st.lists(st.integers(0, 30), max_size=30)


@given(parents)
def test_what_hangs_on_what_came_before_is_a_tree_in_any_order(above: list[int]) -> None:
    tree = [cause("0")] + [
        cause(str(n), str(parent % n)) for n, parent in enumerate(above, start=1)
    ]

    check_shape(tree)
    check_shape(tree[::-1])
    assert {box.cause.id for box in lay_out(tree)} == {one.id for one in tree}


@given(parents, st.integers(2, 6))
def test_a_circle_beside_a_tree_is_refused(above: list[int], length: int) -> None:
    tree = [cause("0")] + [
        cause(str(n), str(parent % n)) for n, parent in enumerate(above, start=1)
    ]
    circle = [cause(f"c{n}", f"c{(n + 1) % length}") for n in range(length)]

    with pytest.raises(Invalid, match="causes itself"):
        check_shape([*tree, *circle])


@given(parents)
def test_boxes_never_overlap(above: list[int]) -> None:
    tree = [cause("0")] + [
        cause(str(n), str(parent % n)) for n, parent in enumerate(above, start=1)
    ]

    boxes = lay_out(tree)

    assert all(one.y + one.height < after.y for one, after in pairwise(boxes))


@pytest.mark.parametrize("whys", range(10))
def test_five_whys_are_three_to_seven(whys: int) -> None:
    missing = missing_for_cause(Method.FIVE_WHYS, chain(whys))

    assert (missing == []) == (3 <= whys <= 7)


def test_five_whys_are_one_chain_and_a_tree_may_branch() -> None:
    branched = [*chain(3), cause("other", "0")]

    assert missing_for_cause(Method.CAUSE_TREE, branched) == []
    assert len(missing_for_cause(Method.FIVE_WHYS, branched)) == 1


@pytest.mark.parametrize(
    ("causes", "missing"),
    [
        ([], "the problem and its causes are not written down"),
        ([cause("0"), cause("1", "0")], "no root cause is marked"),
        ([cause("0", root=True)], "the problem is no root cause of itself"),
        (
            [cause("0"), cause("1", "0", root=True), cause("2", "1")],
            "1 has causes of its own, so it is no root cause",
        ),
    ],
)
def test_what_is_missing_is_said(causes: list[Cause], missing: str) -> None:
    assert missing in missing_for_cause(Method.CAUSE_TREE, causes)


@given(st.integers(0, 5), st.integers(7, 365), st.floats(0, 1200))
def test_a_fix_holds_only_after_its_days_without_any_recurrence(
    count: int, days: int, passed: float
) -> None:
    due, as_of = verify_at(AT, days), AT + timedelta(days=passed)

    finding = judge(count, as_of, due)

    assert (finding is Finding.RECURRED) == (count > 0)
    assert (finding is Finding.HELD) == (count == 0 and as_of >= due)


@given(st.sampled_from(Finding), st.integers(7, 365), st.floats(0, 1200))
def test_the_next_question_lies_ahead_and_within_the_watch(
    finding: Finding, days: int, passed: float
) -> None:
    now, until = AT + timedelta(days=passed), watch_until(AT, days)

    asked = next_check(finding, now, verify_at(AT, days), until)

    if finding is Finding.RECURRED or (finding is Finding.HELD and now >= until):
        assert asked is None
    else:
        assert asked is not None
        assert now < asked <= now + timedelta(days=1)
