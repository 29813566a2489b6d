"""What a practice is, and how far a service has taken it up."""

from enum import StrEnum


class PracticeKind(StrEnum):
    """A worst practice is a warning: to adopt it is to avoid what it describes."""

    BETTER = "better"
    WORST = "worst"


class Adoption(StrEnum):
    ADOPTED = "adopted"
    PLANNED = "planned"
    NOT_APPLICABLE = "not_applicable"
