"""The agreement, its versions with their text and state, and the signatures under them.

The text is what was agreed and hashed. Scope and targets are kept as rows too, written with the
text, because services and ceilings are looked up by them.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    Date,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    Numeric,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from catalog_api.base import Base, Revised, text_enum
from shared.kit.tables import APPEND_ONLY
from shared.schemas.agreements import AgreementKind, AgreementState, Side

_VERSION = ["catalog.agreement_version.agreement_key", "catalog.agreement_version.version"]


class Agreement(Revised, Base):
    __tablename__ = "agreement"

    key: Mapped[str] = mapped_column(Text, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    kind: Mapped[AgreementKind] = mapped_column(text_enum(AgreementKind, "kind"))
    version: Mapped[int] = mapped_column(Integer)  # the newest one


class AgreementVersion(Revised, Base):
    __tablename__ = "agreement_version"
    __table_args__ = (
        ForeignKeyConstraint(
            ["calendar_key", "calendar_version"],
            ["catalog.calendar_version.calendar_key", "catalog.calendar_version.version"],
        ),
        ForeignKeyConstraint(
            ["scheme_key", "scheme_version"],
            [
                "catalog.priority_scheme_version.scheme_key",
                "catalog.priority_scheme_version.version",
            ],
        ),
        Index(
            "uq_agreement_version_one_active",
            "agreement_key",
            unique=True,
            postgresql_where=text("state = 'active'"),
        ),
        Index(
            "uq_agreement_version_one_open",
            "agreement_key",
            unique=True,
            postgresql_where=text("state IN ('draft', 'in_review')"),
        ),
        Index(None, "state", "starts_at"),
        Index(None, "calendar_key", "calendar_version"),
        Index(None, "scheme_key", "scheme_version"),
    )

    agreement_key: Mapped[str] = mapped_column(
        Text, ForeignKey("catalog.agreement.key"), primary_key=True
    )
    version: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    state: Mapped[AgreementState] = mapped_column(text_enum(AgreementState, "state"))
    # Counts the reviews that a change has ended: signatures are of one round.
    round: Mapped[int] = mapped_column(Integer)
    text: Mapped[dict[str, Any]] = mapped_column(JSONB)
    text_hash: Mapped[str] = mapped_column(Text)
    calendar_key: Mapped[str] = mapped_column(Text)
    calendar_version: Mapped[int] = mapped_column(Integer)
    scheme_key: Mapped[str | None] = mapped_column(Text)
    scheme_version: Mapped[int | None] = mapped_column(Integer)
    review_date: Mapped[date] = mapped_column(Date)
    # Midnight of the first day, and of the day after the last one, in the zone of its hours.
    starts_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    ends_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    authored_by: Mapped[str] = mapped_column(Text)
    submitted_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    signed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    activated_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    end_reason: Mapped[str | None] = mapped_column(Text)
    # Why it is still only signed although its start has come.
    held_back: Mapped[str | None] = mapped_column(Text)


class AgreementScope(Base):
    __tablename__ = "agreement_scope"
    __table_args__ = (
        ForeignKeyConstraint(["agreement_key", "version"], _VERSION),
        CheckConstraint("num_nonnulls(service_key, vendor_product_key) = 1", name="one_subject"),
        UniqueConstraint(
            "agreement_key",
            "version",
            "service_key",
            "vendor_product_key",
            name="uq_agreement_scope_subject",
        ),
        Index(None, "service_key"),
        Index(None, "vendor_product_key"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    agreement_key: Mapped[str] = mapped_column(Text)
    version: Mapped[int] = mapped_column(Integer)
    service_key: Mapped[str | None] = mapped_column(Text, ForeignKey("catalog.service.key"))
    vendor_product_key: Mapped[str | None] = mapped_column(
        Text, ForeignKey("catalog.vendor_product.key")
    )


class AgreementTarget(Base):
    __tablename__ = "agreement_target"
    __table_args__ = (
        ForeignKeyConstraint(["agreement_key", "version"], _VERSION),
        Index(None, "kpi"),
    )

    agreement_key: Mapped[str] = mapped_column(Text, primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    id: Mapped[str] = mapped_column(Text, primary_key=True)
    kpi: Mapped[str | None] = mapped_column(Text)
    comparator: Mapped[str] = mapped_column(Text)
    value: Mapped[Decimal] = mapped_column(Numeric(18, 6))
    priority: Mapped[int | None] = mapped_column(Integer)


class AgreementSignature(Base):
    __tablename__ = "agreement_signature"
    __table_args__ = (
        ForeignKeyConstraint(["agreement_key", "version"], _VERSION),
        UniqueConstraint("agreement_key", "version", "round", "side"),
        UniqueConstraint("agreement_key", "version", "round", "subject"),
        {"info": APPEND_ONLY},
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    agreement_key: Mapped[str] = mapped_column(Text)
    version: Mapped[int] = mapped_column(Integer)
    round: Mapped[int] = mapped_column(Integer)
    side: Mapped[Side] = mapped_column(text_enum(Side, "side"))
    subject: Mapped[str] = mapped_column(Text)
    text_hash: Mapped[str] = mapped_column(Text)
    signed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
