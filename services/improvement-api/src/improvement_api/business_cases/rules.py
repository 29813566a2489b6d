"""States of a business case, the hash of its exact text, and who may decide on it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Any, Final

import rfc8785

from shared.errors import Conflict, Forbidden
from shared.kit.states import Moves, check_state

THING: Final = "business case"


class CaseState(StrEnum):
    """Rules, "States": draft → submitted → approved or rejected; rejected → draft."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    APPROVED = "approved"
    REJECTED = "rejected"


class Verdict(StrEnum):
    """What somebody decides on a submitted business case."""

    APPROVED = "approved"
    REJECTED = "rejected"


# Approving and rejecting is somebody else's decision; the other moves are the authors'.
MOVES: Final[Moves[CaseState]] = {
    CaseState.DRAFT: (CaseState.SUBMITTED,),
    CaseState.SUBMITTED: (CaseState.APPROVED, CaseState.REJECTED),
    CaseState.REJECTED: (CaseState.DRAFT,),
}


def hash_of(text: Mapping[str, Any]) -> str:
    """SHA-256, in hex, of the RFC 8785 JSON of a text with the costs it was reckoned with."""
    return sha256(rfc8785.dumps(dict(text))).hexdigest()


@dataclass(frozen=True)
class Submitted:
    """A case that waits for a decision, and who has a hand in it."""

    state: CaseState
    text_hash: str
    authors: Collection[str]


def check_decision(case: Submitted, person: str, seen_hash: str) -> None:
    """Only a submitted case, in the exact text that was read (409), of somebody else (403)."""
    check_state(THING, case.state, (CaseState.SUBMITTED,), "decided on")
    if seen_hash != case.text_hash:
        raise Conflict(
            "text_hash is not that of this business case: read it again before you decide",
            code="text_changed",
            pointer="/text_hash",
        )
    if person in case.authors:
        raise Forbidden(
            "Nobody decides on a business case that they wrote or submitted", code="self_approval"
        )


def check_complete(missing: Collection[str]) -> None:
    """A case with gaps cannot be submitted (409, naming them)."""
    if missing:
        raise Conflict(
            f"The business case is not complete: {'; '.join(missing)}",
            code="business_case_incomplete",
            missing=list(missing),
        )


def check_present(has_approved: bool, act: str) -> None:
    """What needs an approved business case of the plan is refused without one (409)."""
    if not has_approved:
        raise Conflict(
            f"{act} needs an approved business case of the plan: write one under its"
            " business-cases and have it approved",
            code="business_case_required",
        )
