"""The practice library, its links to opportunities, and its adoption by services."""

from datetime import date, datetime

from sqlalchemy import Computed, Date, DateTime, ForeignKey, Index, Text
from sqlalchemy.dialects.postgresql import ARRAY, TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from catalog_api.base import Base, Revised, text_enum
from catalog_api.practices.rules import Adoption, PracticeKind
from shared.schemas.processes import Process

# `simple` and not a language, as for services.
_SEARCH = (
    "setweight(to_tsvector('simple'::regconfig, key || ' ' || title), 'A')"
    " || setweight(to_tsvector('simple'::regconfig,"
    " context || ' ' || statement || ' ' || consequence), 'B')"
)


class Practice(Base, Revised):
    __tablename__ = "practice"
    __table_args__ = (
        Index("ix_practice_search", "search", postgresql_using="gin"),
        Index("ix_practice_tags", "tags", postgresql_using="gin"),
        Index(None, "process", "key"),
    )

    key: Mapped[str] = mapped_column(Text, primary_key=True)
    title: Mapped[str] = mapped_column(Text)
    kind: Mapped[PracticeKind] = mapped_column(text_enum(PracticeKind, "kind"))
    process: Mapped[Process] = mapped_column(text_enum(Process, "process"))
    context: Mapped[str] = mapped_column(Text)
    statement: Mapped[str] = mapped_column(Text)
    consequence: Mapped[str] = mapped_column(Text)
    evidence_uri: Mapped[str | None] = mapped_column(Text)
    tags: Mapped[list[str]] = mapped_column(ARRAY(Text))
    retired_on: Mapped[date | None] = mapped_column(Date)
    search: Mapped[str] = mapped_column(TSVECTOR, Computed(_SEARCH, persisted=True))


class PracticeOpportunity(Base):
    """An opportunity of improvement-api, by its id; nobody here can look whether it is there."""

    __tablename__ = "practice_opportunity"
    __table_args__ = (Index(None, "opportunity", "practice_key"),)

    practice_key: Mapped[str] = mapped_column(
        Text, ForeignKey("catalog.practice.key"), primary_key=True
    )
    opportunity: Mapped[str] = mapped_column(Text, primary_key=True)
    linked_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    linked_by: Mapped[str] = mapped_column(Text)


class PracticeAdoption(Base, Revised):
    __tablename__ = "practice_adoption"
    __table_args__ = (Index(None, "service_key", "practice_key"),)

    practice_key: Mapped[str] = mapped_column(
        Text, ForeignKey("catalog.practice.key"), primary_key=True
    )
    service_key: Mapped[str] = mapped_column(
        Text, ForeignKey("catalog.service.key"), primary_key=True
    )
    adoption: Mapped[Adoption] = mapped_column(text_enum(Adoption, "adoption"))
    reason: Mapped[str | None] = mapped_column(Text)
    due_on: Mapped[date | None] = mapped_column(Date)
