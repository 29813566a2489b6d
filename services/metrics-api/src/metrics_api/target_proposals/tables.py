"""Proposals of harder targets."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Integer, Numeric, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from metrics_api.base import Base
from metrics_api.target_proposals.rules import ProposalState

STATES = ", ".join(f"'{state.value}'" for state in ProposalState)


class TargetProposal(Base):
    """`last_first_day` is the first day of the newest of the periods that caused it."""

    __tablename__ = "target_proposal"
    __table_args__ = (
        CheckConstraint(f"state IN ({STATES})", name="state"),
        # One open proposal a target, whatever jobs run at once.
        Index(
            "uq_target_proposal_open",
            "target_id",
            unique=True,
            postgresql_where=text("state = 'proposed'"),
        ),
        Index(None, "target_id", "last_first_day"),
        Index(None, "service", "created_at"),
        Index(None, "created_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    target_id: Mapped[UUID]
    service: Mapped[str]
    kpi: Mapped[str]
    comparator: Mapped[str]
    old_value: Mapped[Decimal] = mapped_column(Numeric)
    value: Mapped[Decimal] = mapped_column(Numeric)
    mean: Mapped[float]
    periods: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, comment="period, value, count")
    last_first_day: Mapped[date]
    state: Mapped[str]
    state_since: Mapped[datetime]
    created_at: Mapped[datetime]
    decided_by: Mapped[str | None]
    reason: Mapped[str | None]
    new_target_id: Mapped[UUID | None]
    starts_on: Mapped[date | None]
    revision: Mapped[int] = mapped_column(Integer)
