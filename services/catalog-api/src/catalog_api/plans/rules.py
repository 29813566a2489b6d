"""When a plan version moves, who approves it, and what a plan of each kind must hold."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Any

import rfc8785

from shared.errors import Conflict, Forbidden

PORTFOLIO_MANAGER = "portfolio_manager"
SERVICE_OWNER = "service_owner"


class PlanKind(StrEnum):
    """Targets are a kind of their own: they change every year, the strategy does not."""

    STRATEGY = "strategy"
    ROADMAP = "roadmap"
    TARGETS = "targets"


class PlanState(StrEnum):
    DRAFT = "draft"
    IN_REVIEW = "in_review"
    APPROVED = "approved"
    SUPERSEDED = "superseded"


class ItemStatus(StrEnum):
    """How far a capability of the roadmap is."""

    PLANNED = "planned"
    IN_PROGRESS = "in_progress"
    DONE = "done"
    DROPPED = "dropped"


MOVES: Mapping[PlanState, tuple[PlanState, ...]] = {
    PlanState.DRAFT: (PlanState.IN_REVIEW,),
    PlanState.IN_REVIEW: (PlanState.APPROVED, PlanState.DRAFT),
    PlanState.APPROVED: (PlanState.SUPERSEDED,),
    PlanState.SUPERSEDED: (),
}
# The text may change in this state only; an approved one never does.
EDITABLE = (PlanState.DRAFT,)
OPEN = (PlanState.DRAFT, PlanState.IN_REVIEW)

_NEEDED: Mapping[PlanKind, tuple[str, ...]] = {
    PlanKind.STRATEGY: ("why", "outcomes", "objectives", "target_customers", "available_from"),
    PlanKind.ROADMAP: ("items",),
    PlanKind.TARGETS: ("quality_targets", "critical_success_factors"),
}
# A portfolio is no offer of its own: its services say for whom and when.
_OF_SERVICES_ONLY = {"target_customers", "available_from"}


def default_approvers(kind: PlanKind, *, of_service: bool) -> list[str]:
    """Roles that approve a plan which names none: who answers for what it promises."""
    if kind is PlanKind.STRATEGY or not of_service:
        return [PORTFOLIO_MANAGER]
    return [SERVICE_OWNER]


def missing_parts(text: Mapping[str, Any], *, of_service: bool) -> list[str]:
    """What a plan still lacks before it can be reviewed."""
    needed = _NEEDED[PlanKind(text["kind"])]
    return [
        part for part in needed if not text[part] and (of_service or part not in _OF_SERVICES_ONLY)
    ]


def hash_of(text: Mapping[str, Any]) -> str:
    """SHA-256, in hexadecimal, of the canonical JSON (RFC 8785) of a text."""
    return sha256(rfc8785.dumps(dict(text))).hexdigest()


@dataclass(frozen=True)
class Review:
    """A version that is being reviewed; `given` maps each role to who approved it already."""

    text_hash: str
    roles: Sequence[str]
    authors: Collection[str]
    given: Mapping[str, str]


@dataclass(frozen=True)
class Approver:
    """Who approves: the roles they hold, the hash of the text they saw, the role they act in."""

    person: str
    roles: Collection[str]
    seen_hash: str
    role: str | None


def check_approval(review: Review, approver: Approver) -> str:
    """The role for which this approval counts; 403 and 409 say why it does not."""
    _check_text(review, approver.seen_hash)
    _check_person(review, approver.person)
    wanted = [approver.role] if approver.role is not None else unapproved(review)
    if approver.role is not None and approver.role not in review.roles:
        raise Conflict(
            f"This version is not approved by a {approver.role}",
            code="role_not_asked",
            allowed=unapproved(review),
        )
    if approver.role in review.given:
        raise Conflict(
            f"{approver.role} has approved this version already",
            code="approved_already",
            allowed=unapproved(review),
        )
    held = [role for role in wanted if role in approver.roles]
    if not held:
        raise Forbidden(
            f"To approve this version needs the role {' or '.join(wanted)}",
            code="role_missing",
            missing_role=wanted,
        )
    return held[0]


def unapproved(review: Review) -> list[str]:
    """Roles that have not approved yet, in the order they are named."""
    return [role for role in review.roles if role not in review.given]


def _check_text(review: Review, seen_hash: str) -> None:
    if seen_hash != review.text_hash:
        raise Conflict(
            "The text is another one than you saw: read it again",
            code="text_changed",
            text_hash=review.text_hash,
        )


def _check_person(review: Review, person: str) -> None:
    if person in review.authors:
        raise Forbidden("Nobody approves a text of their own", code="self_approval")
    if person in review.given.values():
        raise Conflict(
            f"{person} has approved this version already, in another role:"
            " each role is another person",
            code="approved_already",
            allowed=unapproved(review),
        )
