"""Charging models by the month they hold from, consumption by month, and charges."""

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
    UniqueConstraint,
    Uuid,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from catalog_api.base import Base, Revised, text_enum
from catalog_api.charging.rules import ChargeState, ChargingKind


class ChargingModel(Base):
    """How a service is charged from a month on, until the next model begins."""

    __tablename__ = "charging_model"
    __table_args__ = (UniqueConstraint("service_key", "valid_from"),)

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    service_key: Mapped[str] = mapped_column(Text, ForeignKey("catalog.service.key"))
    valid_from: Mapped[date] = mapped_column(Date)
    kind: Mapped[ChargingKind] = mapped_column(text_enum(ChargingKind, "kind"))
    currency: Mapped[str] = mapped_column(Text)
    terms: Mapped[dict[str, Any]] = mapped_column(JSONB)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class Consumption(Revised, Base):
    """What a customer, or nobody in particular, used of a service in a month (its first day)."""

    __tablename__ = "consumption"
    __table_args__ = (
        UniqueConstraint(
            "service_key", "month", "customer_key", postgresql_nulls_not_distinct=True
        ),
        CheckConstraint("users >= 0 AND units >= 0", name="amounts"),
        Index(None, "service_key", "month", "id"),
        Index(None, "customer_key"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    service_key: Mapped[str] = mapped_column(Text, ForeignKey("catalog.service.key"))
    month: Mapped[date] = mapped_column(Date)
    customer_key: Mapped[str | None] = mapped_column(Text, ForeignKey("catalog.customer.key"))
    users: Mapped[int] = mapped_column(Integer)
    units: Mapped[Decimal] = mapped_column(Numeric(18, 4))


class Charge(Revised, Base):
    """An amount invoiced to a customer for a month of service."""

    __tablename__ = "charge"
    __table_args__ = (
        UniqueConstraint("service_key", "reference"),
        CheckConstraint("amount >= 0", name="amount"),
        CheckConstraint("(recovered_on IS NOT NULL) = (state = 'recovered')", name="recovered_on"),
        Index(None, "service_key", "month", "id"),
        Index(None, "customer_key"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    service_key: Mapped[str] = mapped_column(Text, ForeignKey("catalog.service.key"))
    month: Mapped[date] = mapped_column(Date)
    customer_key: Mapped[str | None] = mapped_column(Text, ForeignKey("catalog.customer.key"))
    reference: Mapped[str] = mapped_column(Text)
    amount: Mapped[Decimal] = mapped_column(Numeric(18, 4))
    currency: Mapped[str] = mapped_column(Text)
    state: Mapped[ChargeState] = mapped_column(text_enum(ChargeState, "state"))
    recovered_on: Mapped[date | None] = mapped_column(Date)
