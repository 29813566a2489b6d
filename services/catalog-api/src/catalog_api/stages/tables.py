"""Transitions: each stage change with the decision that caused it; never changed afterwards."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import DateTime, ForeignKey, Index, Integer, Text, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from catalog_api.base import Base, text_enum
from shared.kit.tables import APPEND_ONLY
from shared.schemas.catalog import Stage
from shared.schemas.improvement import Gate


class StageTransition(Base):
    __tablename__ = "stage_transition"
    __table_args__ = (Index(None, "service_key", "moved_at", "id"), {"info": APPEND_ONLY})

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    service_key: Mapped[str] = mapped_column(Text, ForeignKey("catalog.service.key"))
    gate: Mapped[Gate] = mapped_column(text_enum(Gate, "gate"))
    gate_version: Mapped[int] = mapped_column(Integer)
    from_stage: Mapped[Stage] = mapped_column(text_enum(Stage, "from_stage"))
    to_stage: Mapped[Stage] = mapped_column(text_enum(Stage, "to_stage"))
    decision: Mapped[str] = mapped_column(Text, unique=True)
    evaluation: Mapped[str] = mapped_column(Text)
    decided_by: Mapped[str] = mapped_column(Text)
    decided_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    # The signed statement itself: anyone with the public key can check it again.
    statement: Mapped[str] = mapped_column(Text)
    moved_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    moved_by: Mapped[str] = mapped_column(Text)
    on_behalf_of: Mapped[str | None] = mapped_column(Text)
