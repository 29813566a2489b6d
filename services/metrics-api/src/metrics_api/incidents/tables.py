"""Incidents: the end state, every version it was folded from, every transition found.

Only `incident_version` is partitioned (by receipt): it is append-only. The other two carry
(source_id, external_id) in their keys, so that they can be distributed by them.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    Index,
    Integer,
    SmallInteger,
    text,
)
from sqlalchemy.dialects.postgresql import BYTEA, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from metrics_api.base import Base
from shared.schemas.metrics import IncidentState

STATES = ", ".join(f"'{state.value}'" for state in IncidentState)


class Incident(Base):
    """The end state of an incident: the fold over all its versions."""

    __tablename__ = "incident"
    __table_args__ = (
        CheckConstraint(f"state IN ({STATES})", name="state"),
        Index(None, "service", "opened_at"),
        # Percentiles read thousands of durations: with the opening in the index not their rows.
        Index(
            None,
            "service",
            "resolution_at",
            postgresql_include=["opened_at"],
            postgresql_where=text("resolution_at IS NOT NULL"),
        ),
        Index(
            None,
            "service",
            "acknowledgement_at",
            postgresql_include=["opened_at"],
            postgresql_where=text("acknowledgement_at IS NOT NULL"),
        ),
        Index(None, "source_id", "service_name", postgresql_where=text("service IS NULL")),
        Index(
            None,
            "vendor_product",
            "resolution_at",
            postgresql_where=text("vendor_product IS NOT NULL"),
        ),
        Index(None, "service", "problem", postgresql_where=text("problem IS NOT NULL")),
        Index(None, "caused_by", postgresql_where=text("caused_by IS NOT NULL")),
        Index(
            "ix_incident_open",
            "service",
            postgresql_where=text("state IN ('new', 'in_progress', 'on_hold')"),
        ),
        # Records rule 13, in the words of `is_major`.
        Index(
            "ix_incident_major",
            "source_id",
            "external_id",
            postgresql_include=["opened_at"],
            postgresql_where=text("coalesce(major_flag, priority = 1)"),
        ),
        # By when clocks run out: those that have, and of the others those due before a moment.
        *(
            Index(
                None,
                f"{clock}_late_from",
                f"{clock}_due_at",
                postgresql_where=text(f"{clock}_late_from IS NOT NULL"),
            )
            for clock in ("response", "resolution")
        ),
        {"postgresql_with": {"fillfactor": 90}},  # room for updates that touch no index
    )

    # No foreign key: sources are never deleted, and each check would lock the source's one row.
    source_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    external_id: Mapped[str] = mapped_column(primary_key=True)
    service: Mapped[str | None]
    service_name: Mapped[str | None]
    service_pinned: Mapped[bool] = mapped_column(
        comment="attributed record by record: its service name no longer matters"
    )
    state: Mapped[str | None]
    raw_state: Mapped[str | None] = mapped_column(comment="the state in the tool's words")
    title: Mapped[str | None]
    priority: Mapped[int | None] = mapped_column(SmallInteger)
    raw_priority: Mapped[str | None]
    impact: Mapped[str | None]
    urgency: Mapped[str | None]
    channel: Mapped[str | None]
    assignment_group: Mapped[str | None]
    vendor: Mapped[str | None]
    vendor_product: Mapped[str | None] = mapped_column(comment="that the vendor's words mean")
    touchpoint: Mapped[str | None]
    problem: Mapped[str | None] = mapped_column(comment="the tool's id of the problem behind it")
    caused_by: Mapped[str | None] = mapped_column(comment="the tool's id of the causing change")
    reassignment_count: Mapped[int | None] = mapped_column(Integer)
    reopen_count: Mapped[int | None] = mapped_column(Integer)
    first_contact: Mapped[bool | None]
    major_flag: Mapped[bool | None]
    opened_at: Mapped[datetime | None]
    acknowledged_at: Mapped[datetime | None] = mapped_column(comment="as the tool sent it")
    resolved_at: Mapped[datetime | None] = mapped_column(comment="as the tool sent it")
    sends_resolved_at: Mapped[bool] = mapped_column(comment="some version carried resolved_at")
    closed_at: Mapped[datetime | None]
    acknowledgement_at: Mapped[datetime | None] = mapped_column(comment="Records rule 7")
    resolution_at: Mapped[datetime | None] = mapped_column(comment="Records rule 3")
    exclusion: Mapped[str | None] = mapped_column(comment="why a resolution does not count")
    reopened: Mapped[bool] = mapped_column(comment="Records rule 6")
    hold_us: Mapped[int | None] = mapped_column(comment="on hold from opening to resolution")
    business_us: Mapped[int | None] = mapped_column(comment="support time, Records rule 9")
    response_due_at: Mapped[datetime | None] = mapped_column(comment="of a running clock")
    resolution_due_at: Mapped[datetime | None] = mapped_column(comment="of a running clock")
    response_late_from: Mapped[datetime | None] = mapped_column(comment="when it has run out")
    resolution_late_from: Mapped[datetime | None] = mapped_column(comment="when it has run out")
    response_met: Mapped[bool | None] = mapped_column(comment="of a completed clock")
    resolution_met: Mapped[bool | None] = mapped_column(comment="of a completed clock")
    clock_basis: Mapped[str | None] = mapped_column(comment="whose targets the clocks run against")
    extra: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    version: Mapped[int | None] = mapped_column(comment="of the newest version, as the rest below")
    updated_at: Mapped[datetime | None]
    stamped_at: Mapped[datetime] = mapped_column(comment="updated_at or its fall-back")
    digest: Mapped[bytes] = mapped_column(BYTEA)
    versions: Mapped[int] = mapped_column(Integer, comment="how many are kept")
    first_received_at: Mapped[datetime]
    last_received_at: Mapped[datetime]


class IncidentVersion(Base):
    """One update as it was sent, kept for ever: as-of answers and refolding read these."""

    __tablename__ = "incident_version"
    __table_args__ = (
        Index(None, "source_id", "external_id"),
        {"postgresql_partition_by": "RANGE (received_at)", "info": {"append_only": True}},
    )

    source_id: Mapped[int] = mapped_column(Integer)
    external_id: Mapped[str] = mapped_column()
    digest: Mapped[bytes] = mapped_column(BYTEA, comment="SHA-256 of the canonical payload")
    version: Mapped[int | None]
    updated_at: Mapped[datetime | None]
    stamped_at: Mapped[datetime] = mapped_column(comment="updated_at or its fall-back")
    received_at: Mapped[datetime]
    service: Mapped[str | None] = mapped_column(comment="as attributed at receipt")
    payload: Mapped[dict[str, Any]] = mapped_column(JSONB, comment="only the fields that were sent")

    # A key for the mapper only: an index over the digest would double the cost of an insert.
    __mapper_args__ = {"primary_key": [source_id, external_id, digest]}  # noqa: RUF012


class IncidentTransition(Base):
    """One move of an incident; `from_state` is null for the first known state."""

    __tablename__ = "incident_transition"
    __table_args__ = (
        CheckConstraint(f"from_state IN ({STATES})", name="from_state"),
        CheckConstraint(f"to_state IN ({STATES})", name="to_state"),
        Index(None, "service", "at"),
    )

    source_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    external_id: Mapped[str] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(Integer, primary_key=True, comment="1, 2, 3 …")
    at: Mapped[datetime] = mapped_column(comment="the stamp of the update that carried it")
    from_state: Mapped[str | None]
    to_state: Mapped[str]
    service: Mapped[str | None] = mapped_column(comment="copy of the incident's, for the backlog")
