"""The calendar, addressed by its key, and its versions, which are never changed."""

from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, DateTime, ForeignKey, Integer, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from catalog_api.base import Base, Revised
from shared.kit.tables import APPEND_ONLY


class Calendar(Revised, Base):
    __tablename__ = "calendar"

    key: Mapped[str] = mapped_column(Text, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    description: Mapped[str] = mapped_column(Text)
    version: Mapped[int] = mapped_column(Integer)  # the newest one


class CalendarVersion(Base):
    __tablename__ = "calendar_version"
    __table_args__ = ({"info": APPEND_ONLY},)

    calendar_key: Mapped[str] = mapped_column(
        Text, ForeignKey("catalog.calendar.key"), primary_key=True
    )
    version: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    timezone: Mapped[str] = mapped_column(Text)
    always_open: Mapped[bool] = mapped_column(Boolean)
    weekly: Mapped[list[Any]] = mapped_column(JSONB)
    country: Mapped[str | None] = mapped_column(Text)
    subdivision: Mapped[str | None] = mapped_column(Text)
    own_days: Mapped[list[Any]] = mapped_column(JSONB)
    worked_days: Mapped[list[Any]] = mapped_column(JSONB)
    closed_days: Mapped[list[Any]] = mapped_column(JSONB)
    first_year: Mapped[int | None] = mapped_column(Integer)
    last_year: Mapped[int | None] = mapped_column(Integer)
    library: Mapped[str | None] = mapped_column(Text)
    recorded_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    recorded_by: Mapped[str] = mapped_column(Text)
