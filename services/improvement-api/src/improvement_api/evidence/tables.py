"""Documents attached to a service at a gate; the newest one of a criterion counts."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import DateTime, Index, Text, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from improvement_api.base import Base, text_enum
from shared.kit.tables import APPEND_ONLY
from shared.schemas.improvement import Gate


class Evidence(Base):
    __tablename__ = "evidence"
    __table_args__ = (
        Index(None, "service", "gate", "attached_at", "id"),
        Index("ix_evidence_newest", "service", "gate", "criterion", "attached_at", "id"),
        {"info": APPEND_ONLY},
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    service: Mapped[str] = mapped_column(Text)
    gate: Mapped[Gate] = mapped_column(text_enum(Gate, "gate"))
    criterion: Mapped[str] = mapped_column(Text)
    title: Mapped[str] = mapped_column(Text)
    url: Mapped[str] = mapped_column(Text)
    attached_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    attached_by: Mapped[str] = mapped_column(Text)
    on_behalf_of: Mapped[str | None] = mapped_column(Text)
