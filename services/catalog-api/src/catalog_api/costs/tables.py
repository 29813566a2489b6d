"""Cost items of services; never deleted, they end."""

from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, Integer, Numeric, Text, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from catalog_api.base import Base, Revised, text_enum
from catalog_api.costs.rules import CostCategory, CostKind, Interval


class CostItem(Revised, Base):
    __tablename__ = "cost_item"
    __table_args__ = (
        Index(None, "service_key", "starts_on", "id"),
        # What a kind needs and what it cannot have; the rest is checked where items are written.
        CheckConstraint(
            "CASE kind WHEN 'opex' THEN per IS NOT NULL AND amortisation_months IS NULL"
            " AND residual_value IS NULL ELSE per IS NULL AND amortisation_months > 0"
            " AND residual_value BETWEEN 0 AND amount END",
            name="kind_fields",
        ),
        CheckConstraint("ends_on >= starts_on - 1", name="ends_on"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    service_key: Mapped[str] = mapped_column(Text, ForeignKey("catalog.service.key"))
    name: Mapped[str] = mapped_column(Text)
    category: Mapped[CostCategory] = mapped_column(text_enum(CostCategory, "category"))
    kind: Mapped[CostKind] = mapped_column(text_enum(CostKind, "kind"))
    amount: Mapped[Decimal] = mapped_column(Numeric(18, 4))
    currency: Mapped[str] = mapped_column(Text)
    per: Mapped[Interval | None] = mapped_column(text_enum(Interval, "per"))
    starts_on: Mapped[date] = mapped_column(Date)
    ends_on: Mapped[date | None] = mapped_column(Date)
    amortisation_months: Mapped[int | None] = mapped_column(Integer)
    residual_value: Mapped[Decimal | None] = mapped_column(Numeric(18, 4))
