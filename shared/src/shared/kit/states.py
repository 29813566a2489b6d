"""States and the moves between them: every other move is refused with those that are possible."""

from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import TypeVar

from shared.errors import Conflict

State = TypeVar("State", bound=StrEnum)
Moves = Mapping[State, Collection[State]]


def check_move(thing: str, moves: Moves[State], state: State, to: State) -> None:
    """Refuse a move that `moves` does not list, naming the allowed ones (409)."""
    allowed = [move.value for move in moves.get(state, ())]
    if to.value not in allowed:
        raise Conflict(
            f"{_one(thing)} that is {state.value} cannot become {to.value};"
            f" it can become: {', '.join(allowed) or 'nothing else'}",
            code="move_not_allowed",
            state=state.value,
            allowed=allowed,
        )


def check_state(thing: str, state: State, needed: Collection[State], act: str) -> None:
    """Refuse an act that is possible in other states only, naming them (409)."""
    if state not in needed:
        possible = [one.value for one in needed]
        raise Conflict(
            f"{_one(thing)} that is {state.value} cannot be {act}:"
            f" it must be {' or '.join(possible)}",
            code="state_not_allowed",
            state=state.value,
            allowed=possible,
        )


def _one(thing: str) -> str:
    return f"{'An' if thing[0] in 'aeio' else 'A'} {thing}"
