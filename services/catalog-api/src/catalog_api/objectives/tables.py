"""Objectives in their cascade, and what serves them."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Text,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy.orm import Mapped, mapped_column

from catalog_api.base import Base, Revised, text_enum
from catalog_api.objectives.rules import Layer, LinkKind, ObjectiveState


class Objective(Revised, Base):
    __tablename__ = "objective"
    __table_args__ = (
        CheckConstraint("(layer = 'corporate') = (parent_key IS NULL)", name="parent_by_layer"),
        Index(None, "parent_key", "key"),
        Index(None, "layer", "key"),
    )

    key: Mapped[str] = mapped_column(Text, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    description: Mapped[str] = mapped_column(Text)
    owner: Mapped[str] = mapped_column(Text)
    layer: Mapped[Layer] = mapped_column(text_enum(Layer, "layer"))
    parent_key: Mapped[str | None] = mapped_column(Text, ForeignKey("catalog.objective.key"))
    measure: Mapped[str | None] = mapped_column(Text)
    target_date: Mapped[date | None] = mapped_column(Date)
    state: Mapped[ObjectiveState] = mapped_column(text_enum(ObjectiveState, "state"))
    state_since: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    state_reason: Mapped[str | None] = mapped_column(Text)


class ObjectiveLink(Base):
    __tablename__ = "objective_link"
    __table_args__ = (
        # KRAs and improvement objectives are kept by other services: named, not referenced.
        CheckConstraint(
            "(kind = 'service') = (service_key IS NOT NULL)"
            " AND (service_key IS NULL OR service_key = target)",
            name="service_is_referenced",
        ),
        UniqueConstraint("objective_key", "kind", "target"),
        Index(None, "objective_key", "linked_at", "id"),
        Index(None, "service_key", "objective_key"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    objective_key: Mapped[str] = mapped_column(Text, ForeignKey("catalog.objective.key"))
    kind: Mapped[LinkKind] = mapped_column(text_enum(LinkKind, "kind"))
    target: Mapped[str] = mapped_column(Text)
    service_key: Mapped[str | None] = mapped_column(Text, ForeignKey("catalog.service.key"))
    contribution: Mapped[str | None] = mapped_column(Text)
    linked_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
