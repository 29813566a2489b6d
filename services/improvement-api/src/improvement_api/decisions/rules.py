"""What a decision states, how the log is chained, and what the catalog's answer means."""

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import rfc8785

from improvement_api.evaluations.rules import PERMITTING, Assessment
from improvement_api.gates.rules import Criterion, stages_of
from shared.errors import Conflict
from shared.schemas.catalog import Stage
from shared.schemas.improvement import Gate, Outcome

STATEMENT_TYPE = "tollgate-decision+jwt"
BEFORE_THE_FIRST = (0, "0" * 64)
"""Number and hash that the first entry of the log follows."""


class DeliveryState(StrEnum):
    """Whether the stage was moved: not yet, done, or never (the catalog refused)."""

    PENDING = "pending"
    APPLIED = "applied"
    REFUSED = "refused"


@dataclass(frozen=True)
class Link:
    """An entry of the log: its number, its text, and the hashes that chain it."""

    seq: int
    entry: str
    prev_hash: str
    hash: str


def canonical(entry: Mapping[str, Any]) -> str:
    """The RFC 8785 text of a log entry, which is what its hash covers."""
    return rfc8785.dumps(dict(entry)).decode()


def chained_hash(prev_hash: str, entry: str) -> str:
    """SHA-256, in hex, of the hash before (64 hex digits) followed by the entry's text."""
    return hashlib.sha256((prev_hash + entry).encode()).hexdigest()


def unmet(assessment: Assessment, criteria: Iterable[Criterion]) -> list[dict[str, str]]:
    """The criteria that are neither pass nor warning, with outcome, reason and what to do."""
    results = ((criterion, assessment.results[criterion.id]) for criterion in criteria)
    return [
        {
            "id": criterion.id,
            "title": criterion.title,
            "outcome": result.outcome.value,
            "reason": result.reason,
            "how": criterion.how,
        }
        for criterion, result in results
        if result.outcome not in (Outcome.PASS, Outcome.WARNING)
    ]


def check_verdict(assessment: Assessment, criteria: Iterable[Criterion]) -> None:
    """Only a verdict that permits is decided (409, with every criterion that is not met)."""
    if assessment.verdict not in PERMITTING:
        raise Conflict(
            f"The verdict is {assessment.verdict.value}",
            code="gate_not_passed",
            verdict=assessment.verdict.value,
            unmet=unmet(assessment, criteria),
        )


def check_second_person(person: str, signers: Collection[str]) -> None:
    """Who stands behind a signature, by a delegation too, does not decide as well (409)."""
    if person in signers:
        raise Conflict(
            "You have signed this evaluation, or somebody in your place: others have to decide",
            code="signer_cannot_decide",
        )


def check_stage(gate: Gate, stage: Stage) -> None:
    """The gate must stand where the service is (409)."""
    from_stages, _ = stages_of(gate)
    if stage not in from_stages:
        raise Conflict(
            f"The service is at {stage.value}, and {gate.value} leads from"
            f" {', '.join(sorted(from_stages))}",
            code="stage_does_not_fit",
            stage=stage.value,
            from_stages=sorted(from_stages),
        )


def next_entry(last: tuple[int, str] | None, statement: Mapping[str, Any]) -> Link:
    """The log entry that follows `last` (number, hash) and says `statement`."""
    seq, prev_hash = BEFORE_THE_FIRST if last is None else last
    entry = entry_text(statement, seq + 1)
    return Link(seq + 1, entry, prev_hash, chained_hash(prev_hash, entry))


def entry_text(statement: Mapping[str, Any], seq: int) -> str:
    """What entry number `seq` says: its statement with its number, as RFC 8785 JSON."""
    return canonical({**statement, "seq": seq})


def check_no_board(board: str | None) -> None:
    """Where a board decides, nobody does alone (409, with the way to go)."""
    if board is not None:
        raise Conflict(
            f"The board {board} decides at this gate: its members vote,"
            " POST /v1/evaluations/{id}/votes",
            code="board_decides",
            board=board,
        )


class Flaw(StrEnum):
    """What can be wrong with the log."""

    ENTRY_MISSING = "entry_missing"
    LINK_BROKEN = "link_broken"
    ENTRY_ALTERED = "entry_altered"
    RECORD_MISSING = "record_missing"
    RECORD_ALTERED = "record_altered"
    STATEMENT_FORGED = "statement_forged"
    SIGNATURES_ALTERED = "signatures_altered"
    NOT_LOGGED = "not_logged"
    CHECKPOINT_MISSED = "checkpoint_missed"


@dataclass(frozen=True)
class Break:
    """The first place where the log does not hold; `seq` is the entry, None: of the log's end."""

    seq: int | None
    flaw: Flaw
    reason: str


def check_link(before: tuple[int, str], link: Link) -> Break | None:
    """Whether an entry follows the one before (number, hash), and hashes to what it says."""
    seq = before[0] + 1
    if link.seq != seq:
        return Break(seq, Flaw.ENTRY_MISSING, f"there is no entry {seq}, but {link.seq}")
    if link.prev_hash != before[1]:
        reason = "prev_hash is not the hash of the entry before"
        return Break(seq, Flaw.LINK_BROKEN, reason)
    if link.hash != chained_hash(link.prev_hash, link.entry):
        reason = "hash is not that of prev_hash and entry"
        return Break(seq, Flaw.ENTRY_ALTERED, reason)
    return None


@dataclass(frozen=True)
class Checkpoint:
    """What somebody noted of the log earlier: it had so many entries, the last with this hash."""

    count: int | None = None
    head: str | None = None


def check_checkpoint(noted: Checkpoint, count: int, hash_there: str | None) -> Break | None:
    """Whether a log of `count` entries still holds what was noted.

    `hash_there` is the hash of entry number `noted.count`, or without it `noted.head` if any entry
    has it. A chain alone cannot show that its end was cut off, or that all of it was written anew.
    """
    if noted.count is not None and count < noted.count:
        reason = f"the log had {noted.count} entries and has {count}"
        return Break(None, Flaw.ENTRY_MISSING, reason)
    if noted.head is not None and hash_there != noted.head:
        where = "no entry has it" if noted.count is None else f"entry {noted.count} has another"
        reason = f"the log ended in the hash {noted.head}, and now {where}"
        return Break(noted.count, Flaw.CHECKPOINT_MISSED, reason)
    return None
