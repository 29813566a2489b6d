"""Benchmarks of the industry beside which a service is set."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import CheckConstraint, Date, DateTime, ForeignKey, Index, Numeric, Text, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from catalog_api.base import Base, text_enum
from catalog_api.benchmarks.rules import Measure


class Benchmark(Base):
    __tablename__ = "benchmark"
    __table_args__ = (
        Index(None, "service_key", "published_on", "id"),
        CheckConstraint("(currency IS NULL) = (measure = 'recovery_ratio')", name="currency"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    service_key: Mapped[str] = mapped_column(Text, ForeignKey("catalog.service.key"))
    measure: Mapped[Measure] = mapped_column(text_enum(Measure, "measure"))
    value: Mapped[Decimal] = mapped_column(Numeric(18, 4))
    currency: Mapped[str | None] = mapped_column(Text)
    unit: Mapped[str] = mapped_column(Text)
    source: Mapped[str] = mapped_column(Text)
    published_on: Mapped[date] = mapped_column(Date)
    url: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
