"""SLOs as they are now, every version of them, and which SLIs their objectives look at."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, Numeric
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from metrics_api.base import Base
from metrics_api.slos.rules import BudgetingMethod, SloState
from metrics_api.versioned.tables import VersionOf

METHODS = ", ".join(f"'{method.value}'" for method in BudgetingMethod)
STATES = ", ".join(f"'{state.value}'" for state in SloState)


class Slo(Base):
    __tablename__ = "slo"
    __table_args__ = (
        CheckConstraint(f"budgeting_method IN ({METHODS})", name="budgeting_method"),
        CheckConstraint(f"state IN ({STATES})", name="state"),
        Index(None, "service", "key"),
    )

    key: Mapped[str] = mapped_column(primary_key=True)
    service: Mapped[str]
    name: Mapped[str | None]
    description: Mapped[str]
    sli: Mapped[str | None] = mapped_column(
        ForeignKey("metrics.sli.key"), comment="null: a composite, its objectives have SLIs"
    )
    budgeting_method: Mapped[str]
    time_window: Mapped[dict[str, Any]] = mapped_column(JSONB)
    objectives: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, comment="as on the wire")
    minimum_events: Mapped[int]
    at_risk_below: Mapped[Decimal] = mapped_column(Numeric)
    labels: Mapped[dict[str, Any]] = mapped_column(JSONB)
    annotations: Mapped[dict[str, Any]] = mapped_column(JSONB)
    state: Mapped[str]
    version: Mapped[int] = mapped_column(Integer)
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[str]


class SloObjective(Base):
    """What an objective of an SLO, as it is now, looks at; `number` is its place, from 0."""

    __tablename__ = "slo_objective"
    __table_args__ = (Index(None, "sli"),)

    slo: Mapped[str] = mapped_column(ForeignKey("metrics.slo.key"), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True)
    sli: Mapped[str] = mapped_column(ForeignKey("metrics.sli.key"))
    facet: Mapped[int] = mapped_column(ForeignKey("metrics.sli_facet.id"))


class SloVersion(VersionOf, Base):
    __tablename__ = "slo_version"

    key: Mapped[str] = mapped_column(primary_key=True)
