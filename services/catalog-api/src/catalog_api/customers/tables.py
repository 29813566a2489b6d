"""Customers, their representatives, and since when each uses which service."""

from datetime import date
from uuid import UUID

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Date,
    ForeignKey,
    Index,
    Integer,
    Text,
    Uuid,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from catalog_api.base import Base, Revised, text_enum
from catalog_api.customers.rules import CustomerKind


class Customer(Revised, Base):
    __tablename__ = "customer"
    __table_args__ = (Index(None, "review_due_on", "key"),)

    key: Mapped[str] = mapped_column(Text, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    description: Mapped[str] = mapped_column(Text)
    kind: Mapped[CustomerKind] = mapped_column(text_enum(CustomerKind, "kind"))
    relationship_owner: Mapped[str] = mapped_column(Text)
    review_cadence_days: Mapped[int] = mapped_column(Integer)
    last_reviewed_on: Mapped[date | None] = mapped_column(Date)
    # Computed by rules.review_due_on whenever one of the two above is written.
    review_due_on: Mapped[date] = mapped_column(Date)
    active: Mapped[bool] = mapped_column(Boolean)


class Representative(Revised, Base):
    __tablename__ = "customer_representative"
    __table_args__ = (
        CheckConstraint("valid_to >= valid_from", name="ends_after_start"),
        Index(None, "customer_key", "valid_from", "id"),
        Index(None, "subject"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    customer_key: Mapped[str] = mapped_column(Text, ForeignKey("catalog.customer.key"))
    subject: Mapped[str] = mapped_column(Text)
    role: Mapped[str] = mapped_column(Text)
    valid_from: Mapped[date] = mapped_column(Date)
    valid_to: Mapped[date | None] = mapped_column(Date)


class Engagement(Revised, Base):
    __tablename__ = "customer_engagement"
    __table_args__ = (
        CheckConstraint("engaged_to >= engaged_from", name="ends_after_start"),
        # That no two periods overlap is checked under the lock of the customer; this backs it up.
        Index(
            "uq_customer_engagement_running",
            "customer_key",
            "service_key",
            unique=True,
            postgresql_where=text("engaged_to IS NULL"),
        ),
        Index(None, "service_key", "customer_key"),
        Index(None, "customer_key", "engaged_from", "id"),
        Index(None, "engaged_from", "id"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    customer_key: Mapped[str] = mapped_column(Text, ForeignKey("catalog.customer.key"))
    service_key: Mapped[str] = mapped_column(Text, ForeignKey("catalog.service.key"))
    engaged_from: Mapped[date] = mapped_column(Date)
    engaged_to: Mapped[date | None] = mapped_column(Date)
    end_reason: Mapped[str | None] = mapped_column(Text)
