"""Exchange rates: what one unit of a currency is worth in another, from a day on."""

from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy import CheckConstraint, Date, Numeric, Text, UniqueConstraint, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from catalog_api.base import Base, Revised


class ExchangeRate(Revised, Base):
    __tablename__ = "exchange_rate"
    __table_args__ = (
        UniqueConstraint("from_currency", "to_currency", "valid_from"),
        CheckConstraint("rate > 0", name="rate"),
        CheckConstraint("from_currency <> to_currency", name="pair"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    from_currency: Mapped[str] = mapped_column(Text)
    to_currency: Mapped[str] = mapped_column(Text)
    rate: Mapped[Decimal] = mapped_column(Numeric(20, 10))
    valid_from: Mapped[date] = mapped_column(Date)
