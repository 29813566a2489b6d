"""Alert policies of SLOs, the alerts they raised, and which budgets are spent."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, Numeric, text
from sqlalchemy.dialects.postgresql import DOUBLE_PRECISION, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from metrics_api.base import Base
from metrics_api.slo_alerts.rules import AlertCause, AlertState, BurnComparator, PolicyState
from metrics_api.versioned.tables import VersionOf

POLICY_STATES = ", ".join(f"'{state.value}'" for state in PolicyState)
COMPARATORS = ", ".join(f"'{op.value}'" for op in BurnComparator)
CAUSES = ", ".join(f"'{cause.value}'" for cause in AlertCause)
STATES = ", ".join(f"'{state.value}'" for state in AlertState)


class SloAlertPolicy(Base):
    __tablename__ = "slo_alert_policy"
    __table_args__ = (
        CheckConstraint(f"state IN ({POLICY_STATES})", name="state"),
        CheckConstraint(f"op IN ({COMPARATORS})", name="op"),
        Index("uq_slo_alert_policy_slo_key", "slo", "key", unique=True),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    slo: Mapped[str] = mapped_column(ForeignKey("metrics.slo.key"))
    key: Mapped[str]
    name: Mapped[str | None]
    description: Mapped[str]
    severity: Mapped[str]
    op: Mapped[str]
    factor: Mapped[Decimal] = mapped_column(Numeric, comment="burn rate that is compared with")
    long_window: Mapped[str] = mapped_column(comment="OpenSLO's lookbackWindow")
    short_window: Mapped[str | None]
    alert_after: Mapped[str]
    alert_when_breaching: Mapped[bool]
    alert_when_resolved: Mapped[bool]
    alert_when_no_data: Mapped[bool]
    notification_targets: Mapped[list[str]] = mapped_column(JSONB)
    labels: Mapped[dict[str, Any]] = mapped_column(JSONB)
    annotations: Mapped[dict[str, Any]] = mapped_column(JSONB)
    state: Mapped[str]
    version: Mapped[int] = mapped_column(Integer)
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[str]


class SloAlertPolicyVersion(VersionOf, Base):
    __tablename__ = "slo_alert_policy_version"

    policy_id: Mapped[UUID] = mapped_column(primary_key=True)


class SloAlert(Base):
    """One time that a policy found an objective burning; only those that fired are kept.

    Objectives have numbers from 0, a composite as a whole is -1.
    """

    __tablename__ = "slo_alert"
    __table_args__ = (
        CheckConstraint(f"state IN ({STATES})", name="state"),
        CheckConstraint(f"cause IN ({CAUSES})", name="cause"),
        # One at a time: what fires is told once.
        Index(
            "uq_slo_alert_standing",
            "policy",
            "objective",
            unique=True,
            postgresql_where=text("state <> 'resolved'"),
        ),
        Index(None, "slo", "since"),
        Index(None, "since", "id"),
        Index("ix_slo_alert_firing", "service", postgresql_where=text("state = 'firing'")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    policy: Mapped[UUID] = mapped_column(ForeignKey("metrics.slo_alert_policy.id"))
    slo: Mapped[str]
    service: Mapped[str]
    objective: Mapped[int] = mapped_column(Integer)
    severity: Mapped[str]
    cause: Mapped[str]
    state: Mapped[str]
    since: Mapped[datetime] = mapped_column(comment="when the condition was first found to hold")
    fired_at: Mapped[datetime | None]
    resolved_at: Mapped[datetime | None]
    factor: Mapped[Decimal] = mapped_column(Numeric)
    long_burn: Mapped[float | None] = mapped_column(DOUBLE_PRECISION, comment="when last looked at")
    short_burn: Mapped[float | None] = mapped_column(DOUBLE_PRECISION)


class SloBudget(Base):
    """Whether the budget of an objective was spent when last looked at, and in which window."""

    __tablename__ = "slo_budget"

    slo: Mapped[str] = mapped_column(primary_key=True)
    objective: Mapped[int] = mapped_column(Integer, primary_key=True)
    exhausted: Mapped[bool]
    window_start: Mapped[datetime] = mapped_column(comment="of a calendar window; else when spent")
    changed_at: Mapped[datetime]
