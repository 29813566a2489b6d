"""Organisation units, their members from day to day, and the catalog of roles."""

from datetime import date
from uuid import UUID

from sqlalchemy import Boolean, CheckConstraint, Date, ForeignKey, Index, Text, Uuid
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from catalog_api.base import Base, Revised, text_enum
from catalog_api.organisation.rules import UnitKind


class OrganisationUnit(Base, Revised):
    __tablename__ = "organisation_unit"
    __table_args__ = (Index(None, "parent_key", "key"),)

    key: Mapped[str] = mapped_column(Text, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    kind: Mapped[UnitKind] = mapped_column(text_enum(UnitKind, "kind"))
    parent_key: Mapped[str | None] = mapped_column(
        Text, ForeignKey("catalog.organisation_unit.key")
    )
    manager: Mapped[str | None] = mapped_column(Text)
    # The first day on which the unit is no more; keys are never reused, so the row stays.
    ended_on: Mapped[date | None] = mapped_column(Date)


class UnitMember(Base, Revised):
    __tablename__ = "unit_member"
    __table_args__ = (
        CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="period"),
        Index(None, "unit_key", "valid_from", "id"),
        Index(None, "subject", "unit_key"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    unit_key: Mapped[str] = mapped_column(Text, ForeignKey("catalog.organisation_unit.key"))
    subject: Mapped[str] = mapped_column(Text)
    valid_from: Mapped[date] = mapped_column(Date)
    # The first day on which they are no member.
    valid_to: Mapped[date | None] = mapped_column(Date)


class CatalogedRole(Base, Revised):
    __tablename__ = "role"

    role: Mapped[str] = mapped_column(Text, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    responsibilities: Mapped[str] = mapped_column(Text)
    required_stages: Mapped[list[str]] = mapped_column(ARRAY(Text))
    required_processes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    retired: Mapped[bool] = mapped_column(Boolean)
