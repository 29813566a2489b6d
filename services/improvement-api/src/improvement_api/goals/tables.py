"""What plans promise of KPIs, and what was measured since."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    Numeric,
    Text,
    Uuid,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from improvement_api.base import Base, text_enum
from improvement_api.goals.rules import Attainability
from improvement_api.periods import Grain
from shared.schemas.metrics import Comparator


class Goal(Base):
    """A goal never changes; what is measured of it is written beside it.

    `baseline_*` is the last full period before it was set, as it was known then; `judgement` is how
    history supports it, with the figures, `reason` why somebody wants it where that does not.
    `last_*` is the newest full period that was looked at, `judged_at` when. `reached_at` is when a
    period was first seen to meet the goal, `missed_at` when it was due and none had.
    """

    __tablename__ = "goal"
    __table_args__ = (
        CheckConstraint(
            "num_nulls(baseline_value, baseline_period, baseline_count) IN (0, 3)", name="baseline"
        ),
        CheckConstraint(
            "attainability <> 'unsupported' OR reason <> ''", name="unsupported_has_reason"
        ),
        Index(None, "plan_id", "created_at", "id"),
        Index(None, "service", "due_on"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    plan_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("improvement.plan.id"))
    service: Mapped[str] = mapped_column(Text)
    kpi: Mapped[str] = mapped_column(Text)
    unit: Mapped[str] = mapped_column(Text)
    grain: Mapped[Grain] = mapped_column(text_enum(Grain, "grain"))
    comparator: Mapped[Comparator] = mapped_column(text_enum(Comparator, "comparator"))
    value: Mapped[Decimal] = mapped_column(Numeric)
    baseline_value: Mapped[Decimal | None] = mapped_column(Numeric)
    baseline_period: Mapped[str | None] = mapped_column(Text)
    baseline_count: Mapped[int | None] = mapped_column(Integer)
    baseline_as_of: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    attainability: Mapped[Attainability] = mapped_column(text_enum(Attainability, "attainability"))
    judgement: Mapped[dict[str, Any]] = mapped_column(JSONB)
    reason: Mapped[str] = mapped_column(Text)
    due_on: Mapped[date] = mapped_column(Date)
    relevant_to: Mapped[str] = mapped_column(Text)
    owner: Mapped[str] = mapped_column(Text)
    reached_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    missed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    last_value: Mapped[Decimal | None] = mapped_column(Numeric)
    last_period: Mapped[str | None] = mapped_column(Text)
    judged_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    created_by: Mapped[str] = mapped_column(Text)
