"""Sources and their API keys."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, Integer, text
from sqlalchemy.dialects.postgresql import BYTEA, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from metrics_api.base import Base
from metrics_api.sources.tools.forms import KINDS
from shared.kit.tables import APPEND_ONLY

_KINDS = ", ".join(f"'{kind}'" for kind in KINDS)


class Source(Base):
    """A registered ITSM tool. `id` is the short name that millions of rows carry."""

    __tablename__ = "source"
    __table_args__ = (
        CheckConstraint("delivery IN ('snapshot', 'event')", name="delivery"),
        CheckConstraint(f"record_kind IN ({_KINDS})", name="record_kind"),
    )

    id: Mapped[int] = mapped_column(Integer, Identity(always=True), primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    kind: Mapped[str]
    delivery: Mapped[str]
    timezone: Mapped[str | None] = mapped_column(comment="of stamps that carry no offset")
    state_mapping: Mapped[dict[str, str]] = mapped_column(JSONB)
    priority_mapping: Mapped[dict[str, int]] = mapped_column(JSONB)
    signature: Mapped[dict[str, Any] | None] = mapped_column(
        JSONB(none_as_null=True), comment="how deliveries are signed; null: as the kind does"
    )
    field_mapping: Mapped[dict[str, str]] = mapped_column(
        JSONB, server_default=text("'{}'"), comment="our field to a JMESPath expression"
    )
    kind_mapping: Mapped[dict[str, str]] = mapped_column(
        JSONB, server_default=text("'{}'"), comment="the tool's word for a kind of record to ours"
    )
    record_kind: Mapped[str | None] = mapped_column(comment="where the tool does not say")
    retention_days: Mapped[int] = mapped_column(
        Integer, server_default=text("30"), comment="how long raw bodies are kept"
    )
    active: Mapped[bool]
    version: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[datetime]


class SourceVersion(Base):
    """What a source was told to be, from `recorded_at` until its next version: as-of answers read
    the mappings from here."""

    __tablename__ = "source_version"
    __table_args__ = (Index(None, "source_id", "recorded_at"), {"info": APPEND_ONLY})

    source_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True)
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[str]
    settings: Mapped[dict[str, Any]] = mapped_column(JSONB, comment="the source as it is shown")


class SourceSecret(Base):
    """What deliveries of a source are signed with; checking needs it plain, so it is no hash."""

    __tablename__ = "source_secret"
    __table_args__ = (Index(None, "source_id", "id"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    source_id: Mapped[int] = mapped_column(Integer, ForeignKey("metrics.source.id"))
    secret: Mapped[str]
    created_at: Mapped[datetime]
    created_by: Mapped[str]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


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
