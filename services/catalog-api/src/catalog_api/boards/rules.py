"""When a board can decide, and what its votes come to."""

from enum import StrEnum


class MemberRole(StrEnum):
    """Chair and members vote; the secretary writes the minutes, advisors advise."""

    CHAIR = "chair"
    MEMBER = "member"
    SECRETARY = "secretary"
    ADVISOR = "advisor"


class MeetingState(StrEnum):
    SCHEDULED = "scheduled"
    HELD = "held"
    MINUTED = "minuted"
    CANCELLED = "cancelled"


class Vote(StrEnum):
    FOR = "for"
    AGAINST = "against"
    ABSTAIN = "abstain"


class BoardOutcome(StrEnum):
    ADOPTED = "adopted"
    REJECTED = "rejected"


class Settled(StrEnum):
    """What the outcome rests on; a tie that the chair does not break carries nothing."""

    MAJORITY = "majority"
    CHAIR = "chair"
    TIE = "tie"
