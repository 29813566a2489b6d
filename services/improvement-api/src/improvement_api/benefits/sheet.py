"""What measured benefits tell tollgates about a service."""

from collections.abc import Mapping
from dataclasses import astuple
from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from improvement_api.benefits.queries import count_effects
from improvement_api.fact_sheets import FactSheet
from improvement_api.facts.rules import FactType, Owner
from shared.schemas.common import FactDefinition, FactValue

_COUNTS: Final = (
    (
        "effects_shown_count",
        "done initiatives for the service whose KPI was shown to have improved by them",
    ),
    (
        "initiatives_without_measured_effect_count",
        "done initiatives for the service that were not measured, or not since their dates changed",
    ),
    (
        "guard_rails_worse_count",
        "KPIs of the service that a plan was to guard and that it made worse beyond the tolerance",
    ),
)


async def _load(session: AsyncSession, service: str, now: datetime) -> Mapping[str, FactValue]:
    counts = astuple(await count_effects(session, service))
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
