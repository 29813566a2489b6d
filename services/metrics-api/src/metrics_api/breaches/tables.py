"""Breaches, and the predictions that came before them."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, Integer, SmallInteger, text
from sqlalchemy.orm import Mapped, mapped_column

from metrics_api.base import Base

CLOCK = "clock IN ('response', 'resolution')"


class Breach(Base):
    """A clock of an incident that ran out: one row for each clock, whatever becomes of it."""

    __tablename__ = "breach"
    __table_args__ = (
        CheckConstraint(CLOCK, name="clock"),
        CheckConstraint("telling IN ('due', 'told', 'left_out')", name="telling"),
        Index(None, "service", "breached_at"),
        Index(None, "breached_at"),
        Index(
            "ix_breach_untold",
            "service",
            "breached_at",
            postgresql_where=text("telling = 'due' AND retracted_at IS NULL"),
        ),
    )

    source_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    external_id: Mapped[str] = mapped_column(primary_key=True)
    clock: Mapped[str] = mapped_column(primary_key=True)
    service: Mapped[str]
    priority: Mapped[int] = mapped_column(SmallInteger)
    basis: Mapped[str] = mapped_column(comment="agreement:KEY@VERSION or scheme:KEY@VERSION")
    target_minutes: Mapped[int] = mapped_column(Integer)
    calendar: Mapped[str] = mapped_column(comment="key@version")
    breached_at: Mapped[datetime]
    detected_at: Mapped[datetime]
    telling: Mapped[str] = mapped_column(comment="left_out: too old when it was detected")
    told_at: Mapped[datetime | None]
    retracted_at: Mapped[datetime | None] = mapped_column(
        comment="since when it is none any more, by late data or a changed promise"
    )


class BreachPrediction(Base):
    """A clock that was said to run out soon; said once for each clock of an incident."""

    __tablename__ = "breach_prediction"
    __table_args__ = (CheckConstraint(CLOCK, name="clock"),)

    source_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    external_id: Mapped[str] = mapped_column(primary_key=True)
    clock: Mapped[str] = mapped_column(primary_key=True)
    due_at: Mapped[datetime]
    predicted_at: Mapped[datetime]
