"""Signatures, which never change."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import DateTime, ForeignKey, Text, UniqueConstraint, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from improvement_api.base import Base
from shared.kit.tables import APPEND_ONLY


class Signature(Base):
    """One person signs an evaluation once: so nobody signs for two roles either."""

    __tablename__ = "signature"
    __table_args__ = (UniqueConstraint("evaluation_id", "signed_by"), {"info": APPEND_ONLY})

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    evaluation_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("improvement.evaluation.id"))
    criterion: Mapped[str] = mapped_column(Text)
    role: Mapped[str] = mapped_column(Text)
    signed_by: Mapped[str] = mapped_column(Text)
    signed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    facts_hash: Mapped[str] = mapped_column(Text)
