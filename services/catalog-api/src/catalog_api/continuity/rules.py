"""What a continuity plan must satisfy, its states, and how tests and the chain judge it."""

from enum import StrEnum

from shared.kit.states import Moves


class PlanState(StrEnum):
    DRAFT = "draft"
    IN_REVIEW = "in_review"
    APPROVED = "approved"
    SUPERSEDED = "superseded"


MOVES: Moves[PlanState] = {
    PlanState.DRAFT: (PlanState.IN_REVIEW,),
    PlanState.IN_REVIEW: (PlanState.APPROVED, PlanState.DRAFT),
    PlanState.APPROVED: (PlanState.SUPERSEDED,),
    PlanState.SUPERSEDED: (),
}


class ExerciseKind(StrEnum):
    TABLETOP = "tabletop"
    SIMULATION = "simulation"
    FAILOVER = "failover"


class ExerciseResult(StrEnum):
    PASSED = "passed"
    PARTLY = "partly"
    FAILED = "failed"
