"""Obligations of services, and the evidence that they are met."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Date, DateTime, ForeignKey, Index, Integer, Text, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from catalog_api.base import Base, Revised


class Obligation(Revised, Base):
    """A clause of a standard or regulation that a service must meet."""

    __tablename__ = "obligation"
    __table_args__ = (
        Index("uq_obligation_clause", "service_key", "standard", "clause", unique=True),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    service_key: Mapped[str] = mapped_column(Text, ForeignKey("catalog.service.key"))
    standard: Mapped[str] = mapped_column(Text)
    clause: Mapped[str] = mapped_column(Text)
    requirement: Mapped[str] = mapped_column(Text)
    owner: Mapped[str | None] = mapped_column(Text)
    due: Mapped[date | None] = mapped_column(Date)
    warn_days: Mapped[int] = mapped_column(Integer)
    # Last day on which it had to be met, and why it has not since; null while it must be met.
    ended_on: Mapped[date | None] = mapped_column(Date)
    end_reason: Mapped[str | None] = mapped_column(Text)


class ObligationEvidence(Base):
    """A document that shows an obligation met; `valid_until` is its last day, null for ever."""

    __tablename__ = "obligation_evidence"
    __table_args__ = (Index(None, "obligation_id"),)

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    obligation_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("catalog.obligation.id"))
    title: Mapped[str] = mapped_column(Text)
    uri: Mapped[str] = mapped_column(Text)
    valid_until: Mapped[date | None] = mapped_column(Date)
    added_by: Mapped[str] = mapped_column(Text)
    added_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
