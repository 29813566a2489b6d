"""Opportunities, what they point at, and the causes that open them."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    Computed,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    Numeric,
    SmallInteger,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from improvement_api.base import Base, text_enum
from improvement_api.opportunities.rules import Handling, LinkKind, OpportunityState, Source
from shared.kit.tables import APPEND_ONLY

_SCALE = "IN (1, 2, 3, 5, 8, 13, 20)"
_COST = "business_value + time_criticality + risk_reduction"


class Opportunity(Base):
    """`cause` is the occurrence that opened it, `figures` those of the last occurrence.

    `wsjf` is null until all four inputs are there. No two that wait for a plan share a cause.
    """

    __tablename__ = "opportunity"
    __table_args__ = (
        CheckConstraint(f"business_value {_SCALE}", name="business_value"),
        CheckConstraint(f"time_criticality {_SCALE}", name="time_criticality"),
        CheckConstraint(f"risk_reduction {_SCALE}", name="risk_reduction"),
        CheckConstraint(f"job_size {_SCALE}", name="job_size"),
        CheckConstraint(
            "num_nulls(business_value, time_criticality, risk_reduction, job_size, assessed_at,"
            " assessed_by) IN (0, 6)",
            name="assessment",
        ),
        CheckConstraint("state IN ('new', 'rejected') OR assessed_at IS NOT NULL", name="assessed"),
        CheckConstraint(
            "(source = 'trigger') = (cause_key IS NOT NULL)"
            " AND (source = 'trigger') = (cause IS NOT NULL)",
            name="cause",
        ),
        Index(
            "uq_opportunity_waiting_cause",
            "cause_key",
            unique=True,
            postgresql_where=text("state IN ('new', 'assessed', 'accepted')"),
        ),
        Index(None, "created_at", "id"),
        Index(None, "service", "state"),
        Index(None, "state", "wsjf"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    title: Mapped[str] = mapped_column(Text)
    problem: Mapped[str] = mapped_column(Text)
    service: Mapped[str] = mapped_column(Text)
    kpi: Mapped[str | None] = mapped_column(Text)
    impacts: Mapped[list[dict[str, str]]] = mapped_column(JSONB)
    benefit: Mapped[str] = mapped_column(Text)
    owner: Mapped[str | None] = mapped_column(Text)
    source: Mapped[Source] = mapped_column(text_enum(Source, "source"))
    cause_key: Mapped[str | None] = mapped_column(Text)
    cause: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    figures: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    occurrences: Mapped[int] = mapped_column(Integer)
    last_occurred_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    state: Mapped[OpportunityState] = mapped_column(text_enum(OpportunityState, "state"))
    state_since: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    state_comment: Mapped[str | None] = mapped_column(Text)
    business_value: Mapped[int | None] = mapped_column(SmallInteger)
    time_criticality: Mapped[int | None] = mapped_column(SmallInteger)
    risk_reduction: Mapped[int | None] = mapped_column(SmallInteger)
    job_size: Mapped[int | None] = mapped_column(SmallInteger)
    assessment: Mapped[str | None] = mapped_column(Text)
    assessed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    assessed_by: Mapped[str | None] = mapped_column(Text)
    cost_of_delay: Mapped[int | None] = mapped_column(Integer, Computed(_COST, persisted=True))
    wsjf: Mapped[Decimal | None] = mapped_column(
        Numeric, Computed(f"round(({_COST})::numeric / job_size, 6)", persisted=True)
    )
    version: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    created_by: Mapped[str] = mapped_column(Text)
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class OpportunityLink(Base):
    """`target` is the id of what another domain or service keeps."""

    __tablename__ = "opportunity_link"
    __table_args__ = (Index(None, "kind", "target"),)

    opportunity_id: Mapped[UUID] = mapped_column(
        Uuid, ForeignKey("improvement.opportunity.id"), primary_key=True
    )
    kind: Mapped[LinkKind] = mapped_column(text_enum(LinkKind, "kind"), primary_key=True)
    target: Mapped[str] = mapped_column(Text, primary_key=True)
    linked_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    linked_by: Mapped[str] = mapped_column(Text)


class Occurrence(Base):
    """A cause occurred: what was made of it and why. `identity` is unique within the cause.

    `opportunity_id` is what it opened or was added to, else what keeps it from opening another.
    """

    __tablename__ = "opportunity_occurrence"
    __table_args__ = (
        UniqueConstraint("cause_key", "identity"),
        Index(None, "trigger", "recorded_at", "id"),
        Index(None, "opportunity_id", "recorded_at", "id"),
        {"info": APPEND_ONLY},
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    cause_key: Mapped[str] = mapped_column(Text)
    identity: Mapped[str] = mapped_column(Text)
    trigger: Mapped[str] = mapped_column(Text)
    trigger_version: Mapped[int | None] = mapped_column(Integer)
    service: Mapped[str] = mapped_column(Text)
    subject: Mapped[str] = mapped_column(Text)
    figures: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    until: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    handling: Mapped[Handling] = mapped_column(text_enum(Handling, "handling"))
    reason: Mapped[str] = mapped_column(Text)
    opportunity_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("improvement.opportunity.id"))
    recorded_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
