"""What opportunities tell tollgates about a service."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from improvement_api.fact_sheets import sheet_of_counts
from improvement_api.opportunities.queries import count_open


async def _count(session: AsyncSession, service: str, now: datetime) -> Sequence[int]:
    return (await count_open(session, service),)


SHEET: Final = sheet_of_counts(
    (
        (
            "open_opportunities",
            "opportunities of the service that are new, assessed or accepted: without a plan yet",
        ),
    ),
    _count,
)
