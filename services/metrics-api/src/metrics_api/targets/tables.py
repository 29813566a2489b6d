"""Targets as they are now, and every version of them ever recorded."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, Index, Integer, Numeric, Text
from sqlalchemy.orm import Mapped, mapped_column

from metrics_api.base import Base
from metrics_api.indicators.periods import Grain
from shared.schemas.metrics import Comparator, KpiId

KPIS = ", ".join(f"'{kpi.value}'" for kpi in KpiId)
COMPARATORS = ", ".join(f"'{comparator.value}'" for comparator in Comparator)
GRAINS = ", ".join(f"'{grain.value}'" for grain in Grain)


class Target(Base):
    """`valid_from` and `valid_to` are its first and last day."""

    __tablename__ = "target"
    __table_args__ = (
        CheckConstraint(f"kpi IN ({KPIS})", name="kpi"),
        CheckConstraint(f"comparator IN ({COMPARATORS})", name="comparator"),
        CheckConstraint(f"period IN ({GRAINS})", name="period"),
        # The day before valid_from: ended before it began, so that it never held.
        CheckConstraint("valid_to >= valid_from - 1", name="valid_to"),
        Index(None, "service", "kpi", "valid_from"),
        Index(None, "kpi", "period", "timezone", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    service: Mapped[str]
    kpi: Mapped[str]
    comparator: Mapped[str]
    value: Mapped[Decimal] = mapped_column(Numeric, comment="in the unit of the KPI")
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    period: Mapped[str] = mapped_column(Text, server_default="month")
    timezone: Mapped[str] = mapped_column(Text, server_default="UTC")
    owner: Mapped[str | None]
    version: Mapped[int] = mapped_column(Integer)
    recorded_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    recorded_by: Mapped[str]


class TargetVersion(Base):
    """What a target said from `recorded_at` until its next version, for as-of answers."""

    __tablename__ = "target_version"
    __table_args__ = ({"info": {"append_only": True}},)

    target_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True)
    service: Mapped[str]
    kpi: Mapped[str]
    comparator: Mapped[str]
    value: Mapped[Decimal] = mapped_column(Numeric)
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    period: Mapped[str] = mapped_column(Text, server_default="month")
    timezone: Mapped[str] = mapped_column(Text, server_default="UTC")
    owner: Mapped[str | None]
    recorded_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    recorded_by: Mapped[str]
