"""Capability assessments and the decisions on them."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Date, DateTime, ForeignKey, Index, Integer, Text, Uuid
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from improvement_api.base import Base, text_enum
from improvement_api.capabilities.rules import AssessmentState, Scope, Verdict
from shared.kit.tables import APPEND_ONLY


class CapabilityAssessment(Base):
    """An approved one never changes; `text_hash` covers everything that its assessors wrote."""

    __tablename__ = "capability_assessment"
    __table_args__ = (
        CheckConstraint("(scope = 'organisation') = (scope_key IS NULL)", name="scope_key"),
        Index(None, "assessed_on", "id"),
        Index(None, "scope", "scope_key", "state", "assessed_on"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    scope: Mapped[Scope] = mapped_column(text_enum(Scope, "scope"))
    scope_key: Mapped[str | None] = mapped_column(Text)
    assessed_on: Mapped[date] = mapped_column(Date)
    summary: Mapped[str] = mapped_column(Text)
    ratings: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    text_hash: Mapped[str] = mapped_column(Text)
    state: Mapped[AssessmentState] = mapped_column(text_enum(AssessmentState, "state"))
    assessors: Mapped[list[str]] = mapped_column(ARRAY(Text))
    revision: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    created_by: Mapped[str] = mapped_column(Text)
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class CapabilityDecision(Base):
    """Somebody approved the exact text of an assessment, or gave it back."""

    __tablename__ = "capability_decision"
    __table_args__ = (
        Index(None, "assessment_id", "decided_at", "id"),
        {"info": APPEND_ONLY},
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    assessment_id: Mapped[UUID] = mapped_column(
        Uuid, ForeignKey("improvement.capability_assessment.id")
    )
    verdict: Mapped[Verdict] = mapped_column(text_enum(Verdict, "verdict"))
    text_hash: Mapped[str] = mapped_column(Text)
    comment: Mapped[str] = mapped_column(Text)
    decided_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    decided_by: Mapped[str] = mapped_column(Text)
