"""SLIs as they are now, and every version of them ever recorded."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, Integer
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from metrics_api.base import Base
from metrics_api.slis.rules import RatioParts, SliKind, SliState
from metrics_api.versioned.tables import VersionOf

KINDS = ", ".join(f"'{kind.value}'" for kind in SliKind)
PARTS = ", ".join(f"'{parts.value}'" for parts in RatioParts)
STATES = ", ".join(f"'{state.value}'" for state in SliState)


class Sli(Base):
    __tablename__ = "sli"
    __table_args__ = (
        CheckConstraint(f"kind IN ({KINDS})", name="kind"),
        CheckConstraint(f"parts IN ({PARTS})", name="parts"),
        CheckConstraint(f"state IN ({STATES})", name="state"),
        Index(None, "service", "key"),
    )

    key: Mapped[str] = mapped_column(primary_key=True)
    service: Mapped[str]
    name: Mapped[str | None]
    description: Mapped[str]
    kind: Mapped[str]
    parts: Mapped[str | None]
    counter: Mapped[bool]
    unit: Mapped[str | None]
    feed: Mapped[dict[str, Any]] = mapped_column(JSONB)
    sources: Mapped[dict[str, Any]] = mapped_column(JSONB)
    labels: Mapped[dict[str, Any]] = mapped_column(JSONB)
    annotations: Mapped[dict[str, Any]] = mapped_column(JSONB)
    state: Mapped[str]
    version: Mapped[int] = mapped_column(Integer)
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[str]


class SliVersion(VersionOf, Base):
    __tablename__ = "sli_version"

    key: Mapped[str] = mapped_column(primary_key=True)
