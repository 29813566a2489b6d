"""Improvement plans and their initiatives."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    Text,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from improvement_api.base import Base, text_enum
from improvement_api.plans.rules import PlanOutcome, PlanState
from shared.schemas.metrics import InitiativeState


class Plan(Base):
    """`held_from` is the state to which a plan on hold returns.

    `cause` is what opened a plan by itself, with its figures; `cause_key` names it, and one cause
    has one plan. Both are null for plans that people made. `outcome` is computed when a plan is
    closed, with the reasons for it.
    """

    __tablename__ = "plan"
    __table_args__ = (
        CheckConstraint("(state = 'on_hold') = (held_from IS NOT NULL)", name="on_hold"),
        CheckConstraint("(cause IS NULL) = (cause_key IS NULL)", name="cause"),
        CheckConstraint("(state = 'closed') = (outcome IS NOT NULL)", name="closed"),
        CheckConstraint("(outcome IS NULL) = (outcome_reasons IS NULL)", name="outcome_reasons"),
        UniqueConstraint("cause_key"),
        UniqueConstraint("opportunity_id"),
        Index(None, "created_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    title: Mapped[str] = mapped_column(Text)
    problem: Mapped[str] = mapped_column(Text)
    owner: Mapped[str] = mapped_column(Text)
    opportunity_id: Mapped[UUID | None] = mapped_column(
        Uuid, ForeignKey("improvement.opportunity.id")
    )
    objective: Mapped[str | None] = mapped_column(Text)
    cause: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    cause_key: Mapped[str | None] = mapped_column(Text)
    state: Mapped[PlanState] = mapped_column(text_enum(PlanState, "state"))
    held_from: Mapped[PlanState | None] = mapped_column(text_enum(PlanState, "held_from"))
    outcome: Mapped[PlanOutcome | None] = mapped_column(text_enum(PlanOutcome, "outcome"))
    outcome_reasons: Mapped[list[str] | None] = mapped_column(JSONB(none_as_null=True))
    version: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    created_by: Mapped[str] = mapped_column(Text)
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class Initiative(Base):
    """`revision` grows with every change; `pushed_revision` is what metrics-api has."""

    __tablename__ = "initiative"
    __table_args__ = (
        CheckConstraint("ends_on >= starts_on", name="period"),
        CheckConstraint("pushed_revision <= revision", name="pushed_revision"),
        Index(None, "plan_id", "created_at", "id"),
        Index(None, "service", "state"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    plan_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("improvement.plan.id"))
    service: Mapped[str] = mapped_column(Text)
    kpi: Mapped[str] = mapped_column(Text)
    title: Mapped[str] = mapped_column(Text)
    start: Mapped[date] = mapped_column("starts_on", Date)
    end: Mapped[date | None] = mapped_column("ends_on", Date)
    state: Mapped[InitiativeState] = mapped_column(text_enum(InitiativeState, "state"))
    revision: Mapped[int] = mapped_column(Integer)
    pushed_revision: Mapped[int] = mapped_column(Integer)
    push_failure: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    created_by: Mapped[str] = mapped_column(Text)
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
