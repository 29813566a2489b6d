"""A KPI with the mix of before held fixed."""

import pytest

from improvement_api.benefits.mix import Cell, standardised

EASY, HARD = 1.0, 9.0
BEFORE, AFTER = [False, True]


def period(easy: int, hard: int, gain: float = 0.0) -> dict[str, Cell]:
    cells = {"easy": Cell(EASY - gain, easy), "hard": Cell(HARD - gain, hard)}
    return {name: cell for name, cell in cells.items() if cell.count}


def crude(cells: dict[str, Cell]) -> float:
    return sum(c.value * c.count for c in cells.values()) / sum(c.count for c in cells.values())


def test_a_shift_towards_easy_records_is_no_improvement() -> None:
    cells = [period(5, 5), period(5, 5), period(9, 1)]

    found = standardised(cells, [False, False, True])

    assert found is not None
    assert crude(cells[2]) == pytest.approx(1.8)
    assert found.values == pytest.approx([5.0, 5.0, 5.0])
    assert found.shares == {"easy": 0.5, "hard": 0.5}


def test_what_every_group_gains_stays_in_full() -> None:
    found = standardised([period(8, 2), period(8, 2), period(2, 8, gain=0.5)], [False, False, True])

    assert found is not None
    assert found.values[2] - found.values[0] == pytest.approx(-0.5)


def test_a_group_without_records_in_a_period_has_the_mean_of_its_side() -> None:
    cells = [period(5, 5), period(5, 5), period(10, 0), period(5, 5, gain=1.0)]

    found = standardised(cells, [False, False, True, True])

    assert found is not None
    assert found.values[2] == pytest.approx((EASY + HARD - 1.0) / 2)


def test_a_period_that_hardly_saw_a_large_group_counts_for_less() -> None:
    found = standardised([period(50, 50), period(99, 1), period(50, 50)], [False, False, True])

    assert found is not None
    assert found.counts[1] < found.counts[0] / 5


@pytest.mark.parametrize(
    "cells",
    [
        [{}, {}],
        [period(5, 0), period(5, 0)],
        [period(5, 5), {"new": Cell(3.0, 10)}],
        [period(1, 9), period(9, 0)],
    ],
)
def test_without_groups_known_before_and_after_nothing_is_standardised(
    cells: list[dict[str, Cell]],
) -> None:
    assert standardised(cells, [BEFORE, AFTER]) is None
