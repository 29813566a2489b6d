"""Touchpoints, and the services that are offered at them."""

from datetime import datetime

from sqlalchemy import Boolean, CheckConstraint, DateTime, ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from catalog_api.base import Base, Revised, text_enum
from catalog_api.touchpoints.rules import Channel


class Touchpoint(Revised, Base):
    __tablename__ = "touchpoint"
    __table_args__ = (CheckConstraint("num_nonnulls(hours, calendar) <= 1", name="one_hours"),)

    key: Mapped[str] = mapped_column(Text, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    description: Mapped[str] = mapped_column(Text)
    channel: Mapped[Channel] = mapped_column(text_enum(Channel, "channel"))
    address: Mapped[str | None] = mapped_column(Text)
    hours: Mapped[str | None] = mapped_column(Text)
    # The key of a calendar: checked when written, and calendars are never deleted.
    calendar: Mapped[str | None] = mapped_column(Text)
    active: Mapped[bool] = mapped_column(Boolean)


class Offer(Base):
    __tablename__ = "touchpoint_service"
    __table_args__ = (Index(None, "service_key", "touchpoint_key"),)

    touchpoint_key: Mapped[str] = mapped_column(
        Text, ForeignKey("catalog.touchpoint.key"), primary_key=True
    )
    service_key: Mapped[str] = mapped_column(
        Text, ForeignKey("catalog.service.key"), primary_key=True
    )
    linked_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
