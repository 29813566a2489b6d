"""Vital activities (VMA) of customers, and the services that support them."""

from datetime import datetime

from sqlalchemy import Boolean, DateTime, ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from catalog_api.base import Base, Revised, text_enum
from catalog_api.vital_activities.rules import Strength
from shared.schemas.catalog import Criticality


class VitalActivity(Revised, Base):
    __tablename__ = "vital_activity"
    __table_args__ = (Index(None, "customer_key", "key"),)

    key: Mapped[str] = mapped_column(Text, primary_key=True)
    customer_key: Mapped[str] = mapped_column(Text, ForeignKey("catalog.customer.key"))
    name: Mapped[str] = mapped_column(Text)
    description: Mapped[str] = mapped_column(Text)
    business_impact: Mapped[str] = mapped_column(Text)
    criticality: Mapped[Criticality] = mapped_column(text_enum(Criticality, "criticality"))
    active: Mapped[bool] = mapped_column(Boolean)


class Support(Base):
    __tablename__ = "vital_activity_support"
    __table_args__ = (Index(None, "service_key", "vital_activity_key"),)

    vital_activity_key: Mapped[str] = mapped_column(
        Text, ForeignKey("catalog.vital_activity.key"), primary_key=True
    )
    service_key: Mapped[str] = mapped_column(
        Text, ForeignKey("catalog.service.key"), primary_key=True
    )
    strength: Mapped[Strength] = mapped_column(text_enum(Strength, "strength"))
    note: Mapped[str | None] = mapped_column(Text)
    changed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
