"""What waivers tell tollgates about a service."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from improvement_api.fact_sheets import FactSheet
from improvement_api.facts.rules import FactType, Owner
from improvement_api.waivers.queries import count_active
from shared.schemas.common import FactDefinition, FactValue

_NAME: Final = "active_waivers_count"


async def _load(session: AsyncSession, service: str, now: datetime) -> Mapping[str, FactValue]:
    count = await count_active(session, service, now)
    return {_NAME: FactValue(value=count, as_of=now, reason=None)}


SHEET: Final = FactSheet(
    [
        FactDefinition(
            name=_NAME,
            type=FactType.INTEGER,
            unit="count",
            owner=Owner.IMPROVEMENT,
            meaning="waivers of the service that are approved and have not expired, at any gate",
        )
    ],
    _load,
)
