"""Corrections as they are now, and every version of them ever recorded."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer
from sqlalchemy.orm import Mapped, mapped_column

from metrics_api.base import Base
from metrics_api.corrections.rules import CorrectionCategory, CorrectionState
from metrics_api.versioned.tables import VersionOf

CATEGORIES = ", ".join(f"'{category.value}'" for category in CorrectionCategory)
STATES = ", ".join(f"'{state.value}'" for state in CorrectionState)


class Correction(Base):
    """Of all SLOs of a service, or of one of them; in effect while it is approved."""

    __tablename__ = "correction"
    __table_args__ = (
        CheckConstraint(f"category IN ({CATEGORIES})", name="category"),
        CheckConstraint(f"state IN ({STATES})", name="state"),
        CheckConstraint("duration_minutes > 0", name="duration_minutes"),
        CheckConstraint("approver <> requested_by", name="two_persons"),
        Index(None, "service", "state"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    service: Mapped[str]
    slo: Mapped[str | None] = mapped_column(
        ForeignKey("metrics.slo.key"), comment="null: all SLOs of the service"
    )
    category: Mapped[str]
    reason: Mapped[str]
    start: Mapped[datetime] = mapped_column(comment="of the first occurrence, a whole minute")
    duration_minutes: Mapped[int] = mapped_column(Integer)
    rrule: Mapped[str | None] = mapped_column(comment="RFC 5545, by the wall clock of the zone")
    timezone: Mapped[str]
    state: Mapped[str]
    requested_by: Mapped[str]
    requested_at: Mapped[datetime]
    approver: Mapped[str | None] = mapped_column(comment="who approved or rejected it")
    decided_at: Mapped[datetime | None]
    decision_note: Mapped[str | None]
    revoked_by: Mapped[str | None]
    revoked_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(Integer)
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[str]


class CorrectionVersion(VersionOf, Base):
    __tablename__ = "correction_version"

    correction_id: Mapped[UUID] = mapped_column(primary_key=True)
