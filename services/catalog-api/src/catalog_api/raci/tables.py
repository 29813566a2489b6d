"""RACI charts, one per service and process, and their assignments with their history."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Text,
    Uuid,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from catalog_api.base import Base, Revised, text_enum
from catalog_api.raci.rules import Responsibility
from shared.schemas.processes import Process

_PRESENT = text("valid_to IS NULL")


class RaciChart(Base, Revised):
    """Carries the revision that a replacement of its assignments is checked against."""

    __tablename__ = "raci_chart"

    service_key: Mapped[str] = mapped_column(
        Text, ForeignKey("catalog.service.key"), primary_key=True
    )
    process: Mapped[Process] = mapped_column(text_enum(Process, "process"), primary_key=True)


class RaciAssignment(Base):
    __tablename__ = "raci_assignment"
    __table_args__ = (
        ForeignKeyConstraint(
            ["service_key", "process"],
            ["catalog.raci_chart.service_key", "catalog.raci_chart.process"],
        ),
        CheckConstraint("num_nonnulls(subject, unit_key, role) = 1", name="one_assignee"),
        # The rule itself, so that no way of writing can get round it.
        Index(
            "uq_raci_assignment_one_accountable",
            "service_key",
            "process",
            unique=True,
            postgresql_where=text("valid_to IS NULL AND responsibility = 'accountable'"),
        ),
        Index(None, "service_key", "process", "valid_from", "id"),
        Index("ix_raci_assignment_subject_present", "subject", "id", postgresql_where=_PRESENT),
        Index("ix_raci_assignment_unit_present", "unit_key", "id", postgresql_where=_PRESENT),
        Index("ix_raci_assignment_role_present", "role", "id", postgresql_where=_PRESENT),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    service_key: Mapped[str] = mapped_column(Text)
    process: Mapped[Process] = mapped_column(text_enum(Process, "process"))
    responsibility: Mapped[Responsibility] = mapped_column(
        text_enum(Responsibility, "responsibility")
    )
    subject: Mapped[str | None] = mapped_column(Text)
    unit_key: Mapped[str | None] = mapped_column(Text, ForeignKey("catalog.organisation_unit.key"))
    role: Mapped[str | None] = mapped_column(Text, ForeignKey("catalog.role.role"))
    valid_from: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    valid_to: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
