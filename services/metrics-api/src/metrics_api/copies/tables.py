"""Copies of the catalog's resources, with all the versions that were seen."""

from datetime import datetime
from typing import Any

from sqlalchemy import Identity, Index, text
from sqlalchemy.dialects.postgresql import BYTEA, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from metrics_api.base import Base


class CatalogCopy(Base):
    """A resource as it was known here in [recorded_at, ended_at); `data` is never rewritten."""

    __tablename__ = "catalog_copy"
    __table_args__ = (
        Index(
            "uq_catalog_copy_current",
            "kind",
            "key",
            unique=True,
            postgresql_where=text("ended_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    kind: Mapped[str]
    key: Mapped[str]
    data: Mapped[dict[str, Any]] = mapped_column(JSONB)
    digest: Mapped[bytes] = mapped_column(BYTEA, comment="SHA-256 of the canonical data")
    recorded_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
