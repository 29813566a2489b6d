"""Corrections: stretches of time that an error budget is not charged for. Pure."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class CorrectionCategory(StrEnum):
    SCHEDULED_MAINTENANCE = "scheduled_maintenance"
    OUTSIDE_BUSINESS_HOURS = "outside_business_hours"
    DEPLOYMENT = "deployment"
    OTHER = "other"


class CorrectionState(StrEnum):
    REQUESTED = "requested"
    APPROVED = "approved"
    REJECTED = "rejected"
    REVOKED = "revoked"


MOVES: Final[Mapping[CorrectionState, tuple[CorrectionState, ...]]] = {
    CorrectionState.REQUESTED: (CorrectionState.APPROVED, CorrectionState.REJECTED),
    CorrectionState.APPROVED: (CorrectionState.REVOKED,),
    CorrectionState.REJECTED: (),
    CorrectionState.REVOKED: (),
}
