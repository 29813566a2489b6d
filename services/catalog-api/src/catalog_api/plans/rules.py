"""When a plan version moves, who approves it, and what a plan of each kind must hold."""

from collections.abc import Collection, Mapping
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
