"""Events of metrics-api that were received, each once."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, DateTime, Identity, Index, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from improvement_api.base import Base
from shared.kit.tables import APPEND_ONLY


class Signal(Base):
    """`id` is the event's own, `sequence` the order of receipt, which numbers commit by commit.

    Nothing here says who has dealt with a signal: whoever does remembers the last sequence it
    has dealt with, in the transaction of what it did.
    """

    __tablename__ = "signal"
    __table_args__ = (
        UniqueConstraint("sequence"),
        Index(None, "service", "sequence"),
        Index(None, "type", "sequence"),
        Index(None, "received_at"),
        Index(
            "ix_signal_of_target",
            text("(data ->> 'target')"),
            "sequence",
            postgresql_where=text("type IN ('target.met', 'target.missed')"),
        ),
        {"info": APPEND_ONLY},
    )

    id: Mapped[str] = mapped_column(Text, primary_key=True)
    sequence: Mapped[int] = mapped_column(BigInteger, Identity(always=True))
    type: Mapped[str] = mapped_column(Text)
    service: Mapped[str] = mapped_column(Text)
    data: Mapped[dict[str, Any]] = mapped_column(JSONB)
    occurred_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    received_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
