"""States of a service review, when the next is due, and what closes it."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from shared.errors import Conflict, Forbidden


class ReviewState(StrEnum):
    SCHEDULED = "scheduled"
    HELD = "held"
    CLOSED = "closed"


MOVES: Final[Mapping[ReviewState, tuple[ReviewState, ...]]] = {
    ReviewState.SCHEDULED: (ReviewState.HELD,),
    ReviewState.HELD: (ReviewState.CLOSED,),
}


class PackState(StrEnum):
    """Of an ordered pack: not yet made, made, or never to be."""

    PENDING = "pending"
    MADE = "made"
    FAILED = "failed"


class ActionState(StrEnum):
    OPEN = "open"
    DONE = "done"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class Planned:
    """An action as closing looks at it."""

    name: str
    owner: str | None
    due_on: date | None


def next_due(held_on: date, cadence_days: int | None, review_dates: Iterable[date]) -> date | None:
    """When the next review is due: a cadence after this one, or on the first review date of an
    agreement that lies ahead, whichever is earlier; None where neither says anything."""
    ahead = [day for day in review_dates if day > held_on]
    if cadence_days is not None:
        ahead.append(held_on + timedelta(days=cadence_days))
    return min(ahead, default=None)


def hash_of(text: str) -> str:
    """SHA-256, in hex, of a text in UTF-8: what an approval stands by."""
    return hashlib.sha256(text.encode()).hexdigest()


def is_overdue(state: ActionState, due_on: date | None, today: date) -> bool:
    return state is ActionState.OPEN and due_on is not None and due_on < today


def check_may_close(minutes_approved: bool, actions: Iterable[Planned]) -> None:
    """A review ends with approved minutes, and who does what until when (409)."""
    if not minutes_approved:
        raise Conflict(
            "A review is closed with minutes that its chair has approved",
            code="minutes_not_approved",
        )
    lacking = {
        one.name: [part for part in ("owner", "due_on") if getattr(one, part) is None]
        for one in actions
        if one.owner is None or one.due_on is None
    }
    if lacking:
        raise Conflict(
            "Every action needs an owner and a due date before the review is closed",
            code="actions_incomplete",
            actions=lacking,
        )


def check_approver(
    *, subject: str, kind: str, acting_for: str | None, chair: str, seen: str, text_hash: str
) -> None:
    """The chair approves in person (403), and what they have read (409)."""
    if kind != "user" or acting_for is not None:
        raise Forbidden(
            "Only a person can approve, and nobody in their place", code="not_in_person"
        )
    if subject != chair:
        raise Forbidden("Minutes are approved by the chair of the review", code="not_the_chair")
    if seen != text_hash:
        raise Conflict(
            "text_hash is not that of these minutes: read them again before you approve",
            code="minutes_changed",
            pointer="/text_hash",
        )
