"""Exceptions: promises beyond a ceiling that somebody answers for, until a day."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Date, DateTime, ForeignKey, Index, Text, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from catalog_api.base import Base, text_enum
from catalog_api.ceilings.rules import Dimension
from shared.kit.tables import APPEND_ONLY


class CeilingException(Base):
    __tablename__ = "ceiling_exception"
    __table_args__ = (
        Index(None, "service_key", "recorded_at", "id"),
        {"info": APPEND_ONLY},
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    service_key: Mapped[str] = mapped_column(Text, ForeignKey("catalog.service.key"))
    dimension: Mapped[Dimension] = mapped_column(text_enum(Dimension, "dimension"))
    reason: Mapped[str] = mapped_column(Text)
    risk_owner: Mapped[str] = mapped_column(Text)
    # The last day on which it counts.
    expires_on: Mapped[date] = mapped_column(Date)
    recorded_by: Mapped[str] = mapped_column(Text)
    recorded_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
