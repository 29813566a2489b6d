"""The vendor product, addressed by its immutable key; never deleted, so keys are never reused."""

from datetime import date
from decimal import Decimal

from sqlalchemy import CheckConstraint, Date, Index, Integer, Numeric, Text
from sqlalchemy.orm import Mapped, mapped_column

from catalog_api.base import Base, Revised, text_enum
from catalog_api.vendors.rules import CostPeriod


class VendorProduct(Revised, Base):
    __tablename__ = "vendor_product"
    __table_args__ = (
        CheckConstraint(
            "num_nulls(cost_amount, cost_currency, cost_period) IN (0, 3)", name="whole_cost"
        ),
        CheckConstraint("contract_to >= contract_from", name="contract_dates"),
        Index(None, "vendor", "key"),
        Index(None, "contract_to", "key"),
        Index(None, "end_of_life_on", "key"),
    )

    key: Mapped[str] = mapped_column(Text, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    vendor: Mapped[str] = mapped_column(Text)
    description: Mapped[str] = mapped_column(Text)
    # Both days belong to the contract.
    contract_from: Mapped[date | None] = mapped_column(Date)
    contract_to: Mapped[date | None] = mapped_column(Date)
    renewal_notice_days: Mapped[int] = mapped_column(Integer)
    cost_amount: Mapped[Decimal | None] = mapped_column(Numeric(18, 4))
    cost_currency: Mapped[str | None] = mapped_column(Text)
    cost_period: Mapped[CostPeriod | None] = mapped_column(text_enum(CostPeriod, "cost_period"))
    # The first day on which the vendor no longer supports it.
    end_of_life_on: Mapped[date | None] = mapped_column(Date)
    recovery_time_hours: Mapped[Decimal | None] = mapped_column(Numeric(12, 4))
