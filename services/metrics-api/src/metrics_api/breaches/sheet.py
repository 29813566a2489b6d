"""What breaches and service credits tell tollgates about a service."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession

from metrics_api.breaches.queries import breach_numbers
from metrics_api.fact_sheets import FactSheet
from shared.kit.database import Query
from shared.schemas.common import FactDefinition, FactValue

_NUMBERS: Final = (
    ("open_breached_clocks", "Clocks of open incidents that have run out and not completed"),
    ("clocks_breached_last_30_days", "Clocks that ran out in the last 30 days, met or not since"),
    ("clocks_due_next_24_hours", "Running clocks at risk of running out within 24 hours"),
    ("credits_due_count", "Periods of guarantees that ended in the last year with a credit due"),
    ("credited_periods_count", "Periods of guarantees that ended in the last year"),
)


def _ask(service: str, now: datetime) -> Mapping[str, Query[Any]]:
    return {"breaches": breach_numbers(service, now, now - timedelta(days=365))}


async def _load(
    session: AsyncSession, said: Mapping[str, Any], now: datetime
) -> Mapping[str, FactValue]:
    return {
        name: FactValue(value=number, as_of=now, reason=None)
        for (name, _), number in zip(_NUMBERS, said["breaches"], strict=True)
    }


SHEET: Final = FactSheet(
    [
        FactDefinition(name=name, type="integer", unit=None, owner="metrics", meaning=meaning)
        for name, meaning in _NUMBERS
    ],
    _ask,
    _load,
)
