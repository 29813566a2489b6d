"""What targets and their judgements say to tollgates about a service."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession

from metrics_api.fact_sheets import FactSheet
from metrics_api.judgements import queries
from shared.kit.database import Query
from shared.schemas.common import FactDefinition, FactValue

DEFINITIONS: Final = [
    FactDefinition(
        name="proposals_open_count",
        type="integer",
        unit=None,
        owner="metrics",
        meaning="Proposals of harder targets that nobody has decided on",
    ),
    FactDefinition(
        name="targets_missed_streak_max",
        type="integer",
        unit="periods",
        owner="metrics",
        meaning="For how many of its last full periods running the worst target that holds today"
        " was missed; 0 where each was met in its last one",
    ),
]


def ask(service: str, now: datetime) -> Mapping[str, Query[Any]]:
    """The numbers."""
    return {"judgements": queries.numbers_of_service(service, now.date())}


async def load(
    session: AsyncSession, said: Mapping[str, Any], now: datetime
) -> Mapping[str, FactValue]:
    """Both facts; the streak has no value until a target was met or missed once."""
    row = said["judgements"]
    streak = row.targets_missed_streak_max if row.judged else None
    reason = None if row.judged else "no target of the service was met or missed yet"
    return {
        "proposals_open_count": FactValue(value=row.proposals_open_count, as_of=now, reason=None),
        "targets_missed_streak_max": FactValue(value=streak, as_of=now, reason=reason),
    }


SHEET = FactSheet(DEFINITIONS, ask, load)
