"""What plans promise of KPIs, and what was measured since."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import CheckConstraint, Date, DateTime, ForeignKey, Index, Numeric, Text, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from improvement_api.base import Base, text_enum
from shared.schemas.metrics import Comparator


class Goal(Base):
    """A goal never changes; what is measured of it is written beside it.

    `baseline_*` is the last full period before it was set. `last_*` is the newest full period that
    was looked at, `judged_at` when; `reached_at` when a period first met the goal.
    """

    __tablename__ = "goal"
    __table_args__ = (
        CheckConstraint("(baseline_value IS NULL) = (baseline_period IS NULL)", name="baseline"),
        Index(None, "plan_id", "created_at", "id"),
        Index(None, "service", "due_on"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    plan_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("improvement.plan.id"))
    service: Mapped[str] = mapped_column(Text)
    kpi: Mapped[str] = mapped_column(Text)
    comparator: Mapped[Comparator] = mapped_column(text_enum(Comparator, "comparator"))
    value: Mapped[Decimal] = mapped_column(Numeric)
    baseline_value: Mapped[Decimal | None] = mapped_column(Numeric)
    baseline_period: Mapped[str | None] = mapped_column(Text)
    due_on: Mapped[date] = mapped_column(Date)
    relevant_to: Mapped[str] = mapped_column(Text)
    owner: Mapped[str] = mapped_column(Text)
    reached_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    last_value: Mapped[Decimal | None] = mapped_column(Numeric)
    last_period: Mapped[str | None] = mapped_column(Text)
    judged_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    created_by: Mapped[str] = mapped_column(Text)
