"""Key result areas, the KPIs that measure them, the links between the tiers below; and what all of
these were before."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Boolean, CheckConstraint, ForeignKey, Index, Integer
from sqlalchemy.orm import Mapped, mapped_column

from metrics_api.base import Base
from metrics_api.tiers.rules import LinkKind
from metrics_api.versioned.tables import VersionOf
from shared.kit.tables import APPEND_ONLY

KINDS = ", ".join(f"'{kind.value}'" for kind in LinkKind)


class Kra(Base):
    """A key result area; an inactive one is kept for the periods in which it mattered."""

    __tablename__ = "kra"

    key: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    description: Mapped[str]
    owner: Mapped[str]
    objective: Mapped[str | None] = mapped_column(comment="key of an objective of the catalog")
    active: Mapped[bool] = mapped_column(Boolean)
    version: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class KraKpi(Base):
    """A KPI of a service that measures a key result area."""

    __tablename__ = "kra_kpi"
    __table_args__ = (Index(None, "service", "kpi"),)

    kra: Mapped[str] = mapped_column(ForeignKey("metrics.kra.key"), primary_key=True)
    kpi: Mapped[str] = mapped_column(primary_key=True)
    service: Mapped[str] = mapped_column(primary_key=True)


class KraVersion(VersionOf, Base):
    __tablename__ = "kra_version"

    key: Mapped[str] = mapped_column(primary_key=True)


class TierLink(Base):
    """Target → vital activity, vital activity → SLO, or SLI → component of infrastructure events.

    The ends are keys of other resources, some of other services: a broken link is reported.
    """

    __tablename__ = "tier_link"
    __table_args__ = (
        CheckConstraint(f"kind IN ({KINDS})", name="kind"),
        Index(None, "kind", "upper", "lower", unique=True),
        Index(None, "kind", "lower"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    upper: Mapped[str]
    lower: Mapped[str]
    linked_at: Mapped[datetime]
    linked_by: Mapped[str]


class TierLinkBefore(Base):
    """A link as it was from `linked_at` until it was undrawn."""

    __tablename__ = "tier_link_before"
    __table_args__ = (Index(None, "kind", "upper"), {"info": APPEND_ONLY})

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    upper: Mapped[str]
    lower: Mapped[str]
    linked_at: Mapped[datetime]
    linked_by: Mapped[str]
    unlinked_at: Mapped[datetime]
