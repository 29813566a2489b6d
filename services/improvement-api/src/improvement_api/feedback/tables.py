"""What customers say, the themes it belongs to, and how far surveys' comments were taken in."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from improvement_api.base import Base, text_enum
from improvement_api.feedback.rules import EntryKind, ScoreKind, Sentiment

Stamp = DateTime(timezone=True)


class Entry(Base):
    """Something said once. Of a survey's comment (source, external_id) is the identity.

    `words` is the text as `rules.folded` has it; `received_at` is metrics-api's stamp of the
    newest version of a comment, so that an older one never takes its place.
    """

    __tablename__ = "feedback_entry"
    __table_args__ = (
        CheckConstraint("(kind = 'survey') = (source IS NOT NULL)", name="source"),
        CheckConstraint("(source IS NULL) = (external_id IS NULL)", name="identity"),
        Index(
            None,
            "source",
            "external_id",
            unique=True,
            postgresql_where=text("source IS NOT NULL"),
        ),
        Index(None, "said_at", "id"),
        Index(None, "service", "said_at", "id"),
        Index(None, "customer", "said_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    kind: Mapped[EntryKind] = mapped_column(text_enum(EntryKind, "kind"))
    source: Mapped[str | None] = mapped_column(Text)
    external_id: Mapped[str | None] = mapped_column(Text)
    service: Mapped[str | None] = mapped_column(Text)
    customer: Mapped[str | None] = mapped_column(Text)
    touchpoint: Mapped[str | None] = mapped_column(Text)
    channel: Mapped[str | None] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    words: Mapped[str] = mapped_column(Text)
    said_by: Mapped[str | None] = mapped_column(Text)
    said_at: Mapped[datetime] = mapped_column(Stamp)
    score_kind: Mapped[ScoreKind | None] = mapped_column(text_enum(ScoreKind, "score_kind"))
    score: Mapped[int | None] = mapped_column(SmallInteger)
    sentiment: Mapped[Sentiment | None] = mapped_column(text_enum(Sentiment, "sentiment"))
    received_at: Mapped[datetime] = mapped_column(Stamp)
    recorded_by: Mapped[str] = mapped_column(Text)


class Theme(Base):
    """What many say of a service. `plan_id` is the one plan that it opened, for good.

    Adding mentions and counting them happens while the theme's row is locked: of two who add the
    last two of n at once, the second counts both.
    """

    __tablename__ = "feedback_theme"
    __table_args__ = (
        CheckConstraint("(requirement_id IS NULL) = (requirement_service IS NULL)", name="needs"),
        CheckConstraint("(answer IS NULL) = (answered_at IS NULL)", name="answer"),
        Index(None, "created_at", "id"),
        Index(None, "service"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    service: Mapped[str] = mapped_column(Text)
    title: Mapped[str] = mapped_column(Text)
    owner: Mapped[str] = mapped_column(Text)
    phrases: Mapped[list[str]] = mapped_column(ARRAY(Text))
    folded: Mapped[list[str]] = mapped_column(ARRAY(Text))
    threshold: Mapped[int] = mapped_column(Integer)
    window_days: Mapped[int] = mapped_column(Integer)
    plan_id: Mapped[UUID | None] = mapped_column(Uuid, ForeignKey("improvement.plan.id"))
    requirement_service: Mapped[str | None] = mapped_column(Text)
    requirement_id: Mapped[UUID | None] = mapped_column(Uuid)
    answer: Mapped[str | None] = mapped_column(Text)
    answered_at: Mapped[datetime | None] = mapped_column(Stamp)
    answered_by: Mapped[str | None] = mapped_column(Text)
    version: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[datetime] = mapped_column(Stamp)
    created_by: Mapped[str] = mapped_column(Text)
    updated_at: Mapped[datetime] = mapped_column(Stamp)


class Mention(Base):
    """An entry in a theme. By hand (with a reason) it is in or out whatever phrases say."""

    __tablename__ = "feedback_mention"
    __table_args__ = (
        CheckConstraint("by_hand = (reason IS NOT NULL)", name="reason"),
        CheckConstraint("included OR by_hand", name="left_out"),
        Index(None, "entry_id"),
    )

    theme_id: Mapped[UUID] = mapped_column(
        Uuid, ForeignKey("improvement.feedback_theme.id"), primary_key=True
    )
    entry_id: Mapped[UUID] = mapped_column(
        Uuid, ForeignKey("improvement.feedback_entry.id"), primary_key=True
    )
    included: Mapped[bool]
    by_hand: Mapped[bool]
    reason: Mapped[str | None] = mapped_column(Text)
    by: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(Stamp)


class CommentReading(Base):
    """All comments received before `read_to` were taken in; one row, none before the first."""

    __tablename__ = "comment_reading"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    read_to: Mapped[datetime] = mapped_column(Stamp)
