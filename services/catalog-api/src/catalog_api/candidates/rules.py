"""How well a vendor's product meets a strategy's requirements, and when it may be chosen."""

from collections.abc import Mapping
from enum import StrEnum


class CandidateState(StrEnum):
    OPEN = "open"
    SELECTED = "selected"
    REJECTED = "rejected"


MOVES: Mapping[CandidateState, tuple[CandidateState, ...]] = {
    CandidateState.OPEN: (CandidateState.SELECTED, CandidateState.REJECTED),
    CandidateState.SELECTED: (),
    CandidateState.REJECTED: (),
}
