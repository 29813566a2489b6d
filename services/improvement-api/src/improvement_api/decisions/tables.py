"""Decisions and rejections with their hash-chained log, none of which changes; deliveries do."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    Text,
    Uuid,
)
from sqlalchemy.orm import Mapped, mapped_column

from improvement_api.base import Base, text_enum
from improvement_api.decisions.rules import DeliveryState
from shared.kit.tables import APPEND_ONLY
from shared.schemas.catalog import Stage
from shared.schemas.improvement import Gate


class Decision(Base):
    """`frozen` is the verdict with all outcomes and signatures at that moment."""

    __tablename__ = "decision"
    __table_args__ = (
        Index(None, "decided_at", "id"),
        Index(None, "service", "decided_at", "id"),
        {"info": APPEND_ONLY},
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    service: Mapped[str] = mapped_column(Text)
    gate: Mapped[Gate] = mapped_column(text_enum(Gate, "gate"))
    gate_version: Mapped[int] = mapped_column(Integer)
    from_stage: Mapped[Stage] = mapped_column(text_enum(Stage, "from_stage"))
    to_stage: Mapped[Stage] = mapped_column(text_enum(Stage, "to_stage"))
    evaluation_id: Mapped[UUID] = mapped_column(
        Uuid, ForeignKey("improvement.evaluation.id"), unique=True
    )
    # JSON, not JSONB, which forgets the order of the criteria.
    frozen: Mapped[dict[str, Any]] = mapped_column(JSON)
    comment: Mapped[str] = mapped_column(Text)
    decided_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    decided_by: Mapped[str] = mapped_column(Text)
    # Of a board only: its key, and the votes that counted.
    board: Mapped[str | None] = mapped_column(Text)
    votes: Mapped[list[dict[str, Any]] | None] = mapped_column(JSON(none_as_null=True))
    statement: Mapped[str] = mapped_column(Text)


class BoardRejection(Base):
    """A board said no to an evaluation: nothing moves, and that evaluation is spent."""

    __tablename__ = "board_rejection"
    __table_args__ = ({"info": APPEND_ONLY},)

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    evaluation_id: Mapped[UUID] = mapped_column(
        Uuid, ForeignKey("improvement.evaluation.id"), unique=True
    )
    board: Mapped[str] = mapped_column(Text)
    votes: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    frozen: Mapped[dict[str, Any]] = mapped_column(JSON)
    rejected_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class DecisionLogEntry(Base):
    """Each entry's hash covers its text and the hash before it: see decisions.rules.

    It is about a decision, or about what a board has rejected.
    """

    __tablename__ = "decision_log"
    __table_args__ = (
        CheckConstraint("num_nonnulls(decision_id, rejection_id) = 1", name="subject"),
        {"info": APPEND_ONLY},
    )

    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    decision_id: Mapped[UUID | None] = mapped_column(
        Uuid, ForeignKey("improvement.decision.id"), unique=True
    )
    rejection_id: Mapped[UUID | None] = mapped_column(
        Uuid, ForeignKey("improvement.board_rejection.id"), unique=True
    )
    entry: Mapped[str] = mapped_column(Text)
    prev_hash: Mapped[str] = mapped_column(Text)
    hash: Mapped[str] = mapped_column(Text)


class DecisionDelivery(Base):
    """Whether the catalog has applied a decision; `reason` says why not, or not yet."""

    __tablename__ = "decision_delivery"

    decision_id: Mapped[UUID] = mapped_column(
        Uuid, ForeignKey("improvement.decision.id"), primary_key=True
    )
    state: Mapped[DeliveryState] = mapped_column(text_enum(DeliveryState, "state"))
    attempts: Mapped[int] = mapped_column(Integer)
    reason: Mapped[str | None] = mapped_column(Text)
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
