"""How a risk is scored, which states follow which, and what tollgates may ask."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from catalog_api.fact_values import definition, known
from shared.errors import Conflict, Forbidden
from shared.schemas.common import FactValue

# Any of these may accept a risk; accountability, not operation, is what they have in common.
ACCEPTING_ROLES = ("risk_owner", "service_owner", "portfolio_manager")


class RiskState(StrEnum):
    OPEN = "open"
    TREATED = "treated"
    CLOSED = "closed"
    ACCEPTED = "accepted"


class RiskLevel(StrEnum):
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class Treatment(StrEnum):
    """The ways to treat a risk (ISO 31000, 6.5.2, in the four words that people use)."""

    AVOID = "avoid"
    REDUCE = "reduce"
    TRANSFER = "transfer"
    ACCEPT = "accept"


class RiskSource(StrEnum):
    MANUAL = "manual"
    TREND = "trend"


# Only time leads from accepted to open: the job that ends acceptances. Accepting again renews.
MOVES: Mapping[RiskState, tuple[RiskState, ...]] = {
    RiskState.OPEN: (RiskState.TREATED, RiskState.ACCEPTED),
    RiskState.TREATED: (RiskState.CLOSED, RiskState.ACCEPTED),
    RiskState.CLOSED: (RiskState.ACCEPTED,),
    RiskState.ACCEPTED: (RiskState.ACCEPTED, RiskState.OPEN),
}
# A closed risk is history; one that comes back is a new risk, or is accepted.
EDITABLE = (RiskState.OPEN, RiskState.TREATED, RiskState.ACCEPTED)

DEFINITIONS = (
    definition("open_risk_count", "integer", "risks", "Risks neither treated, closed nor accepted"),
    definition(
        "highest_open_risk_score", "integer", "points", "Likelihood × impact, 1–25; 0 without any"
    ),
    definition("accepted_risk_count", "integer", "risks", "Risks that somebody bears for a time"),
    definition(
        "risk_reviews_overdue_count", "integer", "risks", "Unclosed risks past their review date"
    ),
    definition(
        "open_risk_without_roadmap_item_count",
        "integer",
        "risks",
        "Open risks that no item of the roadmap treats",
    ),
)


def check_may_raise(source: RiskSource, scopes: Collection[str]) -> None:
    """Who may only raise risks records those of trends: what people find, people write (403)."""
    if source is not RiskSource.TREND and "catalog:write" not in scopes:
        raise Forbidden(
            "With risks:raise alone only risks of source trend are recorded",
            code="insufficient_scope",
        )


def level_of(score: int) -> RiskLevel:
    """Of a 5 × 5 matrix: low to 4, medium to 9, high to 16, critical from 20."""
    if score >= 20:
        return RiskLevel.CRITICAL
    if score >= 10:
        return RiskLevel.HIGH
    return RiskLevel.MEDIUM if score >= 5 else RiskLevel.LOW


def check_treated(treatment: Treatment | None, text: str | None) -> None:
    """A risk is treated when it is written how; 409 naming what is missing."""
    if treatment is Treatment.ACCEPT:
        raise Conflict(
            "A risk whose treatment is to accept it is accepted, with an owner and an expiry",
            code="move_not_allowed",
            allowed=[RiskState.ACCEPTED.value],
        )
    fields = {"treatment": treatment, "treatment_text": text}
    missing = [name for name, value in fields.items() if not value]
    if missing:
        raise Conflict(
            f"A risk is treated when it says how: {' and '.join(missing)} missing",
            code="treatment_missing",
            missing=missing,
        )


def check_still_accepted(state: RiskState, score: int, new_score: int) -> None:
    """An acceptance was of the risk as it was scored: a higher one is accepted anew (409)."""
    if state is RiskState.ACCEPTED and new_score > score:
        raise Conflict(
            f"This risk was accepted with a score of {score}: accept it again with {new_score}",
            code="acceptance_exceeded",
            accepted_score=score,
            score=new_score,
        )


def review_overdue(review_date: date, state: RiskState, today: date) -> bool:
    """Whether a risk that is not closed should have been looked at before today."""
    return state is not RiskState.CLOSED and review_date < today


def facts(risks: Sequence[Mapping[str, Any]], now: datetime) -> dict[str, FactValue]:
    """Every fact of DEFINITIONS, from the unclosed risks of the service."""
    still_open = [risk for risk in risks if risk["state"] == RiskState.OPEN]
    accepted = [risk for risk in risks if risk["state"] == RiskState.ACCEPTED]
    overdue = [
        risk
        for risk in risks
        if review_overdue(
            date.fromisoformat(risk["review_date"]), RiskState(risk["state"]), now.date()
        )
    ]
    unplanned = [risk for risk in still_open if risk["roadmap_item"] is None]
    return {
        "open_risk_count": known(len(still_open), now),
        "highest_open_risk_score": known(max((r["score"] for r in still_open), default=0), now),
        "accepted_risk_count": known(len(accepted), now),
        "risk_reviews_overdue_count": known(len(overdue), now),
        "open_risk_without_roadmap_item_count": known(len(unplanned), now),
    }
