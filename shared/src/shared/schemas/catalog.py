"""Wire models that catalog-api owns and other services read."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from shared.schemas.common import Key, Out, ShortText, Wire


class Stage(StrEnum):
    """Lifecycle stage of a service; `retirement` is terminal."""

    STRATEGY = "strategy"
    DESIGN = "design"
    TRANSITION = "transition"
    OPERATE = "operate"
    IMPROVE = "improve"
    RETIREMENT = "retirement"


class ServiceKind(StrEnum):
    BUSINESS = "business"
    TECHNICAL = "technical"
    PRODUCT = "product"


class Reference(Wire):
    """A service in the words of an ITSM tool; `source` null means any source."""

    source: Key | None = None
    name: ShortText


class ResolveRequest(Wire):
    references: Annotated[list[Reference], Field(max_length=10_000)]


class ResolvedReference(Out):
    source: str | None
    name: str
    service: str | None


class ResolveReply(Out):
    items: list[ResolvedReference]


class ReferenceSnapshot(Out):
    source: str | None
    name: str


class ServiceSnapshot(Out):
    """What other services copy of a service; `revision` grows with every change."""

    key: str
    name: str
    kind: ServiceKind
    portfolio: str
    stage: Stage
    criticality: str | None
    references: list[ReferenceSnapshot]
    revision: int


class TransitionRequest(Wire):
    """`decision` is the compact JWS that improvement-api issued."""

    decision: Annotated[str, Field(min_length=1, max_length=8192)]


class TransitionOut(Out):
    id: str
    service: str
    gate: str
    from_stage: Stage
    to_stage: Stage
    decision: str = Field(description="id of the decision")
    moved_at: datetime
    moved_by: str
    on_behalf_of: str | None
