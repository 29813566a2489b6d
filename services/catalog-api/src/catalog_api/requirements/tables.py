"""Service requirements, with the target that answers each."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, ForeignKey, Index, Text, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from catalog_api.base import Base, Revised, text_enum
from catalog_api.requirements.rules import AnswerKind, Priority, RequirementState


class Requirement(Revised, Base):
    __tablename__ = "service_requirement"
    __table_args__ = (
        CheckConstraint(
            "num_nulls(answer_kind, answer_reference)"
            " = CASE WHEN state = 'answered' THEN 0 ELSE 2 END",
            name="answered_by_a_target",
        ),
        Index(None, "service_key", "created_at", "id"),
        Index(None, "customer_key", "created_at", "id"),
        Index(None, "created_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    service_key: Mapped[str] = mapped_column(Text, ForeignKey("catalog.service.key"))
    customer_key: Mapped[str] = mapped_column(Text, ForeignKey("catalog.customer.key"))
    statement: Mapped[str] = mapped_column(Text)
    feedback: Mapped[str | None] = mapped_column(Text)
    priority: Mapped[Priority] = mapped_column(text_enum(Priority, "priority"))
    state: Mapped[RequirementState] = mapped_column(text_enum(RequirementState, "state"))
    state_since: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    state_reason: Mapped[str | None] = mapped_column(Text)
    answer_kind: Mapped[AnswerKind | None] = mapped_column(text_enum(AnswerKind, "answer_kind"))
    answer_reference: Mapped[str | None] = mapped_column(Text)
    answer_name: Mapped[str | None] = mapped_column(Text)
