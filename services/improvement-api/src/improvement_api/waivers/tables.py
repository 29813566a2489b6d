"""Waivers: what was asked for never changes, only how far it is."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, Index, Integer, Text, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from improvement_api.base import Base, text_enum
from improvement_api.waivers.rules import WaiverState
from shared.schemas.improvement import Gate


class Waiver(Base):
    """`demand` is what the criterion demanded then, as gates.rules.demand_of says it."""

    __tablename__ = "waiver"
    __table_args__ = (
        CheckConstraint("requested_at < expires_at", name="period"),
        CheckConstraint("(state = 'requested') = (decided_by IS NULL)", name="decided"),
        CheckConstraint("decided_by <> requested_by", name="two_persons"),
        Index(None, "requested_at", "id"),
        Index(None, "service", "requested_at", "id"),
        Index(
            "ix_waiver_approved",
            "service",
            "gate",
            "expires_at",
            postgresql_where=text("state = 'approved'"),
        ),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    service: Mapped[str] = mapped_column(Text)
    gate: Mapped[Gate] = mapped_column(text_enum(Gate, "gate"))
    criterion: Mapped[str] = mapped_column(Text)
    demand: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    risk_owner: Mapped[str] = mapped_column(Text)
    compensating_control: Mapped[str] = mapped_column(Text)
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    state: Mapped[WaiverState] = mapped_column(text_enum(WaiverState, "state"))
    requested_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    requested_by: Mapped[str] = mapped_column(Text)
    on_behalf_of: Mapped[str | None] = mapped_column(Text)
    decided_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    decided_by: Mapped[str | None] = mapped_column(Text)
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    ended_by: Mapped[str | None] = mapped_column(Text)
    comment: Mapped[str] = mapped_column(Text)
    revision: Mapped[int] = mapped_column(Integer)
