"""The risk register of services and portfolios."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Date, DateTime, ForeignKey, Index, Integer, Text, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from catalog_api.base import Base, Revised, text_enum
from catalog_api.risks.rules import RiskSource, RiskState, Treatment

# A detected trend raises one risk as long as that one is not closed.
_SAME_TREND = text("source = 'trend' AND state <> 'closed'")


class Risk(Revised, Base):
    __tablename__ = "risk"
    __table_args__ = (
        CheckConstraint("num_nonnulls(service_key, portfolio_key) = 1", name="one_subject"),
        CheckConstraint("score = likelihood * impact", name="score"),
        Index(None, "score", "id"),
        Index(None, "service_key", "score", "id"),
        Index(None, "portfolio_key", "score", "id"),
        Index(
            "ix_risk_accepted_until", "accepted_until", postgresql_where=text("state = 'accepted'")
        ),
        Index(
            "uq_risk_service_trend",
            "service_key",
            "source_reference",
            unique=True,
            postgresql_where=_SAME_TREND,
        ),
        Index(
            "uq_risk_portfolio_trend",
            "portfolio_key",
            "source_reference",
            unique=True,
            postgresql_where=_SAME_TREND,
        ),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    service_key: Mapped[str | None] = mapped_column(Text, ForeignKey("catalog.service.key"))
    portfolio_key: Mapped[str | None] = mapped_column(Text, ForeignKey("catalog.portfolio.key"))
    title: Mapped[str] = mapped_column(Text)
    description: Mapped[str] = mapped_column(Text)
    likelihood: Mapped[int] = mapped_column(Integer)
    impact: Mapped[int] = mapped_column(Integer)
    score: Mapped[int] = mapped_column(Integer)
    treatment: Mapped[Treatment | None] = mapped_column(text_enum(Treatment, "treatment"))
    treatment_text: Mapped[str | None] = mapped_column(Text)
    roadmap_item: Mapped[str | None] = mapped_column(Text)
    owner: Mapped[str] = mapped_column(Text)
    review_date: Mapped[date] = mapped_column(Date)
    source: Mapped[RiskSource] = mapped_column(text_enum(RiskSource, "source"))
    source_reference: Mapped[str | None] = mapped_column(Text)
    state: Mapped[RiskState] = mapped_column(text_enum(RiskState, "state"))
    state_since: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    # Of the present or last acceptance: who bears the risk, until and including which day, why.
    acceptance_owner: Mapped[str | None] = mapped_column(Text)
    accepted_by: Mapped[str | None] = mapped_column(Text)
    accepted_until: Mapped[date | None] = mapped_column(Date)
    acceptance_reason: Mapped[str | None] = mapped_column(Text)
    close_reason: Mapped[str | None] = mapped_column(Text)
