"""What goals tell tollgates about a service."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from improvement_api.fact_sheets import FactSheet
from improvement_api.facts.rules import FactType, Owner
from improvement_api.goals.queries import count_for
from shared.schemas.common import FactDefinition, FactValue

_COUNTS: Final = (
    ("goals_defined_count", "SMART goals for the service in plans that are not withdrawn"),
    (
        "goals_overdue_count",
        "goals for the service that are due and not reached, in plans neither closed nor withdrawn",
    ),
)


async def _load(session: AsyncSession, service: str, now: datetime) -> Mapping[str, FactValue]:
    counts = await count_for(session, service, now.date())
    return {
        name: FactValue(value=count, as_of=now, reason=None)
        for (name, _), count in zip(_COUNTS, counts, strict=True)
    }


SHEET: Final = FactSheet(
    [
        FactDefinition(
            name=name,
            type=FactType.INTEGER,
            unit="count",
            owner=Owner.IMPROVEMENT,
            meaning=meaning,
        )
        for name, meaning in _COUNTS
    ],
    _load,
)
