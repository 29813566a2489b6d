"""What tollgates may ask of the critical success factors of a service."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from metrics_api.fact_sheets import FactSheet
from metrics_api.indicators.periods import parse_period, parse_zone
from metrics_api.success_factors.actions import judged
from metrics_api.success_factors.queries import factors_of_service
from metrics_api.success_factors.rules import Satisfaction
from metrics_api.tiers.asking import Measured, PeriodAsked
from shared.kit.database import Query
from shared.schemas.common import FactDefinition, FactValue

_NUMBERS = (
    ("success_factors_count", "Critical success factors that a KPI of the service satisfies"),
    ("success_factors_satisfied_count", "of these, satisfied in the last full month (UTC)"),
    ("success_factors_unsatisfied_count", "of these, not satisfied in the last full month (UTC)"),
)


def _ask(service: str, now: datetime) -> Mapping[str, Query[Any]]:
    return {"factors": factors_of_service(service)}


async def _load(
    session: AsyncSession, said: Mapping[str, Any], now: datetime
) -> Mapping[str, FactValue]:
    factors = said["factors"]
    last = now.date().replace(day=1) - timedelta(days=1)
    month = parse_period(f"{last:%Y-%m}", parse_zone("UTC"), now)
    measured = [Measured(factor.key, factor.name, factor.kpis) for factor in factors]
    asked = PeriodAsked(month, "UTC", now, None)
    found = await judged(session, measured, asked) if measured else []
    statuses = [one.status for one in found]
    values = (
        len(factors),
        statuses.count(Satisfaction.SATISFIED),
        statuses.count(Satisfaction.UNSATISFIED),
    )
    return {
        name: FactValue(value=value, as_of=now, reason=None)
        for (name, _), value in zip(_NUMBERS, values, strict=True)
    }


SHEET = FactSheet(
    definitions=[
        FactDefinition(name=name, type="integer", unit=None, owner="metrics", meaning=meaning)
        for name, meaning in _NUMBERS
    ],
    ask=_ask,
    load=_load,
)
