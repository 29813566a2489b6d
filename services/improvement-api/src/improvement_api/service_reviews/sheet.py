"""What service reviews tell tollgates about a service."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from improvement_api.fact_sheets import FactSheet
from improvement_api.facts.rules import FactType, Owner
from improvement_api.service_reviews.queries import FACTS
from shared.schemas.common import FactDefinition, FactValue

DAYS: Final = "days_since_last_service_review"
OVERDUE: Final = "overdue_review_actions"


def _read(row: Sequence[Any], now: datetime) -> Mapping[str, FactValue]:
    held_at, overdue = row
    days = None if held_at is None else (now - held_at).days
    reason = "No service review that covered it has been held" if days is None else None
    return {
        DAYS: FactValue(value=days, as_of=now, reason=reason),
        OVERDUE: FactValue(value=overdue, as_of=now, reason=None),
    }


SHEET: Final = FactSheet(
    [
        FactDefinition(
            name=DAYS,
            type=FactType.INTEGER,
            unit="days",
            owner=Owner.IMPROVEMENT,
            meaning="whole days since a review whose pack covered the service was held",
        ),
        FactDefinition(
            name=OVERDUE,
            type=FactType.INTEGER,
            unit="count",
            owner=Owner.IMPROVEMENT,
            meaning="open actions past their due date (UTC), of reviews that covered the service",
        ),
    ],
    FACTS,
    _read,
)
