"""Continuity plans by version, and the tests of the approved ones."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    Date,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    Numeric,
    SmallInteger,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from catalog_api.base import Base, Revised, text_enum
from catalog_api.continuity.rules import ExerciseKind, ExerciseResult
from catalog_api.plans.rules import PlanState
from shared.kit.tables import APPEND_ONLY


class ContinuityPlan(Revised, Base):
    """A version of a service's continuity plan; an approved one never changes its text."""

    __tablename__ = "continuity_plan"
    __table_args__ = (
        CheckConstraint("tier BETWEEN 1 AND 4", name="tier"),
        CheckConstraint("rpo_hours >= 0 AND rto_hours BETWEEN 0 AND mtpd_hours", name="hours"),
        Index(
            "uq_continuity_plan_approved",
            "service_key",
            unique=True,
            postgresql_where=text("state = 'approved'"),
        ),
        Index(
            "uq_continuity_plan_open",
            "service_key",
            unique=True,
            postgresql_where=text("state IN ('draft', 'in_review')"),
        ),
    )

    service_key: Mapped[str] = mapped_column(
        Text, ForeignKey("catalog.service.key"), primary_key=True
    )
    version: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    state: Mapped[PlanState] = mapped_column(text_enum(PlanState, "state"))
    tier: Mapped[int] = mapped_column(SmallInteger)
    rto_hours: Mapped[Decimal] = mapped_column(Numeric(10, 2))
    rpo_hours: Mapped[Decimal] = mapped_column(Numeric(10, 2))
    mtpd_hours: Mapped[Decimal] = mapped_column(Numeric(10, 2))
    strategy: Mapped[str] = mapped_column(Text)
    steps: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    contacts: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    test_cadence_days: Mapped[int] = mapped_column(Integer)
    # Everybody who wrote a part of this version: none of them approves it.
    authors: Mapped[list[str]] = mapped_column(ARRAY(Text))
    text_hash: Mapped[str] = mapped_column(Text)
    approved_by: Mapped[str | None] = mapped_column(Text)
    approved_as: Mapped[str | None] = mapped_column(Text)
    approved_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class ContinuityTest(Base):
    """A test of an approved plan and what it showed; never changed afterwards."""

    __tablename__ = "continuity_test"
    __table_args__ = (
        ForeignKeyConstraint(
            ["service_key", "plan_version"],
            ["catalog.continuity_plan.service_key", "catalog.continuity_plan.version"],
        ),
        CheckConstraint("achieved_rto_hours >= 0 AND achieved_rpo_hours >= 0", name="achieved"),
        Index(None, "service_key", "performed_on", "id"),
        {"info": APPEND_ONLY},
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    service_key: Mapped[str] = mapped_column(Text)
    plan_version: Mapped[int] = mapped_column(Integer)
    performed_on: Mapped[date] = mapped_column(Date)
    kind: Mapped[ExerciseKind] = mapped_column(text_enum(ExerciseKind, "kind"))
    result: Mapped[ExerciseResult] = mapped_column(text_enum(ExerciseResult, "result"))
    achieved_rto_hours: Mapped[Decimal | None] = mapped_column(Numeric(10, 2))
    achieved_rpo_hours: Mapped[Decimal | None] = mapped_column(Numeric(10, 2))
    findings: Mapped[str] = mapped_column(Text)
    evidence_uri: Mapped[str | None] = mapped_column(Text)
    recorded_by: Mapped[str] = mapped_column(Text)
    recorded_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
