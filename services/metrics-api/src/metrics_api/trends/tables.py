"""Trends as they are now, every version of them, and the risks that they raised."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Integer, Numeric, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from metrics_api.base import Base
from metrics_api.trends.rules import CrossingState, Direction, RaisedState
from shared.kit.tables import APPEND_ONLY

DIRECTIONS = ", ".join(f"'{direction.value}'" for direction in Direction)
CROSSINGS = ", ".join(f"'{state.value}'" for state in CrossingState)
RAISED = ", ".join(f"'{state.value}'" for state in RaisedState)


class _Result:
    """What a test of a series says. Without a direction there were too few figures."""

    grain: Mapped[str]
    first_period: Mapped[str]
    last_period: Mapped[str]
    n: Mapped[int] = mapped_column(Integer)
    method: Mapped[str | None]
    direction: Mapped[str | None]
    p_value: Mapped[float | None]
    slope_per_month: Mapped[float | None]
    slope_low: Mapped[float | None]
    slope_high: Mapped[float | None]
    level: Mapped[float | None]
    crossing: Mapped[str]
    crosses_on: Mapped[date | None]
    crosses_earliest: Mapped[date | None]
    crosses_latest: Mapped[date | None]
    target_id: Mapped[UUID | None]
    comparator: Mapped[str | None]
    target_value: Mapped[Decimal | None] = mapped_column(Numeric)
    series: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, comment="period, value, count")
    recorded_at: Mapped[datetime]


class Trend(_Result, Base):
    """The latest of a service and KPI."""

    __tablename__ = "trend"
    __table_args__ = (
        CheckConstraint(f"direction IN ({DIRECTIONS})", name="direction"),
        CheckConstraint(f"crossing IN ({CROSSINGS})", name="crossing"),
        Index(None, "direction"),
        Index(None, "crosses_on"),
    )

    service: Mapped[str] = mapped_column(primary_key=True)
    kpi: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(Integer)


class TrendVersion(_Result, Base):
    """What stood from `recorded_at` until the next version, for as-of answers."""

    __tablename__ = "trend_version"
    __table_args__ = ({"info": APPEND_ONLY},)

    service: Mapped[str] = mapped_column(primary_key=True)
    kpi: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True)


class RaisedRisk(Base):
    """A cause and the risk it raises in the catalog. It lasts from `started_at` to `ended_at`."""

    __tablename__ = "raised_risk"
    __table_args__ = (
        CheckConstraint(f"state IN ({RAISED})", name="state"),
        # One cause at a time, whatever jobs run at once.
        Index(
            "uq_raised_risk_lasting",
            "service",
            "kpi",
            unique=True,
            postgresql_where=text("ended_at IS NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    service: Mapped[str]
    kpi: Mapped[str]
    state: Mapped[str]
    title: Mapped[str]
    description: Mapped[str]
    likelihood: Mapped[int] = mapped_column(Integer)
    impact: Mapped[int] = mapped_column(Integer)
    review_date: Mapped[date]
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    risk_id: Mapped[UUID | None] = mapped_column(comment="in the catalog")
    raised_at: Mapped[datetime | None]
    problem: Mapped[str | None] = mapped_column(comment="why the last attempt failed")
