"""What goals tell tollgates about a service."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from improvement_api.fact_sheets import sheet_of_counts
from improvement_api.goals.queries import count_for


async def _count(session: AsyncSession, service: str, now: datetime) -> Sequence[int]:
    return await count_for(session, service, now.date())


SHEET: Final = sheet_of_counts(
    (
        ("goals_defined_count", "SMART goals for the service in plans that are not withdrawn"),
        (
            "goals_overdue_count",
            "goals for the service that are due and not reached, in plans neither closed nor"
            " withdrawn",
        ),
    ),
    _count,
)
