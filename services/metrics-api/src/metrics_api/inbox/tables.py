"""What tools sent: each delivery with what became of it, and its raw body beside it.

The body is append-only and partitioned by receipt; what became of a delivery changes, so it has a
table of its own, which also knows repeats.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Identity, Index, Integer, text
from sqlalchemy.dialects.postgresql import BYTEA, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from metrics_api.base import Base
from shared.kit.tables import APPEND_ONLY


class Receipt(Base):
    """One delivery; `id` is the order of receipt, in which receipts are processed."""

    __tablename__ = "receipt"
    __table_args__ = (
        CheckConstraint("state IN ('pending', 'processed', 'ignored', 'failed')", name="state"),
        Index("uq_receipt_source_id_repeat_key", "source_id", "repeat_key", unique=True),
        Index(None, "source_id", "received_at"),
        Index("ix_receipt_pending", "id", postgresql_where=text("state = 'pending'")),
        Index("ix_receipt_failed", "source_id", "id", postgresql_where=text("state = 'failed'")),
        {"postgresql_with": {"fillfactor": 80}},  # each row is updated once, by the job
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    source_id: Mapped[int] = mapped_column(Integer)
    repeat_key: Mapped[str] = mapped_column(comment="names the delivery: a repeat has the same")
    received_at: Mapped[datetime]
    size: Mapped[int] = mapped_column(Integer)
    state: Mapped[str]
    processed_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(Integer)
    outcome: Mapped[dict[str, Any] | None] = mapped_column(
        JSONB(none_as_null=True), comment="records, what was ignored, what failed"
    )


class ReceivedBody(Base):
    """A body as it came in, byte by byte; forgotten when the source's retention time is over."""

    __tablename__ = "received_body"
    __table_args__ = ({"postgresql_partition_by": "RANGE (received_at)", "info": APPEND_ONLY},)

    receipt_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    received_at: Mapped[datetime] = mapped_column(primary_key=True)
    source_id: Mapped[int] = mapped_column(Integer)
    headers: Mapped[dict[str, str]] = mapped_column(JSONB, comment="those that carry no secret")
    body: Mapped[bytes] = mapped_column(BYTEA)
