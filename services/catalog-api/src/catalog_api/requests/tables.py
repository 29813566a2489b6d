"""Requests with the version of the offering they were made under, and their steps."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    SmallInteger,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from catalog_api.base import Base, Revised, text_enum
from shared.schemas.catalog import RequestState

_OPEN = text("state IN ('submitted', 'in_fulfilment')")


class Request(Revised, Base):
    """What somebody asked for; created_at is when it was submitted."""

    __tablename__ = "request"
    __table_args__ = (
        ForeignKeyConstraint(
            ["offering_key", "version"],
            ["catalog.offering_version.offering_key", "catalog.offering_version.version"],
            name="fk_request_offering_version",
        ),
        Index("uq_request_number", "number", unique=True),
        Index(None, "offering_key", "number"),
        Index(None, "service_key", "number"),
        Index(None, "requester", "number"),
        Index(None, "requested_for", "number"),
        Index(None, "customer", "number"),
        Index(None, "state", "number"),
        Index("ix_request_open", "service_key", "due_at", postgresql_where=_OPEN),
        Index("ix_request_waiting_for", "waiting_for", "number", postgresql_where=_OPEN),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger, Identity(always=True))
    offering_key: Mapped[str] = mapped_column(Text)
    version: Mapped[int] = mapped_column(Integer)
    service_key: Mapped[str] = mapped_column(Text, ForeignKey("catalog.service.key"))
    state: Mapped[RequestState] = mapped_column(text_enum(RequestState, "state"))
    requester: Mapped[str] = mapped_column(Text)
    requested_for: Mapped[str] = mapped_column(Text)
    customer: Mapped[str | None] = mapped_column(Text)
    answers: Mapped[dict[str, Any]] = mapped_column(JSONB)
    impact: Mapped[str | None] = mapped_column(Text)
    urgency: Mapped[str | None] = mapped_column(Text)
    priority: Mapped[int | None] = mapped_column(SmallInteger)
    scheme: Mapped[str | None] = mapped_column(Text)
    scheme_version: Mapped[int | None] = mapped_column(Integer)
    # The owner role of the step that is next; null once the request has ended.
    waiting_for: Mapped[str | None] = mapped_column(Text)
    due_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    started_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    reason: Mapped[str | None] = mapped_column(Text)


class RequestStep(Base):
    """A step of the fulfilment plan as one request walks it."""

    __tablename__ = "request_step"

    request_id: Mapped[UUID] = mapped_column(
        Uuid, ForeignKey("catalog.request.id"), primary_key=True
    )
    position: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    step: Mapped[str] = mapped_column(Text)
    title: Mapped[str] = mapped_column(Text)
    owner_role: Mapped[str] = mapped_column(Text)
    target_minutes: Mapped[int] = mapped_column(Integer)
    started_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    started_by: Mapped[str | None] = mapped_column(Text)
    completed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    completed_by: Mapped[str | None] = mapped_column(Text)
