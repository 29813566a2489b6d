"""What a continuity plan must satisfy, its states, and how tests and the chain judge it."""

from enum import StrEnum


class ExerciseKind(StrEnum):
    TABLETOP = "tabletop"
    SIMULATION = "simulation"
    FAILOVER = "failover"


class ExerciseResult(StrEnum):
    PASSED = "passed"
    PARTLY = "partly"
    FAILED = "failed"
