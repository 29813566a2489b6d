"""Delegations: a holder of a role lets a named person sign for it, for a time."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, Index, Text, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from improvement_api.base import Base, text_enum
from shared.schemas.improvement import Gate


class Delegation(Base):
    """Valid in [valid_from, valid_until), for one service or gate where they are named."""

    __tablename__ = "delegation"
    __table_args__ = (
        CheckConstraint("delegator <> delegate", name="two_persons"),
        CheckConstraint("valid_from < valid_until", name="period"),
        CheckConstraint("(revoked_at IS NULL) = (revoked_by IS NULL)", name="revoked"),
        Index(None, "created_at", "id"),
        Index(None, "delegate", "created_at", "id"),
        Index(None, "delegator", "created_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    role: Mapped[str] = mapped_column(Text)
    delegator: Mapped[str] = mapped_column(Text)
    delegate: Mapped[str] = mapped_column(Text)
    service: Mapped[str | None] = mapped_column(Text)
    gate: Mapped[Gate | None] = mapped_column(text_enum(Gate, "gate"))
    valid_from: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    valid_until: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    reason: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    revoked_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    revoked_by: Mapped[str | None] = mapped_column(Text)
