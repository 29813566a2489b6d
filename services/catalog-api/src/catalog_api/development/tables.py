"""The development record of a service: one row, its parts as documents."""

from typing import Any

from sqlalchemy import ForeignKey, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from catalog_api.base import Base, Revised


class DevelopmentRecord(Revised, Base):
    """The parts are small lists that are always read together, so they are not tables."""

    __tablename__ = "development_record"

    service_key: Mapped[str] = mapped_column(
        Text, ForeignKey("catalog.service.key"), primary_key=True
    )
    design_package: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    build: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    tests: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    checklist: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
