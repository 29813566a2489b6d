"""What plans and initiatives tell tollgates about a service."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from improvement_api.fact_sheets import FactSheet
from improvement_api.facts.rules import FactType, Owner
from improvement_api.plans.queries import count_for
from shared.schemas.common import FactDefinition, FactValue

_COUNTS: Final = (
    (
        "active_improvement_plans",
        "plans that are approved, in progress or in review with an initiative for the service",
    ),
    ("open_initiatives", "initiatives for the service that are planned or in progress"),
    ("done_initiatives", "initiatives for the service that are done, in plans not withdrawn"),
)


async def _load(session: AsyncSession, service: str, now: datetime) -> Mapping[str, FactValue]:
    counts = await count_for(session, service)
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
