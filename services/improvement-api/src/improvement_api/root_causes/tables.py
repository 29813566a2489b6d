"""Root cause analyses, their incidents, fixes and checks; the major incidents that need one."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from improvement_api.base import Base, text_enum
from improvement_api.root_causes.rules import AnalysisState, Finding, FixOutcome, Method
from shared.kit.tables import APPEND_ONLY

Stamp = DateTime(timezone=True)


class Analysis(Base):
    """`causes` is the whole tree, problem first; `due_at` is set where it was opened again."""

    __tablename__ = "root_cause_analysis"
    __table_args__ = (
        Index(None, "created_at", "id"),
        Index(None, "service", "state"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    service: Mapped[str] = mapped_column(Text)
    title: Mapped[str] = mapped_column(Text)
    method: Mapped[Method] = mapped_column(text_enum(Method, "method"))
    owner: Mapped[str] = mapped_column(Text)
    state: Mapped[AnalysisState] = mapped_column(text_enum(AnalysisState, "state"))
    causes: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    due_at: Mapped[datetime | None] = mapped_column(Stamp)
    reopened: Mapped[int] = mapped_column(Integer)
    version: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[datetime] = mapped_column(Stamp)
    created_by: Mapped[str] = mapped_column(Text)
    updated_at: Mapped[datetime] = mapped_column(Stamp)


class AnalysedIncident(Base):
    """An incident that an analysis is about. One that recurred is linked by improvement-api."""

    __tablename__ = "analysed_incident"
    __table_args__ = (Index(None, "source", "external_id"),)

    analysis_id: Mapped[UUID] = mapped_column(
        Uuid, ForeignKey("improvement.root_cause_analysis.id"), primary_key=True
    )
    source: Mapped[str] = mapped_column(Text, primary_key=True)
    external_id: Mapped[str] = mapped_column(Text, primary_key=True)
    linked_at: Mapped[datetime] = mapped_column(Stamp)
    linked_by: Mapped[str] = mapped_column(Text)


class Fix(Base):
    """What was done against a cause. The last of an analysis is the one that counts.

    `fingerprint` is how a recurrence is known, in the words of metrics-api's question;
    `next_check_at` is null when it is not watched any more.
    """

    __tablename__ = "fix"
    __table_args__ = (
        CheckConstraint("verify_at > implemented_at", name="verify_at"),
        Index(None, "analysis_id", "number", unique=True),
        Index(None, "next_check_at", postgresql_where=text("next_check_at IS NOT NULL")),
        Index(None, "verify_at"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    analysis_id: Mapped[UUID] = mapped_column(
        Uuid, ForeignKey("improvement.root_cause_analysis.id")
    )
    number: Mapped[int] = mapped_column(Integer)
    what: Mapped[str] = mapped_column(Text)
    change_reference: Mapped[str | None] = mapped_column(Text)
    implemented_at: Mapped[datetime] = mapped_column(Stamp)
    fingerprint: Mapped[dict[str, Any]] = mapped_column(JSONB)
    verify_days: Mapped[int] = mapped_column(Integer)
    verify_at: Mapped[datetime] = mapped_column(Stamp)
    watch_until: Mapped[datetime] = mapped_column(Stamp)
    outcome: Mapped[FixOutcome] = mapped_column(text_enum(FixOutcome, "outcome"))
    verified_at: Mapped[datetime | None] = mapped_column(Stamp)
    recurred_at: Mapped[datetime | None] = mapped_column(Stamp)
    next_check_at: Mapped[datetime | None] = mapped_column(Stamp)
    check_failure: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(Stamp)
    created_by: Mapped[str] = mapped_column(Text)


class FixCheck(Base):
    """One question to metrics-api whether it happened again, with its answer."""

    __tablename__ = "fix_check"
    __table_args__ = (Index(None, "fix_id", "id"), {"info": APPEND_ONLY})

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    fix_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("improvement.fix.id"))
    query: Mapped[dict[str, Any]] = mapped_column(JSONB)
    as_of: Mapped[datetime] = mapped_column(Stamp)
    count: Mapped[int] = mapped_column(Integer)
    incidents: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    finding: Mapped[Finding] = mapped_column(text_enum(Finding, "finding"))
    checked_at: Mapped[datetime] = mapped_column(Stamp)


class MajorIncident(Base):
    """A major incident of metrics-api; `major` is false for one that is none any more."""

    __tablename__ = "major_incident"
    __table_args__ = (
        Index(None, "due_at", "source", "external_id", postgresql_where=text("major")),
        Index(None, "service", postgresql_where=text("major")),
        Index(None, "resolved_at", postgresql_where=text("major")),
        {"postgresql_with": {"fillfactor": 80}},  # room for `seen_at`, which no index has
    )

    source: Mapped[str] = mapped_column(Text, primary_key=True)
    external_id: Mapped[str] = mapped_column(Text, primary_key=True)
    service: Mapped[str | None] = mapped_column(Text)
    title: Mapped[str | None] = mapped_column(Text)
    priority: Mapped[int | None] = mapped_column(Integer)
    state: Mapped[str | None] = mapped_column(Text)
    opened_at: Mapped[datetime] = mapped_column(Stamp)
    resolved_at: Mapped[datetime | None] = mapped_column(Stamp)
    due_at: Mapped[datetime] = mapped_column(Stamp)
    major: Mapped[bool]
    first_seen_at: Mapped[datetime] = mapped_column(Stamp)
    seen_at: Mapped[datetime] = mapped_column(Stamp)


class MajorReading(Base):
    """When the last whole reading of the major incidents began; one row, none before the first."""

    __tablename__ = "major_reading"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    read_at: Mapped[datetime] = mapped_column(Stamp)
