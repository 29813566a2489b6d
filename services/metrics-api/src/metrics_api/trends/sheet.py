"""What trends say to tollgates about a service."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession

from metrics_api.fact_sheets import FactSheet
from metrics_api.trends import queries
from metrics_api.trends.rules import HORIZON
from shared.kit.database import Query
from shared.schemas.common import FactDefinition, FactValue

DEFINITIONS: Final = [
    FactDefinition(name=name, type="integer", unit=unit, owner="metrics", meaning=meaning)
    for name, unit, meaning in (
        ("degrading_trends_count", None, "KPIs that get worse, significantly (p < 0.05)"),
        (
            "trends_crossing_target_within_90_days_count",
            None,
            "KPIs that get worse and whose trend reaches the target within 90 days",
        ),
        (
            "earliest_target_crossing_days",
            "days",
            "Days until the first of the trends reaches its target; 0 where it should have by now",
        ),
    )
]
_UNTESTED: Final = "no KPI of the service has figures of enough full periods"


def ask(service: str, now: datetime) -> Mapping[str, Query[Any]]:
    """The numbers."""
    return {"trends": queries.numbers_of_service(service, (now + HORIZON).date())}


async def load(
    session: AsyncSession, said: Mapping[str, Any], now: datetime
) -> Mapping[str, FactValue]:
    """All three facts, of the trends as they were found last."""
    row = said["trends"]
    untested = None if row.tested else _UNTESTED
    first = row.first_crossing
    days = None if first is None else max((first - now.date()).days, 0)
    values = (
        (row.degrading if row.tested else None, untested),
        (row.crossing_soon if row.tested else None, untested),
        (days, untested or (None if first else "no trend leads to the breach of a target")),
    )
    return {
        definition.name: FactValue(value=value, as_of=now, reason=reason)
        for definition, (value, reason) in zip(DEFINITIONS, values, strict=True)
    }


SHEET = FactSheet(DEFINITIONS, ask, load)
