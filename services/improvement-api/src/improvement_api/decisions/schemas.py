"""Decisions on the wire."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import ConfigDict, Field

from improvement_api.decisions.rules import DeliveryState, Flaw
from shared.schemas.catalog import Stage
from shared.schemas.common import LongText, Out, Wire
from shared.schemas.improvement import Gate, Outcome, Verdict


class DecisionCreate(Wire):
    """Decide on the evaluation that stands."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"evaluation": "5f0c8f52-6f0e-4f8e-9a55-0a8f7d5c2b11", "comment": "Go"}]
        }
    )

    evaluation: UUID
    comment: LongText = Field("", description="what the board wants remembered")


class FrozenCriterion(Out):
    id: str
    outcome: Outcome
    reason: str
    waiver: str | None = Field(description="the waiver that made a fail this warning")


class FrozenSignature(Out):
    """A signature that counted when the decision was made."""

    criterion: str
    role: str
    signed_by: str
    on_behalf_of: str | None = Field(description="holder of the role who delegated it, if any")
    signed_at: datetime


class CountedVote(Out):
    """A vote that counted when the board decided."""

    voter: str
    choice: str = Field(description="approve, reject or abstain")
    comment: str
    voted_at: datetime


class DecisionOut(Out):
    """A decision; it never changes, only its delivery to the catalog does."""

    id: str
    service: str
    gate: Gate
    gate_version: int
    from_stage: Stage
    to_stage: Stage
    evaluation: str
    verdict: Verdict = Field(description="frozen at the decision")
    score: float | None
    criteria: list[FrozenCriterion]
    signatures: list[FrozenSignature] | None = Field(
        description="those that counted; null: of a decision that was made before they were kept"
        " with it, see the evaluation's"
    )
    facts_hash: str | None = Field(
        description="that they were given on; null where `signatures` is"
    )
    comment: str
    decided_by: str = Field(description="the person; `board:` and its key where a board decided")
    board: str | None = Field(description="the board, where one decided")
    votes: list[CountedVote] | None = Field(description="the votes that counted, where one did")
    decided_at: datetime
    statement: str = Field(description="the signed decision: a compact JWS that the catalog checks")
    delivery: DeliveryState = Field(description="whether the catalog has moved the stage")
    delivery_attempts: int
    delivery_reason: str | None = Field(description="why it was refused, or is still pending")


class LogEntryOut(Out):
    """An entry of the hash-chained log: what was decided, or rejected by a board."""

    seq: int = Field(description="from 1, without gaps")
    decision: str | None
    rejection: str | None = Field(description="of a board, which moves nothing")
    entry: str = Field(description="RFC 8785 JSON, which the hash covers")
    prev_hash: str = Field(description="hash of the entry before; 64 zeros at first")
    hash: str = Field(description="SHA-256, in hex, of prev_hash followed by entry")


class LogExportEnd(Out):
    """The last line of an export: a file without it was cut short."""

    entries: int = Field(description="lines before this one")
    head: str | None = Field(description="hash of the last entry; null: there is none")
    keys: list[dict[str, Any]] = Field(
        description="public keys (RFC 7517) that signed the `statement` in the entries of decisions"
    )
    exported_at: datetime


class BreakOut(Out):
    """The first place where the log does not hold."""

    seq: int | None = Field(description="number of the entry; null: beyond the last one")
    flaw: Flaw
    reason: str


class VerificationOut(Out):
    """How far the log holds. Note `count` and `head`, and send them at the next verification."""

    intact: bool
    count: int = Field(description="entries that hold, from the first one on")
    head: str | None = Field(description="hash of the last of them; null: there is none")
    broken: BreakOut | None
    verified_at: datetime


class Jwks(Out):
    """RFC 7517 key set."""

    keys: list[dict[str, Any]]
