"""Copies of the catalog's services and references, and the attributions made here."""

from datetime import datetime

from sqlalchemy import Identity, Index, Integer, text
from sqlalchemy.orm import Mapped, mapped_column

from metrics_api.base import Base


class ServiceCopy(Base):
    """What metrics-api knows of a service; the higher revision wins, whatever came last."""

    __tablename__ = "service_copy"

    key: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    kind: Mapped[str]
    portfolio: Mapped[str]
    stage: Mapped[str]
    criticality: Mapped[str | None]
    revision: Mapped[int]
    recorded_at: Mapped[datetime]


class ServiceVersion(Base):
    """What a service was called and where it belonged, from `recorded_at` on. Append-only."""

    __tablename__ = "service_version"
    __table_args__ = ({"info": {"append_only": True}},)

    key: Mapped[str] = mapped_column(primary_key=True)
    revision: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str]
    portfolio: Mapped[str]
    recorded_at: Mapped[datetime]


class ReferenceCopy(Base):
    """A reference of the catalog, valid here in [recorded_at, ended_at); never rewritten."""

    __tablename__ = "reference_copy"
    __table_args__ = (
        Index(
            "uq_reference_copy_current",
            "source",
            "name",
            "service",
            unique=True,
            postgresql_where=text("ended_at IS NULL"),
            postgresql_nulls_not_distinct=True,
        ),
        Index(None, "service"),
        Index(None, "words"),
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    source: Mapped[str | None]
    name: Mapped[str]
    words: Mapped[str] = mapped_column(comment="the name as it is compared: without case")
    service: Mapped[str]
    recorded_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class Attribution(Base):
    """A decision made here: of a name (external_id is null) or of one record. Append-only.

    The latest of a name or record is the one in force; all of them answer as-of questions.
    """

    __tablename__ = "attribution"
    __table_args__ = (
        Index(None, "words"),
        Index(None, "source_id", "external_id"),
        {"info": {"append_only": True}},
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    source_id: Mapped[int] = mapped_column(Integer)
    service_name: Mapped[str | None]
    words: Mapped[str | None] = mapped_column(comment="the name as it is compared: without case")
    kind: Mapped[str | None] = mapped_column(comment="of the one record; null for a name")
    external_id: Mapped[str | None]
    service: Mapped[str]
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[str]


class Revision(Base):
    """Counts the changes of what ingest keeps in memory, so that it knows when to read again."""

    __tablename__ = "revision"

    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[int]


class ReceivedEvent(Base):
    """Ids of the events that were taken in; a repeated delivery is recognised by them."""

    __tablename__ = "received_event"
    __table_args__ = (Index(None, "received_at"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    received_at: Mapped[datetime]
