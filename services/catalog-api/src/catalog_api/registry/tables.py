"""The service, addressed by its immutable key; rows are never deleted, so keys are never reused."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Computed,
    DateTime,
    ForeignKey,
    Index,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from catalog_api.base import AT_ONCE, Base, text_enum
from shared.schemas.catalog import Criticality, ServiceKind, Stage

# `simple` and not a language: a catalog mixes languages, and near misses are the trigrams' job.
_SEARCH = (
    "setweight(to_tsvector('simple'::regconfig, key || ' ' || name), 'A')"
    " || setweight(to_tsvector('simple'::regconfig, description), 'B')"
)


class Service(Base):
    __tablename__ = "service"
    __table_args__ = (
        Index("ix_service_tags", "tags", postgresql_using="gin", postgresql_with=AT_ONCE),
        Index("ix_service_search", "search", postgresql_using="gin", postgresql_with=AT_ONCE),
        Index(
            "ix_service_name_trigram",
            "name",
            postgresql_using="gin",
            postgresql_ops={"name": "gin_trgm_ops"},
            postgresql_with=AT_ONCE,
        ),
        Index(None, "portfolio_key", "key"),
        Index(None, "stage", "key"),
    )

    key: Mapped[str] = mapped_column(Text, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    description: Mapped[str] = mapped_column(Text)
    kind: Mapped[ServiceKind] = mapped_column(text_enum(ServiceKind, "kind"))
    portfolio_key: Mapped[str] = mapped_column(Text, ForeignKey("catalog.portfolio.key"))
    stage: Mapped[Stage] = mapped_column(text_enum(Stage, "stage"))
    criticality: Mapped[Criticality | None] = mapped_column(text_enum(Criticality, "criticality"))
    support_hours: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    tags: Mapped[list[str]] = mapped_column(ARRAY(Text))
    onboarded: Mapped[bool] = mapped_column(Boolean)
    revision: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    # When each field last changed, so that a fact can say how old it is.
    changed_at: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    search: Mapped[str] = mapped_column(TSVECTOR, Computed(_SEARCH, persisted=True))
