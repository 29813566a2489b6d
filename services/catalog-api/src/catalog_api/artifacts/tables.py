"""The register of key artifacts, the resources that realise them, and the last assessment."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import Date, DateTime, ForeignKey, Index, Integer, Numeric, Text, Uuid
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from catalog_api.artifacts.rules import ArtifactKey, ResourceKind
from catalog_api.base import Base, Revised, text_enum


class Artifact(Base, Revised):
    __tablename__ = "artifact"

    key: Mapped[ArtifactKey] = mapped_column(text_enum(ArtifactKey, "key"), primary_key=True)
    position: Mapped[int] = mapped_column(Integer, unique=True)
    name: Mapped[str] = mapped_column(Text)
    meaning: Mapped[str] = mapped_column(Text)
    owner: Mapped[str | None] = mapped_column(Text)
    review_on: Mapped[date | None] = mapped_column(Date)
    review_cadence_days: Mapped[int | None] = mapped_column(Integer)


class ArtifactResource(Base):
    __tablename__ = "artifact_resource"
    __table_args__ = (
        Index("uq_artifact_resource_reference", "artifact_key", "kind", "reference", unique=True),
        Index(None, "artifact_key", "added_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    artifact_key: Mapped[ArtifactKey] = mapped_column(
        text_enum(ArtifactKey, "artifact_key"), ForeignKey("catalog.artifact.key")
    )
    kind: Mapped[ResourceKind] = mapped_column(text_enum(ResourceKind, "kind"))
    reference: Mapped[str] = mapped_column(Text)
    title: Mapped[str] = mapped_column(Text)
    added_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    added_by: Mapped[str] = mapped_column(Text)


class ArtifactAssessment(Base):
    """What facts read: counting the whole catalog for each service document would be too much."""

    __tablename__ = "artifact_assessment"

    artifact_key: Mapped[ArtifactKey] = mapped_column(
        text_enum(ArtifactKey, "artifact_key"), ForeignKey("catalog.artifact.key"), primary_key=True
    )
    completeness: Mapped[Decimal] = mapped_column(Numeric(5, 4))
    missing: Mapped[list[str]] = mapped_column(ARRAY(Text))
    assessed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
