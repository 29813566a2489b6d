"""Sources and their API keys."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, Integer
from sqlalchemy.dialects.postgresql import BYTEA, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from metrics_api.base import Base


class Source(Base):
    """A registered ITSM tool. `id` is the short name that millions of rows carry."""

    __tablename__ = "source"
    __table_args__ = (CheckConstraint("delivery IN ('snapshot', 'event')", name="delivery"),)

    id: Mapped[int] = mapped_column(Integer, Identity(always=True), primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    kind: Mapped[str]
    delivery: Mapped[str]
    timezone: Mapped[str | None] = mapped_column(comment="of stamps that carry no offset")
    state_mapping: Mapped[dict[str, str]] = mapped_column(JSONB)
    priority_mapping: Mapped[dict[str, int]] = mapped_column(JSONB)
    active: Mapped[bool]
    version: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[datetime]


class ApiKey(Base):
    """The right to push records of one source; only the hash of its secret is kept."""

    __tablename__ = "api_key"
    __table_args__ = (Index(None, "source_id", "id"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    source_id: Mapped[int] = mapped_column(Integer, ForeignKey("metrics.source.id"))
    name: Mapped[str]
    secret_hash: Mapped[bytes] = mapped_column(BYTEA, comment="SHA-256")
    created_at: Mapped[datetime]
    created_by: Mapped[str]
    revoked_at: Mapped[datetime | None]
