"""Versions of plan documents, and who approved which text."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, ForeignKey, Index, Integer, Text, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from catalog_api.base import Base, Revised, text_enum
from catalog_api.plans.rules import PlanKind, PlanState
from shared.kit.tables import APPEND_ONLY

_OPEN = text("state IN ('draft', 'in_review')")
_APPROVED = text("state = 'approved'")


def _unique(name: str, *columns: str, where: Any = None) -> Index:
    return Index(f"uq_plan_version_{name}", *columns, unique=True, postgresql_where=where)


class PlanVersion(Revised, Base):
    """One version of one kind of plan, of a service or of a portfolio."""

    __tablename__ = "plan_version"
    __table_args__ = (
        CheckConstraint("num_nonnulls(service_key, portfolio_key) = 1", name="one_subject"),
        _unique("of_service", "service_key", "kind", "version"),
        _unique("of_portfolio", "portfolio_key", "kind", "version"),
        # One version is being written, one is in force: also under simultaneous requests.
        _unique("service_open", "service_key", "kind", where=_OPEN),
        _unique("portfolio_open", "portfolio_key", "kind", where=_OPEN),
        _unique("service_approved", "service_key", "kind", where=_APPROVED),
        _unique("portfolio_approved", "portfolio_key", "kind", where=_APPROVED),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    service_key: Mapped[str | None] = mapped_column(Text, ForeignKey("catalog.service.key"))
    portfolio_key: Mapped[str | None] = mapped_column(Text, ForeignKey("catalog.portfolio.key"))
    kind: Mapped[PlanKind] = mapped_column(text_enum(PlanKind, "kind"))
    version: Mapped[int] = mapped_column(Integer)
    state: Mapped[PlanState] = mapped_column(text_enum(PlanState, "state"))
    text: Mapped[dict[str, Any]] = mapped_column(JSONB)
    # SHA-256 of the text's RFC 8785 JSON, in hexadecimal: what an approval is bound to.
    text_hash: Mapped[str] = mapped_column(Text)
    approver_roles: Mapped[list[str]] = mapped_column(ARRAY(Text))
    # Everybody who wrote this version; none of them approves it.
    authors: Mapped[list[str]] = mapped_column(ARRAY(Text))
    # How often it was submitted: approvals count for the review they were given in.
    review: Mapped[int] = mapped_column(Integer)
    return_reason: Mapped[str | None] = mapped_column(Text)
    submitted_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    approved_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    superseded_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class PlanApproval(Base):
    """One role approved one text, by one person; never changed afterwards."""

    __tablename__ = "plan_approval"
    __table_args__ = (
        Index("uq_plan_approval_role", "plan_version_id", "review", "role", unique=True),
        Index("uq_plan_approval_person", "plan_version_id", "review", "approved_by", unique=True),
        {"info": APPEND_ONLY},
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    plan_version_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("catalog.plan_version.id"))
    review: Mapped[int] = mapped_column(Integer)
    role: Mapped[str] = mapped_column(Text)
    approved_by: Mapped[str] = mapped_column(Text)
    text_hash: Mapped[str] = mapped_column(Text)
    approved_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
