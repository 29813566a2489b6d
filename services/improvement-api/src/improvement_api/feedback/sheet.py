"""What feedback tells tollgates about a service."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from improvement_api.fact_sheets import sheet_of_counts
from improvement_api.feedback.queries import count_unanswered


async def _count(session: AsyncSession, service: str, now: datetime) -> Sequence[int]:
    return (await count_unanswered(session, service, now),)


SHEET: Final = sheet_of_counts(
    (
        (
            "unanswered_feedback_themes",
            "themes of the service with as many mentions as open a plan, without an answer"
            " to customers and without a plan that is approved, in progress or in review",
        ),
    ),
    _count,
)
