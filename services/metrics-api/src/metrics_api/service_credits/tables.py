"""Service credits, with every figure that they were computed from."""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import (
    CheckConstraint,
    Float,
    Identity,
    Index,
    Integer,
    Numeric,
    SmallInteger,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from metrics_api.base import Base


class ServiceCredit(Base):
    """What is due for a period, as it was computed in [recorded_at, ended_at); never rewritten."""

    __tablename__ = "service_credit"
    __table_args__ = (
        Index(
            "uq_service_credit_current",
            "agreement",
            "version",
            "target",
            "service",
            "period",
            unique=True,
            postgresql_where=text("ended_at IS NULL"),
        ),
        Index(None, "service", "period_end"),
        CheckConstraint("(kpi IS NULL) <> (sli IS NULL)", name="promised"),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    agreement: Mapped[str]
    version: Mapped[int] = mapped_column(Integer)
    target: Mapped[str] = mapped_column(comment="its id in the agreement")
    service: Mapped[str]
    period: Mapped[str]
    period_start: Mapped[datetime]
    period_end: Mapped[datetime]
    kpi: Mapped[str | None] = mapped_column(comment="null: an SLI is promised")
    sli: Mapped[str | None]
    priority: Mapped[int | None] = mapped_column(SmallInteger)
    comparator: Mapped[str]
    target_value: Mapped[float] = mapped_column(Float)
    value: Mapped[float | None] = mapped_column(Float)
    count: Mapped[int]
    missed: Mapped[bool | None] = mapped_column(comment="null: there was no figure")
    worse_than: Mapped[float | None] = mapped_column(
        Float, comment="of the tier that decided; null: nothing is due"
    )
    credit: Mapped[Decimal] = mapped_column(Numeric(18, 2))
    basis: Mapped[str] = mapped_column(comment="percent of the charge, or amount")
    currency: Mapped[str | None]
    reason: Mapped[str | None] = mapped_column(comment="why there was no figure")
    recorded_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
