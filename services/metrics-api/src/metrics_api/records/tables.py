"""End states of each kind of record; versions and transitions of all kinds in one table each.

Only `record_version` is partitioned (by receipt): it is append-only. The others carry
(source_id, external_id) in their keys, so that they can be distributed by them.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, Integer, SmallInteger, text
from sqlalchemy.dialects.postgresql import BYTEA, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from metrics_api.base import Base
from shared.kit.tables import APPEND_ONLY
from shared.schemas.metrics import IncidentState, RecordKind

STATES = ", ".join(f"'{state.value}'" for state in IncidentState)
KINDS = ", ".join(f"'{kind.value}'" for kind in RecordKind if kind is not RecordKind.INCIDENT)
OPEN = text("state IN ('new', 'in_progress', 'on_hold')")
UNATTRIBUTED = text("service IS NULL")
OF_VENDORS = text("vendor_product IS NOT NULL")
ROOM = {"postgresql_with": {"fillfactor": 90}}  # for updates that touch no index


class Record:
    """What the end state of every kind has: whose it is, its newest version, what was sent."""

    source_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    external_id: Mapped[str] = mapped_column(primary_key=True)
    service: Mapped[str | None] = mapped_column(comment="null: unattributed")
    service_name: Mapped[str | None] = mapped_column(comment="the service in the tool's words")
    service_pinned: Mapped[bool] = mapped_column(
        comment="attributed by hand, whatever the name says"
    )
    state: Mapped[str | None]
    raw_state: Mapped[str | None]
    title: Mapped[str | None]
    priority: Mapped[int | None] = mapped_column(SmallInteger)
    raw_priority: Mapped[str | None]
    impact: Mapped[str | None]
    urgency: Mapped[str | None]
    channel: Mapped[str | None]
    touchpoint: Mapped[str | None]
    customer: Mapped[str | None] = mapped_column(comment="key of the customer its words mean")
    vendor: Mapped[str | None] = mapped_column(comment="the tool's words")
    vendor_product: Mapped[str | None] = mapped_column(comment="that the vendor's words mean")
    assignment_group: Mapped[str | None]
    extra: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    sent: Mapped[dict[str, Any]] = mapped_column(
        JSONB, server_default=text("'{}'"), comment="what all versions together say, unread"
    )
    version: Mapped[int | None] = mapped_column(comment="of the newest version, as the rest below")
    updated_at: Mapped[datetime | None]
    stamped_at: Mapped[datetime] = mapped_column(comment="updated_at or its fall-back")
    digest: Mapped[bytes] = mapped_column(BYTEA)
    versions: Mapped[int] = mapped_column(Integer, comment="how many are kept")
    first_received_at: Mapped[datetime]
    last_received_at: Mapped[datetime]


class RequestRecord(Record, Base):
    """What was asked for, how far it is, and the timings of its steps."""

    __tablename__ = "request_record"
    __table_args__ = (
        CheckConstraint(f"state IN ({STATES})", name="state"),
        Index(None, "service", "opened_at"),
        Index(None, "service", "fulfilled_at"),
        Index(None, "fulfilled_at"),
        Index(None, "opened_at"),
        Index(None, "vendor_product", "fulfilled_at", postgresql_where=OF_VENDORS),
        Index(None, "source_id", "service_name", postgresql_where=UNATTRIBUTED),
        Index("ix_request_record_open", "service", postgresql_where=OPEN),
        ROOM,
    )

    opened_at: Mapped[datetime | None]
    due_at: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    fulfilled_at: Mapped[datetime | None] = mapped_column(
        comment="the tool's, else the last transition into resolved or closed"
    )
    ended_at: Mapped[datetime | None] = mapped_column(comment="fulfilled or given up")
    met: Mapped[bool | None] = mapped_column(comment="fulfilled when it was due")
    offering: Mapped[str | None]
    requester: Mapped[str | None]
    low_value: Mapped[bool | None] = mapped_column(
        comment="as the tool marks it; null: it does not"
    )
    steps: Mapped[list[dict[str, Any]] | None] = mapped_column(JSONB)
    reopened: Mapped[bool] = mapped_column(comment="Records rule 6")
    reassignment_count: Mapped[int | None] = mapped_column(Integer)


class ChangeRecord(Record, Base):
    """A change: planned and actual window, how it ended, how risky it looked."""

    __tablename__ = "change_record"
    __table_args__ = (
        CheckConstraint(f"state IN ({STATES})", name="state"),
        CheckConstraint("outcome IN ('successful', 'failed', 'rolled_back')", name="outcome"),
        CheckConstraint("risk_score BETWEEN 0 AND 100", name="risk_score"),
        Index(None, "service", "opened_at"),
        Index(None, "service", "completed_at"),
        Index(None, "completed_at"),
        Index(None, "assignment_group", "completed_at"),
        Index(None, "service", "planned_start_at"),
        Index(None, "vendor_product", "completed_at", postgresql_where=OF_VENDORS),
        Index(None, "source_id", "service_name", postgresql_where=UNATTRIBUTED),
        Index("ix_change_record_open", "service", postgresql_where=OPEN),
        ROOM,
    )

    opened_at: Mapped[datetime | None]
    planned_start_at: Mapped[datetime | None]
    planned_end_at: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    completed_at: Mapped[datetime | None] = mapped_column(
        comment="the tool's, else the last transition into resolved or closed"
    )
    outcome: Mapped[str | None] = mapped_column(comment="null: none yet, unknown or cancelled")
    emergency: Mapped[bool]
    risk_score: Mapped[int] = mapped_column(
        SmallInteger, server_default=text("0"), comment="0 to 100, see records.risk"
    )
    risk_factors: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default=text("'[]'"))


class Outage(Record, Base):
    """A time in which a service was not, or not fully, there."""

    __tablename__ = "outage"
    __table_args__ = (
        CheckConstraint(f"state IN ({STATES})", name="state"),
        Index(None, "service", "started_at"),
        Index(None, "started_at"),
        Index("ix_outage_open", "service", postgresql_where=text("ended_at IS NULL")),
        Index(None, "vendor_product", "started_at", postgresql_where=OF_VENDORS),
        Index(None, "caused_by", postgresql_where=text("caused_by IS NOT NULL")),
        Index(None, "source_id", "service_name", postgresql_where=UNATTRIBUTED),
        ROOM,
    )

    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None] = mapped_column(
        comment="null: open; the tool's, else the last transition into resolved or closed"
    )
    planned: Mapped[bool] = mapped_column(comment="maintenance that was announced")
    degraded: Mapped[bool] = mapped_column(comment="degradation only: no downtime")
    caused_by: Mapped[str | None] = mapped_column(comment="the tool's id of the causing change")


class Survey(Record, Base):
    """A question to a customer, and the answer; it has no state."""

    __tablename__ = "survey"
    __table_args__ = (
        CheckConstraint(f"state IN ({STATES})", name="state"),
        CheckConstraint("kind IN ('csat', 'nps')", name="kind"),
        CheckConstraint(
            "score BETWEEN CASE kind WHEN 'csat' THEN 1 ELSE 0 END"
            " AND CASE kind WHEN 'csat' THEN 5 ELSE 10 END",
            name="score",
        ),
        Index(None, "service", "answered_at"),
        Index(None, "answered_at"),
        Index(None, "vendor_product", "answered_at", postgresql_where=OF_VENDORS),
        Index(None, "about", postgresql_where=text("about IS NOT NULL")),
        Index(None, "service", "sent_at"),
        Index(None, "sent_at"),
        Index(
            "ix_survey_comment",
            "answered_at",
            "source_id",
            "external_id",
            postgresql_where=text("comment IS NOT NULL"),
        ),
        # For those who come back for what is new since.
        Index(
            "ix_survey_comment_received",
            "last_received_at",
            postgresql_where=text("comment IS NOT NULL"),
        ),
        Index(None, "source_id", "service_name", postgresql_where=UNATTRIBUTED),
        ROOM,
    )

    kind: Mapped[str | None] = mapped_column(comment="null: an unknown one, see sent")
    sent_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    score: Mapped[int | None] = mapped_column(
        SmallInteger, comment="csat 1-5, nps 0-10; null: no answer, or none of these"
    )
    comment: Mapped[str | None]
    about: Mapped[str | None] = mapped_column(comment="external id of the record it asks about")


class InfrastructureEvent(Record, Base):
    """Something that happened to a part of the infrastructure (SIE)."""

    __tablename__ = "infrastructure_event"
    __table_args__ = (
        CheckConstraint(f"state IN ({STATES})", name="state"),
        Index(None, "service", "occurred_at"),
        Index(None, "occurred_at"),
        Index(None, "component", "occurred_at"),
        Index(None, "vendor_product", "occurred_at", postgresql_where=OF_VENDORS),
        Index(None, "source_id", "service_name", postgresql_where=UNATTRIBUTED),
        ROOM,
    )

    occurred_at: Mapped[datetime | None]
    cleared_at: Mapped[datetime | None] = mapped_column(
        comment="the tool's, else the last transition into resolved or closed"
    )
    severity: Mapped[str | None] = mapped_column(comment="the tool's words")
    component: Mapped[str | None] = mapped_column(comment="configuration item")


class RecordVersion(Base):
    """One update as it was sent, kept for ever: as-of answers and refolding read these."""

    __tablename__ = "record_version"
    __table_args__ = (
        CheckConstraint(f"kind IN ({KINDS})", name="kind"),
        Index(None, "kind", "source_id", "external_id"),
        {"postgresql_partition_by": "RANGE (received_at)", "info": APPEND_ONLY},
    )

    kind: Mapped[str] = mapped_column()
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
    __mapper_args__ = {"primary_key": [kind, source_id, external_id, digest]}  # noqa: RUF012


class RecordTransition(Base):
    """One move of a record; `from_state` is null for the first known state."""

    __tablename__ = "record_transition"
    __table_args__ = (
        CheckConstraint(f"kind IN ({KINDS})", name="kind"),
        CheckConstraint(f"from_state IN ({STATES})", name="from_state"),
        CheckConstraint(f"to_state IN ({STATES})", name="to_state"),
        Index(None, "kind", "service", "at"),
    )

    kind: Mapped[str] = mapped_column(primary_key=True)
    source_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    external_id: Mapped[str] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(Integer, primary_key=True, comment="1, 2, 3 …")
    at: Mapped[datetime] = mapped_column(comment="the stamp of the update that carried it")
    from_state: Mapped[str | None]
    to_state: Mapped[str]
    service: Mapped[str | None] = mapped_column(comment="copy of the record's")
