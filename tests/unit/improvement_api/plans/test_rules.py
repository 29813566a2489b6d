"""Every move of a plan from every state, against the table of rules.md "States"."""

from itertools import product

import pytest

from improvement_api.plans.rules import PlanState, check_move, moves_from
from shared.errors import Conflict

# draft → approved → in_progress → review → closed; any open → on_hold, withdrawn. What is on hold
# goes back to where it was. How a closed plan ended is computed (benefits).
TABLE = {
    ("draft", None): {"approved", "on_hold", "withdrawn"},
    ("approved", None): {"in_progress", "on_hold", "withdrawn"},
    ("in_progress", None): {"review", "on_hold", "withdrawn"},
    ("review", None): {"closed", "on_hold", "withdrawn"},
    ("on_hold", "draft"): {"draft", "withdrawn"},
    ("on_hold", "approved"): {"approved", "withdrawn"},
    ("on_hold", "in_progress"): {"in_progress", "withdrawn"},
    ("on_hold", "review"): {"review", "withdrawn"},
    ("closed", None): set(),
    ("withdrawn", None): set(),
}


@pytest.mark.parametrize(("place", "to"), list(product(TABLE, PlanState)))
def test_exactly_the_moves_of_the_table_are_allowed(
    place: tuple[str, str | None], to: PlanState
) -> None:
    state, held_from = PlanState(place[0]), PlanState(place[1]) if place[1] else None

    if to.value in TABLE[place]:
        check_move(state, held_from, to)
        return
    with pytest.raises(Conflict) as refused:
        check_move(state, held_from, to)

    assert set(refused.value.extra["allowed"]) == TABLE[place]


def test_a_plan_never_moves_to_where_it_is() -> None:
    for state, held_from in TABLE:
        held = PlanState(held_from) if held_from else None
        assert PlanState(state) not in moves_from(PlanState(state), held)
