"""The priority scheme, its unchangeable versions, and the services that have a scheme of their own.

Which calendar versions a version runs on stands in `priorities`; calendars are never deleted.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, DateTime, ForeignKey, Index, Integer, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from catalog_api.base import Base, Revised
from shared.kit.tables import APPEND_ONLY


class PriorityScheme(Revised, Base):
    __tablename__ = "priority_scheme"
    __table_args__ = (
        Index(
            "uq_priority_scheme_one_default",
            "is_default",
            unique=True,
            postgresql_where=text("is_default"),
        ),
    )

    key: Mapped[str] = mapped_column(Text, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    description: Mapped[str] = mapped_column(Text)
    version: Mapped[int] = mapped_column(Integer)  # the newest one, which is in force
    is_default: Mapped[bool] = mapped_column(Boolean)


class PrioritySchemeVersion(Base):
    __tablename__ = "priority_scheme_version"
    __table_args__ = ({"info": APPEND_ONLY},)

    scheme_key: Mapped[str] = mapped_column(
        Text, ForeignKey("catalog.priority_scheme.key"), primary_key=True
    )
    version: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    impacts: Mapped[list[Any]] = mapped_column(JSONB)
    urgencies: Mapped[list[Any]] = mapped_column(JSONB)
    matrix: Mapped[dict[str, Any]] = mapped_column(JSONB)
    priorities: Mapped[list[Any]] = mapped_column(JSONB)
    recorded_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    recorded_by: Mapped[str] = mapped_column(Text)


class ServicePriorityScheme(Revised, Base):
    """The override of one service."""

    __tablename__ = "service_priority_scheme"
    __table_args__ = (Index(None, "scheme_key", "service_key"),)

    service_key: Mapped[str] = mapped_column(
        Text, ForeignKey("catalog.service.key"), primary_key=True
    )
    scheme_key: Mapped[str] = mapped_column(Text, ForeignKey("catalog.priority_scheme.key"))
