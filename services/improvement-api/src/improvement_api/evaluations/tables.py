"""Evaluations, which never change, and which of them stands."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, ForeignKey, ForeignKeyConstraint, Index, Integer, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from improvement_api.base import Base, text_enum
from shared.kit.tables import APPEND_ONLY
from shared.schemas.catalog import Stage
from shared.schemas.improvement import Gate


class Evaluation(Base):
    """`results`: by criterion id, outcome, reason and facts of the automated and evidence ones."""

    __tablename__ = "evaluation"
    __table_args__ = (
        ForeignKeyConstraint(
            ["gate", "gate_version"],
            ["improvement.gate_version.gate", "improvement.gate_version.version"],
        ),
        Index(None, "service", "gate", "evaluated_at", "id"),
        Index(None, "gate", "evaluated_at", "id"),
        {"info": APPEND_ONLY},
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    service: Mapped[str] = mapped_column(Text)
    gate: Mapped[Gate] = mapped_column(text_enum(Gate, "gate"))
    gate_version: Mapped[int] = mapped_column(Integer)
    stage: Mapped[Stage | None] = mapped_column(text_enum(Stage, "stage"))
    results: Mapped[dict[str, Any]] = mapped_column(JSONB)
    facts_hash: Mapped[str] = mapped_column(Text)
    evaluated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    evaluated_by: Mapped[str] = mapped_column(Text)
    on_behalf_of: Mapped[str | None] = mapped_column(Text)


class GateStanding(Base):
    """The evaluation that stands; its row is the lock of a service at a gate."""

    __tablename__ = "gate_standing"

    service: Mapped[str] = mapped_column(Text, primary_key=True)
    gate: Mapped[Gate] = mapped_column(text_enum(Gate, "gate"), primary_key=True)
    evaluation_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("improvement.evaluation.id"))
