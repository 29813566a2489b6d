"""Moves between states: what is not listed is refused, and the refusal says what is possible."""

from enum import StrEnum

import pytest

from shared.errors import Conflict
from shared.kit.states import check_move, check_state


class Light(StrEnum):
    RED = "red"
    GREEN = "green"
    AMBER = "amber"


MOVES = {Light.RED: (Light.GREEN,), Light.GREEN: (Light.AMBER,), Light.AMBER: (Light.RED,)}


@pytest.mark.parametrize("state", Light)
@pytest.mark.parametrize("to", Light)
def test_only_listed_moves_are_possible(state: Light, to: Light) -> None:
    if to in MOVES[state]:
        check_move("light", MOVES, state, to)
        return
    with pytest.raises(Conflict) as refused:
        check_move("light", MOVES, state, to)
    assert refused.value.code == "move_not_allowed"
    assert refused.value.extra == {"state": state.value, "allowed": [MOVES[state][0].value]}


def test_a_state_without_moves_is_final() -> None:
    with pytest.raises(Conflict, match="nothing else"):
        check_move("light", {Light.RED: ()}, Light.RED, Light.GREEN)


def test_an_act_in_another_state_names_the_states_it_needs() -> None:
    check_state("light", Light.RED, [Light.RED], "passed")
    with pytest.raises(Conflict) as refused:
        check_state("light", Light.GREEN, [Light.RED, Light.AMBER], "repaired")
    assert refused.value.code == "state_not_allowed"
    assert refused.value.extra["allowed"] == ["red", "amber"]


@pytest.mark.parametrize(("thing", "said"), [("light", "A light"), ("agreement", "An agreement")])
def test_a_thing_has_its_article(thing: str, said: str) -> None:
    with pytest.raises(Conflict, match=f"^{said} that is red"):
        check_move(thing, MOVES, Light.RED, Light.AMBER)
    with pytest.raises(Conflict, match=f"^{said} that is green"):
        check_state(thing, Light.GREEN, [Light.RED], "passed")
