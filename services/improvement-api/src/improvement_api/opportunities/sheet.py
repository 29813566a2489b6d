"""What opportunities tell tollgates about a service."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from improvement_api.fact_sheets import FactSheet
from improvement_api.facts.rules import FactType, Owner
from improvement_api.opportunities.queries import count_open
from shared.schemas.common import FactDefinition, FactValue

_OPEN: Final = FactDefinition(
    name="open_opportunities",
    type=FactType.INTEGER,
    unit="count",
    owner=Owner.IMPROVEMENT,
    meaning="opportunities of the service that are new, assessed or accepted: without a plan yet",
)


async def _load(session: AsyncSession, service: str, now: datetime) -> Mapping[str, FactValue]:
    count = await count_open(session, service)
    return {_OPEN.name: FactValue(value=count, as_of=now, reason=None)}


SHEET: Final = FactSheet([_OPEN], _load)
