"""When a retirement plan may be approved, and what keeps a service from retiring."""

from collections.abc import Mapping
from enum import StrEnum


class RetirementState(StrEnum):
    DRAFT = "draft"
    APPROVED = "approved"


# Back to draft to revise it: what is approved does not change.
MOVES: Mapping[RetirementState, tuple[RetirementState, ...]] = {
    RetirementState.DRAFT: (RetirementState.APPROVED,),
    RetirementState.APPROVED: (RetirementState.DRAFT,),
}
