"""Retirement plans of services, and the customers that were moved away."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import Date, DateTime, ForeignKey, Index, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from catalog_api.base import Base, Revised, text_enum
from catalog_api.retirement.rules import RetirementState


class RetirementPlan(Revised, Base):
    __tablename__ = "retirement_plan"
    __table_args__ = (Index(None, "successor_key"),)

    service_key: Mapped[str] = mapped_column(
        Text, ForeignKey("catalog.service.key"), primary_key=True
    )
    state: Mapped[RetirementState] = mapped_column(text_enum(RetirementState, "state"))
    successor_key: Mapped[str | None] = mapped_column(Text, ForeignKey("catalog.service.key"))
    # Set where it is decided that nothing takes the service's place.
    no_successor_reason: Mapped[str | None] = mapped_column(Text)
    planned_on: Mapped[date | None] = mapped_column(Date)
    steps: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    authors: Mapped[list[str]] = mapped_column(ARRAY(Text))
    approved_by: Mapped[str | None] = mapped_column(Text)
    approved_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class CustomerMigration(Base):
    """A customer of a retiring service now uses something else."""

    __tablename__ = "customer_migration"
    __table_args__ = (Index(None, "customer_key"),)

    service_key: Mapped[str] = mapped_column(
        Text, ForeignKey("catalog.retirement_plan.service_key"), primary_key=True
    )
    customer_key: Mapped[str] = mapped_column(
        Text, ForeignKey("catalog.customer.key"), primary_key=True
    )
    migrated_on: Mapped[date] = mapped_column(Date)
    migrated_to: Mapped[str] = mapped_column(Text)
    recorded_by: Mapped[str] = mapped_column(Text)
    recorded_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
