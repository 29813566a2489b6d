"""Copies of the initiatives of improvement-api."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, DateTime, Index, Integer
from sqlalchemy.orm import Mapped, mapped_column

from metrics_api.base import Base
from shared.schemas.metrics import InitiativeState

STATES = ", ".join(f"'{state.value}'" for state in InitiativeState)


class Initiative(Base):
    """`revision` is the owner's: an older one never replaces a newer one."""

    __tablename__ = "initiative"
    __table_args__ = (
        CheckConstraint(f"state IN ({STATES})", name="state"),
        Index(None, "service", "kpi", "starts_on"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    service: Mapped[str]
    kpi: Mapped[str]
    title: Mapped[str]
    starts_on: Mapped[date]
    ends_on: Mapped[date | None]
    state: Mapped[str]
    plan: Mapped[str]
    revision: Mapped[int] = mapped_column(Integer)
    recorded_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class InitiativeVersion(Base):
    """Every revision that was taken over, for as-of answers. Append-only."""

    __tablename__ = "initiative_version"
    __table_args__ = ({"info": {"append_only": True}},)

    id: Mapped[str] = mapped_column(primary_key=True)
    revision: Mapped[int] = mapped_column(Integer, primary_key=True)
    service: Mapped[str]
    kpi: Mapped[str]
    title: Mapped[str]
    starts_on: Mapped[date]
    ends_on: Mapped[date | None]
    state: Mapped[str]
    plan: Mapped[str]
    recorded_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
