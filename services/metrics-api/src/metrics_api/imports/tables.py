"""Bulk requests and the rows of them that were refused."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from metrics_api.base import Base


class Import(Base):
    """One bulk request; its counters are advanced by the transaction that stores the rows."""

    __tablename__ = "import"
    __table_args__ = (
        CheckConstraint("state IN ('running', 'complete', 'incomplete')", name="state"),
        Index(None, "started_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    kind: Mapped[str] = mapped_column(comment="of the records")
    state: Mapped[str]
    problem: Mapped[str | None] = mapped_column(comment="why it is incomplete")
    started_by: Mapped[str]
    started_at: Mapped[datetime]
    advanced_at: Mapped[datetime] = mapped_column(comment="when its last chunk was committed")
    finished_at: Mapped[datetime | None]
    rows: Mapped[int]
    accepted: Mapped[int]
    rejected: Mapped[int]
    created: Mapped[int]
    repeated: Mapped[int]


class ImportRejection(Base):
    """A row that was not accepted, with its place and the reason."""

    __tablename__ = "import_rejection"
    __table_args__ = (
        Index(None, "import_id", "line"),
        {"info": {"append_only": True}},
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    import_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("metrics.import.id"))
    line: Mapped[int]
    pointer: Mapped[str]
    reason: Mapped[str]
