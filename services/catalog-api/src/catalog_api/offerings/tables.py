"""Offerings, and every version of what a request is made under: form and fulfilment plan."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Computed,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    Numeric,
    Text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from catalog_api.base import AT_ONCE, Base, Revised, text_enum
from catalog_api.offerings.rules import OfferingState, PriceUnit
from shared.kit.tables import APPEND_ONLY

# As for services: `simple`, because a catalog mixes languages.
_SEARCH = (
    "setweight(to_tsvector('simple'::regconfig, key || ' ' || title), 'A')"
    " || setweight(to_tsvector('simple'::regconfig, summary), 'B')"
    " || setweight(to_tsvector('simple'::regconfig, description), 'C')"
)


class Offering(Revised, Base):
    """An entry of the customer-facing catalog; `version` is the form and plan in force."""

    __tablename__ = "offering"
    __table_args__ = (
        CheckConstraint(
            "(price_amount IS NULL) = (currency IS NULL)"
            " AND (price_amount IS NULL) = (price_unit IS NULL)",
            name="price",
        ),
        Index(None, "service_key", "key"),
        Index(None, "state", "key"),
        Index("ix_offering_customers", "customers", postgresql_using="gin"),
        Index("ix_offering_tags", "tags", postgresql_using="gin"),
        Index("ix_offering_search", "search", postgresql_using="gin", postgresql_with=AT_ONCE),
        Index(
            "ix_offering_title_trigram",
            "title",
            postgresql_using="gin",
            postgresql_ops={"title": "gin_trgm_ops"},
            postgresql_with=AT_ONCE,
        ),
    )

    key: Mapped[str] = mapped_column(Text, primary_key=True)
    service_key: Mapped[str] = mapped_column(Text, ForeignKey("catalog.service.key"))
    title: Mapped[str] = mapped_column(Text)
    summary: Mapped[str] = mapped_column(Text)
    description: Mapped[str] = mapped_column(Text)
    tags: Mapped[list[str]] = mapped_column(ARRAY(Text))
    everyone: Mapped[bool] = mapped_column(Boolean)
    customers: Mapped[list[str]] = mapped_column(ARRAY(Text))
    units: Mapped[list[str]] = mapped_column(ARRAY(Text))
    roles: Mapped[list[str]] = mapped_column(ARRAY(Text))
    # All three are null for what costs nothing.
    price_amount: Mapped[Decimal | None] = mapped_column(Numeric(18, 4))
    currency: Mapped[str | None] = mapped_column(Text)
    price_unit: Mapped[PriceUnit | None] = mapped_column(text_enum(PriceUnit, "price_unit"))
    promises: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    announcement: Mapped[str | None] = mapped_column(Text)
    announced_from: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    announced_until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    state: Mapped[OfferingState] = mapped_column(text_enum(OfferingState, "state"))
    published_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    withdrawn_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    version: Mapped[int] = mapped_column(Integer)
    search: Mapped[str] = mapped_column(TSVECTOR, Computed(_SEARCH, persisted=True))


class OfferingVersion(Base):
    """Form and fulfilment plan as they were from one change to the next; requests refer to it."""

    __tablename__ = "offering_version"
    __table_args__ = ({"info": APPEND_ONLY},)

    offering_key: Mapped[str] = mapped_column(
        Text, ForeignKey("catalog.offering.key"), primary_key=True
    )
    version: Mapped[int] = mapped_column(Integer, primary_key=True)
    form: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    steps: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    made_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    made_by: Mapped[str] = mapped_column(Text)
