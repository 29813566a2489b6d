"""Tokens with which a badge may be seen by everybody."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, Index, LargeBinary, Text, UniqueConstraint, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from improvement_api.base import Base, text_enum
from shared.schemas.improvement import Gate


class BadgeToken(Base):
    """`token_hash` is the SHA-256 of the token, which nobody but its holders knows."""

    __tablename__ = "badge_token"
    __table_args__ = (
        CheckConstraint("(revoked_at IS NULL) = (revoked_by IS NULL)", name="revoked"),
        UniqueConstraint("token_hash"),
        Index(None, "service", "gate", "created_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    service: Mapped[str] = mapped_column(Text)
    gate: Mapped[Gate] = mapped_column(text_enum(Gate, "gate"))
    token_hash: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    created_by: Mapped[str] = mapped_column(Text)
    revoked_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    revoked_by: Mapped[str | None] = mapped_column(Text)
