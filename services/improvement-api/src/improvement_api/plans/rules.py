"""States of a plan and the moves between them (rules "States")."""

from enum import StrEnum

from shared.errors import Conflict


class PlanState(StrEnum):
    DRAFT = "draft"
    APPROVED = "approved"
    IN_PROGRESS = "in_progress"
    REVIEW = "review"
    CLOSED = "closed"
    ON_HOLD = "on_hold"
    WITHDRAWN = "withdrawn"


class PlanOutcome(StrEnum):
    """Computed from measured benefits; nobody types it in."""

    SUCCESSFUL = "successful"
    UNSUCCESSFUL = "unsuccessful"


FINAL = frozenset({PlanState.CLOSED, PlanState.WITHDRAWN})

_FORWARD = {
    PlanState.DRAFT: PlanState.APPROVED,
    PlanState.APPROVED: PlanState.IN_PROGRESS,
    PlanState.IN_PROGRESS: PlanState.REVIEW,
    PlanState.REVIEW: PlanState.CLOSED,
}


def moves_from(state: PlanState, held_from: PlanState | None) -> list[PlanState]:
    """Where people may move a plan. One on hold returns to where it was held, or is withdrawn."""
    if state in FINAL:
        return []
    if state is PlanState.ON_HOLD:
        assert held_from is not None, "a plan on hold remembers where it was"
        return [held_from, PlanState.WITHDRAWN]
    forward = [_FORWARD[state]] if state in _FORWARD else []
    return [*forward, PlanState.ON_HOLD, PlanState.WITHDRAWN]


def check_move(state: PlanState, held_from: PlanState | None, to: PlanState) -> None:
    """Refuse a move that is not possible, naming those that are (409)."""
    allowed = [move.value for move in moves_from(state, held_from)]
    if to in allowed:
        return
    raise Conflict(
        f"A plan that is {state.value} cannot become {to.value};"
        f" it can become: {', '.join(allowed) or 'nothing else'}",
        code="move_not_allowed",
        state=state.value,
        allowed=allowed,
    )


def check_editable(state: PlanState) -> None:
    """A plan that is closed or withdrawn stays as it was (409)."""
    if state in FINAL:
        raise Conflict(f"The plan is {state.value}", code="plan_ended", state=state.value)
