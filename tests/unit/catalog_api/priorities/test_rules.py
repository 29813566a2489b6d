"""Priority schemes: complete, monotone, asked for priorities, and never looser than promised."""

from datetime import UTC, datetime
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog_api.priorities.rules import (
    Promise,
    PromisedTarget,
    UnknownLevel,
    assign,
    facts,
    looser_than,
    unsound,
)
from catalog_api.priorities.schemas import PriorityMeaning
from shared.schemas.agreements import PriorityTarget, SchemeVersionOut

LEVELS = ["high", "medium", "low"]
MATRIX = {
    "high": {"high": 1, "medium": 1, "low": 2},
    "medium": {"high": 1, "medium": 2, "low": 3},
    "low": {"high": 2, "medium": 3, "low": 3},
}


def meanings(count: int = 3, **fields: Any) -> list[PriorityMeaning]:
    return [
        PriorityMeaning(priority=number, name=f"P{number}", calendar="office", **fields)
        for number in range(1, count + 1)
    ]


def scheme(matrix: dict[str, dict[str, int]] = MATRIX, **targets: Any) -> SchemeVersionOut:
    """A scheme; `p1={...}` sets fields of that priority, which is due after 60 minutes else."""
    priorities = [
        PriorityTarget.model_validate(
            {
                "priority": number,
                "name": f"P{number}",
                "response_minutes": 15,
                "resolution_minutes": 60 * number,
                "calendar": "office",
                "calendar_version": 1,
                **targets.get(f"p{number}", {}),
            }
        )
        for number in (1, 2, 3)
    ]
    return SchemeVersionOut(
        scheme="standard",
        version=1,
        impacts=list(matrix),
        urgencies=list(next(iter(matrix.values()))),
        matrix=matrix,
        priorities=priorities,
        recorded_at=datetime(2026, 1, 1, tzinfo=UTC),
        recorded_by="ada",
    )


def with_cell(impact: str, urgency: str, priority: int | None) -> dict[str, dict[str, int]]:
    changed = {level: dict(row) for level, row in MATRIX.items()}
    changed[impact].pop(urgency, None)
    if priority is not None:
        changed[impact][urgency] = priority
    return changed


def found(matrix: dict[str, dict[str, int]], count: int = 3) -> list[tuple[str, str]]:
    errors = unsound(LEVELS, LEVELS, matrix, meanings(count))
    return [(error.pointer, error.code) for error in errors]


class TestSoundness:
    def test_a_full_monotone_matrix_is_sound(self) -> None:
        assert found(MATRIX) == []

    @pytest.mark.parametrize(
        ("cell", "expected"),
        [
            (("medium", "low", None), ("/matrix/medium/low", "missing_cell")),
            (("medium", "urgent", 2), ("/matrix/medium/urgent", "unknown_urgency")),
            (("medium", "low", 4), ("/matrix/medium/low", "unknown_priority")),
            (("high", "high", 2), ("/matrix/high/high", "not_monotone")),
        ],
    )
    def test_a_bad_cell_is_named(
        self, cell: tuple[str, str, int | None], expected: tuple[str, str]
    ) -> None:
        assert expected in found(with_cell(*cell))

    def test_an_impact_that_is_none_is_named(self) -> None:
        assert found(MATRIX | {"huge": {}}) == [("/matrix/huge", "unknown_impact")]

    def test_levels_stand_once(self) -> None:
        errors = unsound(["high", "high"], ["high"], {"high": {"high": 1}}, meanings(1))

        assert [error.pointer for error in errors] == ["/impacts/1"]

    def test_priorities_are_listed_from_one_without_a_gap(self) -> None:
        errors = unsound(LEVELS, LEVELS, MATRIX, meanings(3)[1:])

        assert errors[0].pointer == "/priorities/0/priority"

    def test_a_resolution_is_not_due_before_the_response(self) -> None:
        early = meanings(3, response_minutes=60, resolution_minutes=30)

        errors = unsound(LEVELS, LEVELS, MATRIX, early)

        assert errors[0].pointer == "/priorities/0/resolution_minutes"

    def test_a_higher_priority_is_not_due_later_than_a_lower_one(self) -> None:
        first, *others = meanings(3, resolution_minutes=60)
        late = first.model_copy(update={"resolution_minutes": 90})

        errors = unsound(LEVELS, LEVELS, MATRIX, [late, *others])

        assert [error.code for error in errors] == ["not_monotone"]

    def test_targets_in_hours_of_different_calendars_do_not_compare(self) -> None:
        first, *others = meanings(3, resolution_minutes=60)
        late = first.model_copy(update={"resolution_minutes": 90, "calendar": "always"})

        assert unsound(LEVELS, LEVELS, MATRIX, [late, *others]) == []


@st.composite
def matrices(draw: st.DrawFn) -> dict[str, dict[str, int]]:
    """Any matrix of up to 4 × 4 levels, often monotone."""
    impacts = [f"i{number}" for number in range(draw(st.integers(1, 4)))]
    urgencies = [f"u{number}" for number in range(draw(st.integers(1, 4)))]
    if draw(st.booleans()):
        cells = st.integers(1, 3)
        return {i: {u: draw(cells) for u in urgencies} for i in impacts}
    offset = draw(st.integers(-3, 1))
    return {
        impact: {u: min(max(row + column + offset, 1), 3) for column, u in enumerate(urgencies)}
        for row, impact in enumerate(impacts)
    }


class TestAgreesWithBruteForce:
    @settings(max_examples=300)
    @given(matrices())
    def test_a_scheme_is_sound_exactly_if_no_lesser_cell_has_a_higher_priority(
        self, matrix: dict[str, dict[str, int]]
    ) -> None:
        impacts, urgencies = list(matrix), list(next(iter(matrix.values())))
        cells = list(product(range(len(impacts)), range(len(urgencies))))

        falls = any(
            matrix[impacts[i]][urgencies[u]] > matrix[impacts[lower]][urgencies[less]]
            for (i, u), (lower, less) in product(cells, cells)
            if i <= lower and u <= less
        )

        assert bool(unsound(impacts, urgencies, matrix, meanings(3))) == falls

    @settings(max_examples=100)
    @given(matrices())
    def test_every_cell_gives_its_priority_with_its_targets(
        self, matrix: dict[str, dict[str, int]]
    ) -> None:
        made = scheme(matrix)

        for impact, urgency in product(made.impacts, made.urgencies):
            given_priority = assign(made, impact, urgency)
            assert given_priority.priority == matrix[impact][urgency]
            assert given_priority.resolution_minutes == 60 * matrix[impact][urgency]


class TestAssign:
    @pytest.mark.parametrize(
        ("impact", "urgency", "field"), [("huge", "low", "impact"), ("low", "huge", "urgency")]
    )
    def test_a_level_that_the_scheme_does_not_have_is_named(
        self, impact: str, urgency: str, field: str
    ) -> None:
        with pytest.raises(UnknownLevel, match="huge") as caught:
            assign(scheme(), impact, urgency)

        assert (caught.value.field, caught.value.allowed) == (field, LEVELS)


def promise(
    pinned: SchemeVersionOut | None = None, *targets: tuple[str, float, int | None]
) -> Promise:
    listed = [
        PromisedTarget(f"t{number}", kpi, value, priority)
        for number, (kpi, value, priority) in enumerate(targets)
    ]
    return Promise("mail-sla", 2, pinned, listed)


def broken(own: SchemeVersionOut, made: Promise, *, covered: bool = True) -> list[str]:
    same = own.priorities[0].calendar_version == 1
    return [one.target for one in looser_than(own, made, lambda *_: covered and same)]


class TestLooserThan:
    def test_the_same_targets_are_not_looser(self) -> None:
        assert broken(scheme(), promise(scheme())) == []

    def test_more_time_for_a_priority_is_looser_in_its_cells_and_by_its_number(self) -> None:
        own = scheme(p3={"resolution_minutes": 181})

        assert broken(own, promise(scheme())) == [
            "resolution_minutes of impact medium, urgency low",
            "resolution_minutes of impact low, urgency medium",
            "resolution_minutes of impact low, urgency low",
            "resolution_minutes of priority 3",
        ]

    def test_a_lower_priority_for_a_cell_is_looser(self) -> None:
        own = scheme(with_cell("medium", "high", 2))

        assert broken(own, promise(scheme())) == [
            "resolution_minutes of impact medium, urgency high"
        ]

    def test_no_target_is_looser_than_one(self) -> None:
        own = scheme(p1={"response_minutes": None})

        assert "response_minutes of priority 1" in broken(own, promise(scheme()))

    def test_the_same_minutes_of_shorter_hours_are_looser(self) -> None:
        assert "resolution_minutes of priority 1" in broken(
            scheme(), promise(scheme()), covered=False
        )

    @pytest.mark.parametrize(
        ("target", "expected"),
        [
            (("mttr", 1.0, 1), []),
            (("mttr", 0.9, 1), ["t0"]),
            (("mttr_business", 2.9, 3), ["t0"]),
            (("mtta", 0.2, None), ["t0"]),
            (("mttr", 0.9, None), ["t0"]),
            (("mttr", 1.5, None), []),
            (("availability", 0.1, None), []),
        ],
    )
    def test_a_promised_mean_is_broken_when_every_single_target_allows_more(
        self, target: tuple[str, float, int | None], expected: list[str]
    ) -> None:
        assert broken(scheme(), promise(None, target)) == expected


class TestFacts:
    def test_without_a_scheme_nothing_is_known_of_its_targets(self) -> None:
        found = facts(None, datetime(2026, 3, 1, tzinfo=UTC))

        assert found["priority_scheme_assigned"].value is False
        assert found["priority_targets_complete"].reason is not None

    @pytest.mark.parametrize(("minutes", "complete"), [(60, True), (None, False)])
    def test_targets_are_complete_when_every_priority_has_both(
        self, minutes: int | None, complete: bool
    ) -> None:
        section = scheme(p2={"resolution_minutes": minutes}).model_dump(mode="json")

        found = facts(section, datetime(2026, 3, 1, tzinfo=UTC))["priority_targets_complete"]

        assert (found.value, found.as_of) == (complete, datetime(2026, 1, 1, tzinfo=UTC))
