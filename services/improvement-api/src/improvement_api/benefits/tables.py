"""Guard-rails of plans, and measurements of effects."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Date,
    DateTime,
    Double,
    ForeignKey,
    Index,
    Integer,
    Numeric,
    Text,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from improvement_api.base import Base, text_enum
from improvement_api.benefits.periods import Grain
from improvement_api.benefits.rules import Verdict
from shared.kit.tables import APPEND_ONLY


class GuardRail(Base):
    """A KPI that a plan must not make worse by more than `tolerance`, in the KPI's unit."""

    __tablename__ = "guard_rail"
    __table_args__ = (
        UniqueConstraint("plan_id", "service", "kpi"),
        CheckConstraint("tolerance >= 0", name="tolerance"),
        Index(None, "service"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    plan_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("improvement.plan.id"))
    service: Mapped[str] = mapped_column(Text)
    kpi: Mapped[str] = mapped_column(Text)
    tolerance: Mapped[Decimal] = mapped_column(Numeric)


class Measurement(Base):
    """A measured effect: of an initiative, or on a guard-rail of the plan where it names none.

    `inputs` are all that the result follows from; the same ones of the same subject and method
    are one measurement. `starts_on` and `ends_on` are the intervention as it stood then: one
    that was changed since has yet to be measured. `as_of` is when metrics-api was asked.
    `exploratory` ones, for which somebody chose how to look, decide nothing. `worse_at_least` and
    `worse_at_most` are the interval of the judgement, turned so that more is worse.
    """

    __tablename__ = "measurement"
    __table_args__ = (
        Index(
            "uq_measurement_of_initiative",
            "initiative_id",
            "inputs_hash",
            "method",
            "exploratory",
            unique=True,
            postgresql_where="initiative_id IS NOT NULL",
        ),
        Index(
            "uq_measurement_of_guard_rail",
            "plan_id",
            "service",
            "kpi",
            "inputs_hash",
            "method",
            "exploratory",
            unique=True,
            postgresql_where="initiative_id IS NULL",
        ),
        Index(None, "initiative_id", "measured_at", "id"),
        Index(None, "plan_id", "service", "kpi", "measured_at", "id"),
        CheckConstraint("(verdict = 'inconclusive') = (worse_at_least IS NULL)", name="interval"),
        {"info": APPEND_ONLY},
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    plan_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("improvement.plan.id"))
    initiative_id: Mapped[UUID | None] = mapped_column(
        Uuid, ForeignKey("improvement.initiative.id")
    )
    service: Mapped[str] = mapped_column(Text)
    kpi: Mapped[str] = mapped_column(Text)
    starts_on: Mapped[date] = mapped_column(Date)
    ends_on: Mapped[date] = mapped_column(Date)
    inputs: Mapped[dict[str, Any]] = mapped_column(JSONB)
    inputs_hash: Mapped[str] = mapped_column(Text)
    method: Mapped[str] = mapped_column(Text)
    result: Mapped[dict[str, Any]] = mapped_column(JSONB)
    exploratory: Mapped[bool] = mapped_column(Boolean)
    verdict: Mapped[Verdict] = mapped_column(text_enum(Verdict, "verdict"))
    worse_at_least: Mapped[float | None] = mapped_column(Double)
    worse_at_most: Mapped[float | None] = mapped_column(Double)
    grain: Mapped[Grain] = mapped_column(text_enum(Grain, "grain"))
    look: Mapped[int | None] = mapped_column(Integer)
    judged_on: Mapped[date | None] = mapped_column(Date)
    last_judged_on: Mapped[date] = mapped_column(Date)
    as_of: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    measured_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    measured_by: Mapped[str] = mapped_column(Text)
