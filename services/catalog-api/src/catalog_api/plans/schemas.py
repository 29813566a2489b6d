"""Plan versions on the wire."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import ConfigDict, Field, StringConstraints
from pydantic.config import JsonDict

from catalog_api.fields import HASH_EXAMPLE
from catalog_api.plans.rules import PlanKind, PlanState
from catalog_api.plans.texts import PlanText
from shared.schemas.catalog import Role
from shared.schemas.common import Out, Reason, Wire

_EXAMPLE: JsonDict = {
    "text": {
        "kind": "strategy",
        "why": "People work anywhere.",
        "outcomes": ["Nobody waits for the network"],
        "objectives": ["fewer-interruptions"],
        "target_customers": ["sales"],
        "available_from": "2026-09-30",
        "requirements": [],
    }
}

PlanHash = Annotated[
    str,
    StringConstraints(pattern=r"^[0-9a-f]{64}$"),
    Field(
        description="SHA-256 of the RFC 8785 JSON of the text, in hexadecimal",
        examples=[HASH_EXAMPLE],
    ),
]


class PlanVersionWrite(Wire):
    """The whole text; its kind is that of the path."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    text: PlanText
    approver_roles: (
        Annotated[list[Role], Field(min_length=1, max_length=10, examples=[["service_owner"]])]
        | None
    ) = Field(
        None,
        description="roles that approve it, each by another person; absent: portfolio_manager for"
        " a strategy and for plans of portfolios, else service_owner",
    )


class PlanReturn(Wire):
    reason: Reason = Field(description="what has to change", examples=["The cost is missing."])


class PlanApprove(Wire):
    """`text_hash` is the one of the text that was read."""

    text_hash: PlanHash
    role: Role | None = Field(None, description="absent: the first missing role that you hold")


class PlanApprovalOut(Out):
    role: str
    approved_by: str
    text_hash: str
    approved_at: datetime


class PlanVersionOut(Out):
    """One version; exactly one of `service` and `portfolio` is set."""

    id: UUID
    service: str | None
    portfolio: str | None
    kind: PlanKind
    version: int
    state: PlanState
    text: PlanText
    text_hash: str
    approver_roles: list[str]
    approvals: list[PlanApprovalOut] = Field(description="of the present or last review")
    missing_approvals: list[str] = Field(description="roles that have not approved yet")
    authors: list[str] = Field(description="who wrote it, and so does not approve it")
    return_reason: str | None
    submitted_at: datetime | None
    approved_at: datetime | None
    superseded_at: datetime | None
    revision: int
    created_at: datetime
    updated_at: datetime


class PlansInForce(Out):
    """The approved version of each kind; null where none is."""

    strategy: PlanVersionOut | None
    roadmap: PlanVersionOut | None
    targets: PlanVersionOut | None


class PlanDifference(Out):
    pointer: str = Field(
        description="into the text; items of a list are named by their id",
        examples=["/items/single-sign-on/status"],
    )
    before: Any
    after: Any


class PlanComparison(Out):
    """What changed from the version `against` to `version`."""

    version: int
    against: int
    changes: list[PlanDifference]
