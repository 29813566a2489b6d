"""What service reviews tell tollgates about a service."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from improvement_api.fact_sheets import FactSheet
from improvement_api.facts.rules import FactType, Owner
from improvement_api.service_reviews.queries import review_facts
from shared.schemas.common import FactDefinition, FactValue

DAYS: Final = "days_since_last_service_review"
OVERDUE: Final = "overdue_review_actions"


async def _load(session: AsyncSession, service: str, now: datetime) -> Mapping[str, FactValue]:
    held_at, overdue = await review_facts(session, service, now.astimezone(UTC).date())
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
    _load,
)
