"""Vendor candidates of a service with a score for each requirement of its strategy."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    DateTime,
    ForeignKey,
    Index,
    Numeric,
    SmallInteger,
    Text,
    Uuid,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from catalog_api.base import Base, Revised, text_enum
from catalog_api.candidates.rules import CandidateState


class VendorCandidate(Revised, Base):
    __tablename__ = "vendor_candidate"
    __table_args__ = (
        Index(None, "service_key", "created_at", "id"),
        Index(None, "vendor_product_key"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    service_key: Mapped[str] = mapped_column(Text, ForeignKey("catalog.service.key"))
    name: Mapped[str] = mapped_column(Text)
    vendor: Mapped[str] = mapped_column(Text)
    description: Mapped[str] = mapped_column(Text)
    state: Mapped[CandidateState] = mapped_column(text_enum(CandidateState, "state"))
    # The product it is, if the catalog has it; always there once it is selected.
    vendor_product_key: Mapped[str | None] = mapped_column(
        Text, ForeignKey("catalog.vendor_product.key")
    )
    decision_reason: Mapped[str | None] = mapped_column(Text)
    decided_by: Mapped[str | None] = mapped_column(Text)
    decided_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    # Requirements, weights and scores as they were when it was decided on; strategies move on.
    decided_on: Mapped[list[Any] | None] = mapped_column(JSONB(none_as_null=True))
    decided_total: Mapped[Decimal | None] = mapped_column(Numeric(7, 4))


class CandidateScore(Base):
    __tablename__ = "candidate_score"
    __table_args__ = (CheckConstraint("score BETWEEN 0 AND 5", name="score"),)

    candidate_id: Mapped[UUID] = mapped_column(
        Uuid, ForeignKey("catalog.vendor_candidate.id"), primary_key=True
    )
    requirement_id: Mapped[str] = mapped_column(Text, primary_key=True)
    score: Mapped[int] = mapped_column(SmallInteger)
    reason: Mapped[str] = mapped_column(Text)
    scored_by: Mapped[str] = mapped_column(Text)
    scored_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
