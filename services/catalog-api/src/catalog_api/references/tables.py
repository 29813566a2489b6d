"""External references; (source, folded name) is unique over the catalog."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import DateTime, ForeignKey, Index, Text, UniqueConstraint, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from catalog_api.base import Base


class ExternalReference(Base):
    __tablename__ = "external_reference"
    __table_args__ = (
        # A null source is a value of its own here: "any source" may be claimed once.
        UniqueConstraint("folded_name", "source", postgresql_nulls_not_distinct=True),
        Index(None, "service_key", "added_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    service_key: Mapped[str] = mapped_column(Text, ForeignKey("catalog.service.key"))
    source: Mapped[str | None] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    folded_name: Mapped[str] = mapped_column(Text)
    added_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
