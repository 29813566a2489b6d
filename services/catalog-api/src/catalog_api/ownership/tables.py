"""Owners of a service by role; an ended one keeps its row with `valid_to`."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import DateTime, ForeignKey, Index, Text, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from catalog_api.base import Base

_PRESENT = text("valid_to IS NULL")


class Owner(Base):
    __tablename__ = "owner"
    __table_args__ = (
        Index(
            "uq_owner_present",
            "service_key",
            "role",
            "subject",
            unique=True,
            postgresql_where=_PRESENT,
        ),
        Index(
            "uq_owner_one_service_owner",
            "service_key",
            unique=True,
            postgresql_where=text("valid_to IS NULL AND role = 'service_owner'"),
        ),
        Index("ix_owner_subject_present", "subject", "service_key", postgresql_where=_PRESENT),
        Index(None, "service_key", "valid_from", "id"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    service_key: Mapped[str] = mapped_column(Text, ForeignKey("catalog.service.key"))
    role: Mapped[str] = mapped_column(Text)
    subject: Mapped[str] = mapped_column(Text)
    valid_from: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    valid_to: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
