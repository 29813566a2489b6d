"""Who needs what: an edge from a service to the service or vendor product that it uses."""

from decimal import Decimal
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric, Text, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from catalog_api.base import Base, Revised, text_enum
from catalog_api.dependencies.rules import Strength


class Dependency(Revised, Base):
    """Each pair once, no service on itself; that edges form no cycle is kept by actions.py."""

    __tablename__ = "dependency"
    __table_args__ = (
        CheckConstraint(
            "num_nonnulls(provider_service_key, provider_vendor_product_key) = 1",
            name="one_provider",
        ),
        CheckConstraint("consumer_key <> provider_service_key", name="not_itself"),
        CheckConstraint("cost_share BETWEEN 0 AND 1", name="cost_share"),
        Index(
            "uq_dependency_service",
            "consumer_key",
            "provider_service_key",
            unique=True,
            postgresql_include=["strength"],
        ),
        Index(
            "uq_dependency_vendor_product",
            "consumer_key",
            "provider_vendor_product_key",
            unique=True,
            postgresql_include=["strength"],
        ),
        # The way up: who uses this provider, answered from the index alone.
        Index(
            "ix_dependency_consumers",
            "provider_service_key",
            "consumer_key",
            postgresql_include=["strength"],
        ),
        Index(
            "ix_dependency_vendor_product_consumers",
            "provider_vendor_product_key",
            "consumer_key",
            postgresql_include=["strength"],
        ),
        Index(None, "consumer_key", "created_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    consumer_key: Mapped[str] = mapped_column(Text, ForeignKey("catalog.service.key"))
    provider_service_key: Mapped[str | None] = mapped_column(
        Text, ForeignKey("catalog.service.key")
    )
    provider_vendor_product_key: Mapped[str | None] = mapped_column(
        Text, ForeignKey("catalog.vendor_product.key")
    )
    strength: Mapped[Strength] = mapped_column(text_enum(Strength, "strength"))
    # The part of the provider's full cost that this consumer bears.
    cost_share: Mapped[Decimal] = mapped_column(Numeric(7, 6))
    description: Mapped[str] = mapped_column(Text)
