"""Judgements as they are now, and every version of them ever made."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Integer, Numeric
from sqlalchemy.orm import Mapped, mapped_column

from metrics_api.base import Base
from metrics_api.judgements.rules import Verdict
from shared.kit.tables import APPEND_ONLY

VERDICTS = ", ".join(f"'{verdict.value}'" for verdict in Verdict)


class Judgement(Base):
    """What stands of a target and one of its periods."""

    __tablename__ = "judgement"
    __table_args__ = (
        CheckConstraint(f"verdict IN ({VERDICTS})", name="verdict"),
        Index(None, "first_day", "target_id"),
        Index(None, "service", "first_day"),
        Index("ix_judgement_target_id_first_day", "target_id", "first_day", unique=True),
    )

    target_id: Mapped[UUID] = mapped_column(primary_key=True)
    period: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(Integer)
    service: Mapped[str]
    kpi: Mapped[str]
    first_day: Mapped[date]
    last_day: Mapped[date]
    verdict: Mapped[str]
    value: Mapped[float | None]
    count: Mapped[int] = mapped_column(comment="records that the figure is of")
    reason: Mapped[str | None] = mapped_column(comment="why the verdict is unknown")
    comparator: Mapped[str]
    target_value: Mapped[Decimal] = mapped_column(Numeric)
    recorded_at: Mapped[datetime]


class JudgementVersion(Base):
    """What stood from `recorded_at` until the next version, for as-of answers."""

    __tablename__ = "judgement_version"
    __table_args__ = ({"info": APPEND_ONLY},)

    target_id: Mapped[UUID] = mapped_column(primary_key=True)
    period: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True)
    service: Mapped[str]
    kpi: Mapped[str]
    first_day: Mapped[date]
    last_day: Mapped[date]
    verdict: Mapped[str]
    value: Mapped[float | None]
    count: Mapped[int]
    reason: Mapped[str | None]
    comparator: Mapped[str]
    target_value: Mapped[Decimal] = mapped_column(Numeric)
    recorded_at: Mapped[datetime]
