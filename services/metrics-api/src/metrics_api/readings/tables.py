"""Readings of receipts, and the versions that are superseded."""

from datetime import datetime

from sqlalchemy import Index, Integer
from sqlalchemy.dialects.postgresql import BYTEA
from sqlalchemy.orm import Mapped, mapped_column

from metrics_api.base import Base
from shared.kit.tables import APPEND_ONLY


class Reading(Base):
    """One version that a receipt gives, as it was last processed.

    A receipt that is forgotten keeps its readings: what it said still stands.
    """

    __tablename__ = "reading"
    __table_args__ = (Index(None, "receipt_id"),)

    source_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    external_id: Mapped[str] = mapped_column(primary_key=True)
    digest: Mapped[bytes] = mapped_column(BYTEA, primary_key=True)
    receipt_id: Mapped[int] = mapped_column(
        primary_key=True, autoincrement=False, comment="0: pushed as well, or older than this table"
    )


class SupersededVersion(Base):
    """A version that is left out of the fold from `recorded_at` on.

    The time of its receipt belongs to its name: delivered again, the same payload is another
    version, which counts.
    """

    __tablename__ = "superseded_version"
    __table_args__ = ({"info": APPEND_ONLY},)

    kind: Mapped[str] = mapped_column(primary_key=True)
    source_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    external_id: Mapped[str] = mapped_column(primary_key=True)
    digest: Mapped[bytes] = mapped_column(BYTEA, primary_key=True)
    received_at: Mapped[datetime] = mapped_column(primary_key=True)
    receipt_id: Mapped[int] = mapped_column(comment="which does not say so any more")
    recorded_at: Mapped[datetime]
