"""Critical success factors and the KPIs that satisfy them."""

from datetime import datetime

from sqlalchemy import Boolean, CheckConstraint, ForeignKey, Index, Integer
from sqlalchemy.orm import Mapped, mapped_column

from metrics_api.base import Base
from metrics_api.versioned.tables import VersionOf


class SuccessFactor(Base):
    """What must go well; linked to exactly one objective of the catalog or key result area."""

    __tablename__ = "success_factor"
    __table_args__ = (
        CheckConstraint("(objective IS NULL) <> (kra IS NULL)", name="one_link"),
        Index(None, "kra"),
        Index(None, "objective"),
    )

    key: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    description: Mapped[str]
    owner: Mapped[str]
    objective: Mapped[str | None]
    kra: Mapped[str | None] = mapped_column(ForeignKey("metrics.kra.key"))
    active: Mapped[bool] = mapped_column(Boolean)
    version: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class SuccessFactorKpi(Base):
    """A KPI of a service that has to meet its target for the factor to be satisfied."""

    __tablename__ = "success_factor_kpi"
    __table_args__ = (Index(None, "service", "kpi"),)

    factor: Mapped[str] = mapped_column(ForeignKey("metrics.success_factor.key"), primary_key=True)
    kpi: Mapped[str] = mapped_column(primary_key=True)
    service: Mapped[str] = mapped_column(primary_key=True)


class SuccessFactorVersion(VersionOf, Base):
    __tablename__ = "success_factor_version"

    key: Mapped[str] = mapped_column(primary_key=True)
