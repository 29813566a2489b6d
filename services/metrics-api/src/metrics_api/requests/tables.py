"""Requests: the end state, and every version it was told in."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, Integer, SmallInteger
from sqlalchemy.dialects.postgresql import BYTEA, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from metrics_api.base import Base
from shared.kit.tables import APPEND_ONLY
from shared.schemas.metrics import IncidentState

STATES = ", ".join(f"'{state.value}'" for state in IncidentState)


class RequestRecord(Base):
    """The end state of a request: its newest version."""

    __tablename__ = "request_record"
    __table_args__ = (
        CheckConstraint(f"state IN ({STATES})", name="state"),
        Index(None, "service", "opened_at"),
        Index(None, "service", "fulfilled_at"),
    )

    source: Mapped[str] = mapped_column(primary_key=True)
    external_id: Mapped[str] = mapped_column(primary_key=True)
    service: Mapped[str | None]
    offering: Mapped[str | None]
    customer: Mapped[str | None]
    state: Mapped[str | None]
    raw_state: Mapped[str | None] = mapped_column(comment="the state in the source's words")
    impact: Mapped[str | None]
    urgency: Mapped[str | None]
    priority: Mapped[int | None] = mapped_column(SmallInteger)
    opened_at: Mapped[datetime | None]
    due_at: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    fulfilled_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None] = mapped_column(comment="fulfilled or given up")
    met: Mapped[bool | None] = mapped_column(comment="fulfilled when it was due")
    steps: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    version: Mapped[int] = mapped_column(comment="of the newest version, as the two below")
    updated_at: Mapped[datetime]
    digest: Mapped[bytes] = mapped_column(BYTEA)
    versions: Mapped[int] = mapped_column(Integer, comment="how many are kept")
    first_received_at: Mapped[datetime]
    last_received_at: Mapped[datetime]


class RequestRecordVersion(Base):
    """One update as it was told, kept for ever: as-of answers read these."""

    __tablename__ = "request_record_version"
    __table_args__ = (
        Index(None, "source", "external_id", "received_at", "digest"),
        {"info": APPEND_ONLY},
    )

    source: Mapped[str] = mapped_column(primary_key=True)
    external_id: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    digest: Mapped[bytes] = mapped_column(
        BYTEA, primary_key=True, comment="SHA-256 of the canonical payload"
    )
    updated_at: Mapped[datetime]
    received_at: Mapped[datetime]
    payload: Mapped[dict[str, Any]] = mapped_column(JSONB)
