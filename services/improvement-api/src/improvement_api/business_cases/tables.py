"""Business cases of plans, the decisions on them, and what was booked against them."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    Numeric,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from improvement_api.base import Base, text_enum
from improvement_api.business_cases.rules import CaseState, Verdict
from shared.kit.tables import APPEND_ONLY


class BusinessCase(Base):
    """A version; an approved one never changes, and the newest approved one is in force.

    `text_hash` covers `text` and `costs`, the catalog's costs that the text was reckoned with.
    `authors` are all who wrote or submitted it: none of them decides.
    """

    __tablename__ = "business_case"
    __table_args__ = (
        Index("uq_business_case_version", "plan_id", "version", unique=True),
        # One version is being worked on, also under simultaneous requests.
        Index(
            "uq_business_case_open",
            "plan_id",
            unique=True,
            postgresql_where=text("state <> 'approved'"),
        ),
        CheckConstraint("version >= 1", name="version"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    plan_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("improvement.plan.id"))
    version: Mapped[int] = mapped_column(Integer)
    state: Mapped[CaseState] = mapped_column(text_enum(CaseState, "state"))
    text: Mapped[dict[str, Any]] = mapped_column(JSONB)
    costs: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    text_hash: Mapped[str] = mapped_column(Text)
    authors: Mapped[list[str]] = mapped_column(ARRAY(Text))
    revision: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    created_by: Mapped[str] = mapped_column(Text)
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class BusinessCaseDecision(Base):
    """Somebody approved or rejected the exact text of a version."""

    __tablename__ = "business_case_decision"
    __table_args__ = (
        Index(None, "business_case_id", "decided_at", "id"),
        {"info": APPEND_ONLY},
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    business_case_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("improvement.business_case.id"))
    verdict: Mapped[Verdict] = mapped_column(text_enum(Verdict, "verdict"))
    text_hash: Mapped[str] = mapped_column(Text)
    role: Mapped[str] = mapped_column(Text)
    comment: Mapped[str] = mapped_column(Text)
    decided_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    decided_by: Mapped[str] = mapped_column(Text)


class Actual(Base):
    """Money that was really spent or gained for a line in a period; mistakes are booked back.

    A period is known by its first day, so that it means the same in a later version of the case;
    `at_start` is period 0, the start itself.
    """

    __tablename__ = "plan_actual"
    __table_args__ = (
        Index(None, "plan_id", "starts_on", "id"),
        {"info": APPEND_ONLY},
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    plan_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("improvement.plan.id"))
    line: Mapped[str] = mapped_column(Text)
    at_start: Mapped[bool] = mapped_column(Boolean)
    starts_on: Mapped[date] = mapped_column(Date)
    amount: Mapped[Decimal] = mapped_column(Numeric)
    currency: Mapped[str] = mapped_column(Text)
    source: Mapped[str] = mapped_column(Text)
    evidence: Mapped[str | None] = mapped_column(Text)
    recorded_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    recorded_by: Mapped[str] = mapped_column(Text)
