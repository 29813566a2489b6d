"""Levels need evidence, gaps are what lacks to the target, changes compare like with like."""

from hypothesis import given
from hypothesis import strategies as st

from improvement_api.capabilities.levels import LEVELS
from improvement_api.capabilities.rules import (
    HIGHEST,
    Rating,
    changes_between,
    check_ratings,
    gaps_of,
)
from shared.errors import Invalid
from shared.schemas.processes import Process

levels = st.integers(0, HIGHEST)
ratings = st.builds(
    Rating, st.sampled_from(list(Process)), levels, levels, st.frozensets(st.integers(1, HIGHEST))
)
assessments = st.lists(ratings, unique_by=lambda one: one.process)


def pointers_of(rated: list[Rating]) -> list[str]:
    try:
        check_ratings(rated)
    except Invalid as refused:
        return [error.pointer for error in refused.errors]
    return []


@given(assessments)
def test_a_level_is_refused_unless_it_and_each_below_has_evidence(rated: list[Rating]) -> None:
    bare = [
        f"/ratings/{place}/evidence"
        for place, one in enumerate(rated)
        if not set(range(1, one.level + 1)) <= set(one.shown)
    ]

    assert pointers_of(rated) == bare


def test_level_0_needs_no_evidence() -> None:
    assert pointers_of([Rating(Process.SERVICE_CATALOG_MANAGEMENT, 0, 5, ())]) == []


def test_a_process_is_rated_once() -> None:
    twice = [Rating(Process.SERVICE_CATALOG_MANAGEMENT, 0, 1, ())] * 2

    assert pointers_of(twice) == ["/ratings/1/process"]


@given(assessments)
def test_gaps_are_those_below_target_the_widest_first(rated: list[Rating]) -> None:
    gaps = gaps_of(rated)

    assert {one.process for one in gaps} == {one.process for one in rated if one.level < one.target}
    assert [one.gap for one in gaps] == sorted((one.gap for one in gaps), reverse=True)
    assert all(one.level + one.gap == one.target for one in gaps)


@given(assessments, assessments)
def test_changes_there_and_back_cancel_out(one: list[Rating], other: list[Rating]) -> None:
    there, back = changes_between(one, other), changes_between(other, one)

    assert [row.process for row in there] == [row.process for row in back]
    for forward, backward in zip(there, back, strict=True):
        assert (forward.before, forward.after) == (backward.after, backward.before)
        both = forward.before is not None and forward.after is not None
        assert (forward.change is not None) is both
        assert forward.change is None or forward.change == -(backward.change or 0)


def test_the_levels_are_published_from_0_to_5_with_the_evidence_each_needs() -> None:
    assert [one.level for one in LEVELS] == list(range(HIGHEST + 1))
    assert all(one.evidence and one.attributes for one in LEVELS[1:])
