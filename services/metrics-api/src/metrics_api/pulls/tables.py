"""Pulls: from where, with which credentials, how far."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Integer
from sqlalchemy.orm import Mapped, mapped_column

from metrics_api.base import Base


class Pull(Base):
    """How the records of one source are fetched from its tool, and how far that has come."""

    __tablename__ = "pull"
    __table_args__ = (CheckConstraint("tool IN ('servicenow', 'itop')", name="tool"),)

    source_id: Mapped[int] = mapped_column(
        Integer, ForeignKey("metrics.source.id"), primary_key=True, autoincrement=False
    )
    tool: Mapped[str]
    url: Mapped[str]
    subject: Mapped[str] = mapped_column(comment="the table or class")
    username: Mapped[str | None]
    password: Mapped[str | None]
    condition: Mapped[str | None] = mapped_column(
        comment="a further condition in the tool's query language"
    )
    interval_seconds: Mapped[int] = mapped_column(Integer)
    page_size: Mapped[int] = mapped_column(Integer)
    overlap_seconds: Mapped[int] = mapped_column(Integer)
    active: Mapped[bool]
    version: Mapped[int] = mapped_column(Integer)
    cursor_at: Mapped[datetime | None] = mapped_column(
        comment="the newest update that was taken in"
    )
    next_run_at: Mapped[datetime]
    last_run_at: Mapped[datetime | None]
    last_success_at: Mapped[datetime | None]
    last_error: Mapped[str | None]
    failures: Mapped[int] = mapped_column(Integer)
    records: Mapped[int] = mapped_column(comment="taken in so far, repeats included")
