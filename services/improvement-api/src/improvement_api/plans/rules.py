"""States of a plan and the moves between them (rules "States"); facts that plans contribute."""

from enum import StrEnum

from improvement_api.facts.rules import FactType, Owner
from shared.schemas.common import FactDefinition


class PlanState(StrEnum):
    DRAFT = "draft"
    APPROVED = "approved"
    IN_PROGRESS = "in_progress"
    REVIEW = "review"
    CLOSED = "closed"
    ON_HOLD = "on_hold"
    WITHDRAWN = "withdrawn"


OPEN = (PlanState.DRAFT, PlanState.APPROVED, PlanState.IN_PROGRESS, PlanState.REVIEW)
FINAL = frozenset({PlanState.CLOSED, PlanState.WITHDRAWN})

_FORWARD = {
    PlanState.DRAFT: PlanState.APPROVED,
    PlanState.APPROVED: PlanState.IN_PROGRESS,
    PlanState.IN_PROGRESS: PlanState.REVIEW,
    PlanState.REVIEW: PlanState.CLOSED,
}


def moves_from(state: PlanState, held_from: PlanState | None) -> list[PlanState]:
    """Where a plan may go. One on hold returns to where it was held, or is withdrawn."""
    if state in FINAL:
        return []
    if state is PlanState.ON_HOLD:
        assert held_from is not None, "a plan on hold remembers where it was"
        return [held_from, PlanState.WITHDRAWN]
    return [_FORWARD[state], PlanState.ON_HOLD, PlanState.WITHDRAWN]


def _fact(name: str, meaning: str) -> FactDefinition:
    return FactDefinition(
        name=name,
        type=FactType.INTEGER,
        unit="count",
        owner=Owner.IMPROVEMENT,
        meaning=meaning,
    )


FACTS = (
    _fact(
        "active_improvement_plans",
        "plans that are approved, in progress or in review with an initiative for the service",
    ),
    _fact("open_initiatives", "initiatives for the service that are planned or in progress"),
    _fact("done_initiatives", "initiatives for the service that are done, in plans not withdrawn"),
)
