"""Boards, their members, the gates they decide, their meetings and their decisions."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    Numeric,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from catalog_api.base import Base, Revised, text_enum
from catalog_api.boards.rules import BoardOutcome, MeetingState, MemberRole, Settled
from shared.kit.tables import APPEND_ONLY
from shared.schemas.improvement import Gate

_PRESENT = text("valid_to IS NULL")


class Board(Base, Revised):
    __tablename__ = "board"
    __table_args__ = (
        CheckConstraint("quorum_minimum >= 1", name="quorum_minimum"),
        CheckConstraint("quorum_share > 0 AND quorum_share <= 1", name="quorum_share"),
    )

    key: Mapped[str] = mapped_column(Text, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    purpose: Mapped[str] = mapped_column(Text)
    cadence_days: Mapped[int] = mapped_column(Integer)
    quorum_minimum: Mapped[int] = mapped_column(Integer)
    quorum_share: Mapped[Decimal | None] = mapped_column(Numeric(4, 3))
    ended_on: Mapped[date | None] = mapped_column(Date)


class BoardMember(Base):
    __tablename__ = "board_member"
    __table_args__ = (
        Index(
            "uq_board_member_present",
            "board_key",
            "subject",
            unique=True,
            postgresql_where=_PRESENT,
        ),
        Index(
            "uq_board_member_one_chair",
            "board_key",
            unique=True,
            postgresql_where=text("valid_to IS NULL AND role = 'chair'"),
        ),
        Index(None, "board_key", "valid_from", "id"),
        Index("ix_board_member_subject_present", "subject", "board_key", postgresql_where=_PRESENT),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    board_key: Mapped[str] = mapped_column(Text, ForeignKey("catalog.board.key"))
    subject: Mapped[str] = mapped_column(Text)
    role: Mapped[MemberRole] = mapped_column(text_enum(MemberRole, "role"))
    valid_from: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    valid_to: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class BoardGate(Base):
    """The board that decides a gate, for one portfolio or (null) wherever none is named."""

    __tablename__ = "board_gate"
    __table_args__ = (
        UniqueConstraint("gate", "portfolio_key", postgresql_nulls_not_distinct=True),
        Index(None, "board_key"),
        Index(None, "portfolio_key"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    board_key: Mapped[str] = mapped_column(Text, ForeignKey("catalog.board.key"))
    gate: Mapped[Gate] = mapped_column(text_enum(Gate, "gate"))
    portfolio_key: Mapped[str | None] = mapped_column(Text, ForeignKey("catalog.portfolio.key"))


class BoardMeeting(Base, Revised):
    __tablename__ = "board_meeting"
    __table_args__ = (Index(None, "board_key", "scheduled_for", "id"),)

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    board_key: Mapped[str] = mapped_column(Text, ForeignKey("catalog.board.key"))
    state: Mapped[MeetingState] = mapped_column(text_enum(MeetingState, "state"))
    scheduled_for: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    agenda: Mapped[str] = mapped_column(Text)
    held_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    # Who was there, with the role they had on the board then, and what the quorum asked for:
    # later changes of the board change no meeting.
    attendees: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    quorum_needed: Mapped[int | None] = mapped_column(Integer)
    minutes: Mapped[str | None] = mapped_column(Text)
    minutes_uri: Mapped[str | None] = mapped_column(Text)
    minuted_by: Mapped[str | None] = mapped_column(Text)
    cancelled_because: Mapped[str | None] = mapped_column(Text)


class BoardDecision(Base):
    __tablename__ = "board_decision"
    __table_args__ = (
        Index(None, "board_key", "recorded_at", "id"),
        Index(None, "meeting_id", "recorded_at", "id"),
        Index(None, "service_key", "recorded_at", "id"),
        {"info": APPEND_ONLY},
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    board_key: Mapped[str] = mapped_column(Text, ForeignKey("catalog.board.key"))
    meeting_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("catalog.board_meeting.id"))
    motion: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    service_key: Mapped[str | None] = mapped_column(Text, ForeignKey("catalog.service.key"))
    gate: Mapped[Gate | None] = mapped_column(text_enum(Gate, "gate"))
    outcome: Mapped[BoardOutcome] = mapped_column(text_enum(BoardOutcome, "outcome"))
    settled_by: Mapped[Settled] = mapped_column(text_enum(Settled, "settled_by"))
    votes: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    votes_for: Mapped[int] = mapped_column(Integer)
    votes_against: Mapped[int] = mapped_column(Integer)
    abstained: Mapped[int] = mapped_column(Integer)
    quorum_needed: Mapped[int] = mapped_column(Integer)
    voters_present: Mapped[int] = mapped_column(Integer)
    evidence_uri: Mapped[str] = mapped_column(Text)
    recorded_by: Mapped[str] = mapped_column(Text)
    recorded_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
