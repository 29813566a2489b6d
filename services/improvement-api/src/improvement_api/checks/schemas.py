"""Badges and scorecards on the wire."""

from datetime import datetime
from typing import Any

from pydantic import Field

from shared.kit.etag import ETAG_HEADER
from shared.schemas.catalog import Stage
from shared.schemas.common import FactValue, Out
from shared.schemas.improvement import (
    CriterionKind,
    Gate,
    Outcome,
    SignatureOut,
    Standing,
    Verdict,
    WaiverNote,
)


class BadgeTokenOut(Out):
    """A token that shows one badge, of one service at one gate, and nothing else."""

    id: str
    service: str
    gate: Gate
    created_at: datetime
    created_by: str
    revoked_at: datetime | None
    revoked_by: str | None


class BadgeTokenCreated(BadgeTokenOut):
    token: str = Field(description="shown this once")
    url: str = Field(description="path and query of the badge, to put behind this service's URL")


class ScorecardCriterion(Out):
    """What a gate asks, what came out, and what to do about it."""

    id: str
    kind: CriterionKind
    title: str
    required: bool
    weight: float
    why: str = Field(description="why this is asked")
    how: str = Field(description="how to satisfy it")
    outcome: Outcome | None = Field(description="null: there is no evaluation yet")
    reason: str | None
    facts: dict[str, FactValue] = Field(description="the facts the criterion saw, by name")
    signatures: list[SignatureOut]
    waiver: WaiverNote | None = Field(description="what made a fail this warning, until it expires")


class ScorecardGate(Out):
    """A gate with the evaluation that stands there; without one, with what the gate asks now."""

    gate: Gate
    gate_version: int = Field(description="of the evaluation; without one, the one in force")
    newest_version: int
    from_stages: list[Stage]
    to_stage: Stage
    ahead: bool | None = Field(
        description="the service is at a stage it leads from; null: the catalog was not reached"
    )
    decided_by: str | None = Field(description="role whose holders decide")
    board: str | None = Field(description="board of the catalog whose votes decide")
    evaluation: str | None
    verdict: Verdict | None
    score: float | None = Field(description="0 to 1; null where the weights sum to 0")
    standing: Standing | None
    evaluated_at: datetime | None
    evaluated_by: str | None
    expires_at: datetime | None
    criteria: list[ScorecardCriterion]


class Scorecard(Out):
    """All six gates of a service, in the order of its life."""

    service: str
    name: str | None = Field(description="null: the catalog was not reached")
    stage: Stage | None
    made_at: datetime
    gates: list[ScorecardGate]


SVG: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The badge",
        "content": {"image/svg+xml": {"schema": {"type": "string"}}},
        "headers": ETAG_HEADER,
    },
    304: {"description": "The badge has not changed"},
}
PAGE_ONLY: dict[str, Any] = {
    "description": "A page that needs nothing but itself",
    "content": {"text/html": {"schema": {"type": "string"}}},
}
PAGE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "As JSON, or as a page that needs nothing but itself",
        "content": {"text/html": {"schema": {"type": "string"}}},
    }
}
"""Replies that are documents, as the contract describes them."""
