"""Capability levels and what they need, states of an assessment, gaps and comparisons. Pure."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from hashlib import sha256
from typing import Any, Final

import rfc8785

from shared.errors import Conflict, FieldError, Forbidden, Invalid
from shared.kit.states import Moves, check_state
from shared.schemas.processes import Process

THING: Final = "capability assessment"
HIGHEST: Final = 5


class AssessmentState(StrEnum):
    DRAFT = "draft"
    SUBMITTED = "submitted"
    APPROVED = "approved"


class Verdict(StrEnum):
    """What another person decides on a submitted assessment."""

    APPROVED = "approved"
    RETURNED = "returned"


class Scope(StrEnum):
    """Whose processes were assessed."""

    ORGANISATION = "organisation"
    PORTFOLIO = "portfolio"
    SERVICE = "service"


MOVES: Final[Moves[AssessmentState]] = {
    AssessmentState.DRAFT: (AssessmentState.SUBMITTED,),
    AssessmentState.SUBMITTED: (AssessmentState.APPROVED, AssessmentState.DRAFT),
}


@dataclass(frozen=True)
class Rating:
    """A process with its level, the level it shall reach, and the levels evidence was given for."""

    process: Process
    level: int
    target: int
    shown: Collection[int]

    @property
    def gap(self) -> int:
        return max(self.target - self.level, 0)


@dataclass(frozen=True)
class Change:
    """A process in two assessments; null where one of them did not rate it."""

    process: Process
    before: int | None
    after: int | None

    @property
    def change(self) -> int | None:
        if self.before is None or self.after is None:
            return None
        return self.after - self.before


def check_ratings(ratings: Sequence[Rating]) -> None:
    """A process is rated once, and a level needs evidence for itself and each below (422)."""
    errors = [*_repeated(ratings), *_unshown(ratings)]
    if errors:
        raise Invalid("; ".join(error.detail for error in errors[:3]), errors=errors)


def check_day(assessed_on: date, today: date) -> None:
    """Nobody has assessed anything in the future (422)."""
    if assessed_on > today:
        raise Invalid(
            "assessed_on must not be in the future", code="in_the_future", pointer="/assessed_on"
        )


def check_not_empty(ratings: Collection[Any]) -> None:
    """An assessment without a rating cannot be submitted (409)."""
    if not ratings:
        raise Conflict("The assessment rates no process yet", code="assessment_incomplete")


def check_decision(
    state: AssessmentState, text_hash: str, seen_hash: str, assessors: Collection[str], person: str
) -> None:
    """Only a submitted assessment, in the exact text that was read (409), of others (403)."""
    check_state(THING, state, (AssessmentState.SUBMITTED,), "decided on")
    if seen_hash != text_hash:
        raise Conflict(
            "text_hash is not that of this assessment: read it again before you decide",
            code="text_changed",
            pointer="/text_hash",
        )
    if person in assessors:
        raise Forbidden("Nobody approves an assessment of their own", code="self_approval")


def check_comparable(one: tuple[Scope, str | None], other: tuple[Scope, str | None]) -> None:
    """Only assessments of the same processes show a change (422)."""
    if one != other:
        raise Invalid(
            "The other assessment has another scope: nothing changed from one to the other",
            code="other_scope",
            pointer="/query/with",
        )


def gaps_of(ratings: Sequence[Rating]) -> list[Rating]:
    """The processes below their target, the widest gap first."""
    found = [one for one in ratings if one.gap > 0]
    order = list(Process)
    return sorted(found, key=lambda one: (-one.gap, order.index(one.process)))


def check_gaps(gaps: Collection[Rating]) -> None:
    """What has no gaps needs no remedial plan (409)."""
    if not gaps:
        raise Conflict("Every rated process is at its target or above", code="no_gaps")


def changes_between(before: Sequence[Rating], after: Sequence[Rating]) -> list[Change]:
    """Every process that one of two assessments rated, in the order of the processes."""
    old = {one.process: one.level for one in before}
    new = {one.process: one.level for one in after}
    return [Change(one, old.get(one), new.get(one)) for one in Process if one in old or one in new]


def hash_of(text: Mapping[str, Any]) -> str:
    """SHA-256, in hex, of the RFC 8785 JSON of an assessment."""
    return sha256(rfc8785.dumps(dict(text))).hexdigest()


def _repeated(ratings: Sequence[Rating]) -> Iterator[FieldError]:
    seen: set[Process] = set()
    for place, one in enumerate(ratings):
        if one.process in seen:
            detail = f"{one.process} is rated twice"
            yield FieldError(f"/ratings/{place}/process", detail, "repeated")
        seen.add(one.process)


def _unshown(ratings: Sequence[Rating]) -> Iterator[FieldError]:
    for place, one in enumerate(ratings):
        missing = [level for level in range(1, one.level + 1) if level not in one.shown]
        if missing:
            named = " and ".join(f"level {level}" for level in missing)
            detail = (
                f"{one.process} is said to be at level {one.level} without evidence for {named}"
            )
            yield FieldError(f"/ratings/{place}/evidence", detail, "evidence_missing")
