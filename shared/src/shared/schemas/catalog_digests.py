"""What improvement-api reads of the catalog's resources: of each the few members that it needs."""

from datetime import date
from decimal import Decimal
from uuid import UUID

from pydantic import Field

from shared.schemas.common import Out


class BoardSeat(Out):
    """A present seat on a board; `chair` and `member` vote."""

    subject: str
    role: str


class BoardQuorum(Out):
    needed: int = Field(description="voters that a decision needs now")


class BoardGate(Out):
    gate: str
    portfolio: str | None = Field(description="null: wherever no board is named")


class BoardSummary(Out):
    """What others need to know of a board: who votes now, and on what."""

    key: str
    quorum: BoardQuorum
    members: list[BoardSeat]
    voting_members: list[str]
    decides: list[BoardGate]
    ended_on: date | None


class Ceiling(Out):
    """What the known figures of dependencies allow at most; null: none is known."""

    bound: float | None


class ServiceCeilings(Out):
    """Availability is a ratio from 0 to 1."""

    availability: Ceiling


class PracticeSummary(Out):
    """What others need to know of a practice."""

    key: str
    title: str
    kind: str
    process: str


class ObjectiveSummary(Out):
    """What others need to know of an objective; it is worked towards while it is `active`."""

    key: str
    name: str
    state: str


class VitalActivitySummary(Out):
    """What others need to know of a vital activity."""

    key: str
    name: str
    active: bool


class CostFigure(Out):
    """A sum of money, or null and why there is none."""

    value: Decimal | None
    reason: str | None


class MonthCost(Out):
    """What a service cost in a month: `full` with what it uses of its providers (TCO)."""

    month: str = Field(examples=["2026-03"])
    full: CostFigure


class CostTrend(Out):
    """The part of a service's cost trend that business cases start from."""

    service: str
    currency: str | None
    months: list[MonthCost]


class PortfolioSummary(Out):
    """What others need of a portfolio: that it is there, and its name."""

    key: str
    name: str


class RequirementSummary(Out):
    """What a customer needs of a service, as improvement-api shows it beside its feedback."""

    id: UUID
    service: str
    statement: str
    state: str
