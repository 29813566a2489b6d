"""Votes of a board on an evaluation, which never change."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import DateTime, ForeignKey, Text, UniqueConstraint, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from improvement_api.base import Base, text_enum
from improvement_api.votes.rules import Choice
from shared.kit.tables import APPEND_ONLY


class Vote(Base):
    """A member of the board votes once."""

    __tablename__ = "vote"
    __table_args__ = (UniqueConstraint("evaluation_id", "voter"), {"info": APPEND_ONLY})

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    evaluation_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("improvement.evaluation.id"))
    board: Mapped[str] = mapped_column(Text)
    voter: Mapped[str] = mapped_column(Text)
    choice: Mapped[Choice] = mapped_column(text_enum(Choice, "choice"))
    comment: Mapped[str] = mapped_column(Text)
    voted_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
