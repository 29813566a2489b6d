"""What a decision states, how the log is chained, and what the catalog's answer means."""

import hashlib
from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import Any

import rfc8785

from improvement_api.evaluations.rules import PERMITTING, Assessment
from improvement_api.gates.rules import stages_of
from shared.errors import Conflict
from shared.schemas.catalog import Stage
from shared.schemas.improvement import Gate, Outcome

STATEMENT_TYPE = "tollgate-decision+jwt"
FIRST_PREV_HASH = "0" * 64


class DeliveryState(StrEnum):
    """Whether the stage was moved: not yet, done, or never (the catalog refused)."""

    PENDING = "pending"
    APPLIED = "applied"
    REFUSED = "refused"


def canonical(entry: Mapping[str, Any]) -> str:
    """The RFC 8785 text of a log entry, which is what its hash covers."""
    return rfc8785.dumps(dict(entry)).decode()


def chained_hash(prev_hash: str, entry: str) -> str:
    """SHA-256, in hex, of the hash before (64 hex digits) followed by the entry's text."""
    return hashlib.sha256((prev_hash + entry).encode()).hexdigest()


def unmet(assessment: Assessment) -> list[dict[str, str]]:
    """The criteria that are neither pass nor warning, with outcome and reason."""
    return [
        {"id": name, "outcome": result.outcome.value, "reason": result.reason}
        for name, result in assessment.results.items()
        if result.outcome not in (Outcome.PASS, Outcome.WARNING)
    ]


def check_verdict(assessment: Assessment) -> None:
    """Only a verdict that permits is decided (409, with every criterion that is not met)."""
    if assessment.verdict not in PERMITTING:
        raise Conflict(
            f"The verdict is {assessment.verdict.value}",
            code="gate_not_passed",
            verdict=assessment.verdict.value,
            unmet=unmet(assessment),
        )


def check_second_person(person: str, signers: Collection[str]) -> None:
    """Who has signed in one role does not decide in another (409)."""
    if person in signers:
        raise Conflict(
            "You have signed this evaluation: somebody else has to decide",
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


def next_entry(
    last: tuple[int, str] | None, statement: Mapping[str, Any]
) -> tuple[int, str, str, str]:
    """Number, text, hash before and hash of the log entry that follows `last` (number, hash)."""
    seq, prev_hash = (0, FIRST_PREV_HASH) if last is None else last
    entry = canonical({**statement, "seq": seq + 1})
    return seq + 1, entry, prev_hash, chained_hash(prev_hash, entry)
