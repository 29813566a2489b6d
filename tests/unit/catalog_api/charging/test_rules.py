"""States of a charge, and the model that holds on a day."""

from dataclasses import dataclass
from datetime import date

import pytest

from catalog_api.charging.rules import MOVES, ChargeState, model_on
from shared.errors import Conflict
from shared.kit.states import check_move

ALLOWED = {
    ("invoiced", "recovered"),
    ("invoiced", "cancelled"),
    ("recovered", "cancelled"),
}


@dataclass(frozen=True)
class Model:
    valid_from: date


@pytest.mark.parametrize("state", ChargeState)
@pytest.mark.parametrize("to", ChargeState)
def test_a_charge_makes_only_the_moves_it_may(state: ChargeState, to: ChargeState) -> None:
    if (state.value, to.value) in ALLOWED:
        check_move("charge", MOVES, state, to)
        return
    with pytest.raises(Conflict) as refusal:
        check_move("charge", MOVES, state, to)
    assert {(state.value, one) for one in refusal.value.extra["allowed"]} <= ALLOWED


def test_the_newest_model_that_has_begun_holds() -> None:
    old, new = Model(date(2025, 1, 1)), Model(date(2026, 3, 1))

    held = [model_on([old, new], day) for day in (date(2026, 2, 28), date(2026, 3, 1))]

    assert held == [old, new]


def test_before_the_first_model_none_holds() -> None:
    assert model_on([Model(date(2026, 3, 1))], date(2026, 2, 28)) is None
