"""Service reviews: orders and packs, minutes and their approval, decisions and actions."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    Date,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from improvement_api.base import Base, text_enum
from improvement_api.service_reviews.rules import ActionState, PackState, ReviewState
from shared.kit.tables import APPEND_ONLY


class ServiceReview(Base):
    """`covered` are the services that the pack of a held review is about; `pack` its number."""

    __tablename__ = "service_review"
    __table_args__ = (
        CheckConstraint("(customer IS NULL) = (cardinality(services) > 0)", name="scope"),
        CheckConstraint(
            "(state = 'scheduled') = (held_at IS NULL)"
            " AND (held_at IS NULL) = (pack IS NULL)"
            " AND (state = 'closed') = (closed_at IS NOT NULL)",
            name="held",
        ),
        Index(None, "scheduled_at", "id"),
        Index(None, "covered", postgresql_using="gin"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    title: Mapped[str] = mapped_column(Text)
    services: Mapped[list[str]] = mapped_column(ARRAY(Text))
    customer: Mapped[str | None] = mapped_column(Text)
    period: Mapped[str] = mapped_column(Text)
    timezone: Mapped[str] = mapped_column(Text)
    scheduled_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    chair: Mapped[str] = mapped_column(Text)
    attendees: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    agenda: Mapped[list[str]] = mapped_column(JSONB)
    state: Mapped[ReviewState] = mapped_column(text_enum(ReviewState, "state"))
    held_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    pack: Mapped[int | None] = mapped_column(Integer)
    covered: Mapped[list[str]] = mapped_column(ARRAY(Text))
    next_due_on: Mapped[date | None] = mapped_column(Date)
    closed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    version: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    created_by: Mapped[str] = mapped_column(Text)
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class ReviewPackOrder(Base):
    """A pack that was asked for; a job makes it for as long as it takes."""

    __tablename__ = "review_pack_order"

    review_id: Mapped[UUID] = mapped_column(
        Uuid, ForeignKey("improvement.service_review.id"), primary_key=True
    )
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    as_of: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    state: Mapped[PackState] = mapped_column(text_enum(PackState, "state"))
    attempts: Mapped[int] = mapped_column(Integer)
    failure: Mapped[str | None] = mapped_column(Text)
    ordered_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    ordered_by: Mapped[str] = mapped_column(Text)


class ReviewPack(Base):
    """A pack as bytes. `inputs` is the JSON that it is made of, and all that it is made of."""

    __tablename__ = "review_pack"
    __table_args__ = (
        ForeignKeyConstraint(
            ["review_id", "number"],
            ["improvement.review_pack_order.review_id", "improvement.review_pack_order.number"],
        ),
        {"info": APPEND_ONLY},
    )

    review_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    services: Mapped[list[str]] = mapped_column(ARRAY(Text))
    cadence_days: Mapped[int | None] = mapped_column(Integer)
    review_dates: Mapped[list[date]] = mapped_column(ARRAY(Date))
    inputs: Mapped[bytes] = mapped_column(LargeBinary)
    inputs_sha256: Mapped[str] = mapped_column(Text)
    figures_sha256: Mapped[str] = mapped_column(Text)
    page: Mapped[bytes] = mapped_column(LargeBinary)
    page_sha256: Mapped[str] = mapped_column(Text)
    made_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class ReviewMinutes(Base):
    """One version of the minutes; `text_hash` is SHA-256 of the text."""

    __tablename__ = "review_minutes"
    __table_args__ = ({"info": APPEND_ONLY},)

    review_id: Mapped[UUID] = mapped_column(
        Uuid, ForeignKey("improvement.service_review.id"), primary_key=True
    )
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    text: Mapped[str] = mapped_column(Text)
    text_hash: Mapped[str] = mapped_column(Text)
    written_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    written_by: Mapped[str] = mapped_column(Text)


class ReviewMinutesApproval(Base):
    """The chair's approval, which freezes the minutes of a review: one a review."""

    __tablename__ = "review_minutes_approval"
    __table_args__ = (
        ForeignKeyConstraint(
            ["review_id", "number"],
            ["improvement.review_minutes.review_id", "improvement.review_minutes.number"],
        ),
        {"info": APPEND_ONLY},
    )

    review_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    number: Mapped[int] = mapped_column(Integer)
    text_hash: Mapped[str] = mapped_column(Text)
    approved_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    approved_by: Mapped[str] = mapped_column(Text)


class ReviewDecision(Base):
    """What was decided in a review."""

    __tablename__ = "review_decision"
    __table_args__ = (Index(None, "review_id", "recorded_at", "id"), {"info": APPEND_ONLY})

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    review_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("improvement.service_review.id"))
    text: Mapped[str] = mapped_column(Text)
    decided_by: Mapped[list[str]] = mapped_column(ARRAY(Text))
    recorded_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    recorded_by: Mapped[str] = mapped_column(Text)


class ReviewAction(Base):
    """What somebody is to do until when; it lives on when its review is closed."""

    __tablename__ = "review_action"
    __table_args__ = (
        CheckConstraint("(state = 'done') = (done_at IS NOT NULL)", name="done"),
        Index(None, "review_id", "created_at", "id"),
        Index("ix_review_action_open", "due_on", "id", postgresql_where=text("state = 'open'")),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    review_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("improvement.service_review.id"))
    text: Mapped[str] = mapped_column(Text)
    owner: Mapped[str | None] = mapped_column(Text)
    due_on: Mapped[date | None] = mapped_column(Date)
    state: Mapped[ActionState] = mapped_column(text_enum(ActionState, "state"))
    evidence: Mapped[str | None] = mapped_column(Text)
    done_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    done_by: Mapped[str | None] = mapped_column(Text)
    version: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    created_by: Mapped[str] = mapped_column(Text)
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
