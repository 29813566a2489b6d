"""What waivers tell tollgates about a service."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from improvement_api.fact_sheets import sheet_of_counts
from improvement_api.waivers.queries import count_active


async def _count(session: AsyncSession, service: str, now: datetime) -> Sequence[int]:
    return (await count_active(session, service, now),)


SHEET: Final = sheet_of_counts(
    (
        (
            "active_waivers_count",
            "waivers of the service that are approved and have not expired, at any gate",
        ),
    ),
    _count,
)
