"""Versions of triggers, and how far signals have been dealt with."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, DateTime, Integer, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from improvement_api.base import Base
from shared.kit.tables import APPEND_ONLY


class TriggerVersion(Base):
    """`body` as it was published; the highest version is in force."""

    __tablename__ = "trigger_version"
    __table_args__ = (CheckConstraint("version >= 1", name="version"), {"info": APPEND_ONLY})

    key: Mapped[str] = mapped_column(Text, primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    body: Mapped[dict[str, Any]] = mapped_column(JSONB)
    published_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    published_by: Mapped[str] = mapped_column(Text)


class SignalCursor(Base):
    """The last signal that a reader has dealt with, written with what it did about it."""

    __tablename__ = "signal_cursor"

    reader: Mapped[str] = mapped_column(Text, primary_key=True)
    sequence: Mapped[int] = mapped_column(BigInteger)
