"""What SLOs tell tollgates about a service."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession

from metrics_api.fact_sheets import FactSheet
from metrics_api.slo_alerts.queries import firing_count
from metrics_api.slos.queries import slos_of_service
from metrics_api.slos.rules import Level
from metrics_api.slos.schemas import SloStatusOut
from metrics_api.slos.status import Moment, statuses
from shared.kit.database import Query
from shared.schemas.common import FactDefinition, FactValue


def _definition(name: str, kind: str, unit: str, meaning: str) -> FactDefinition:
    return FactDefinition(name=name, type=kind, unit=unit, owner="metrics", meaning=meaning)


DEFINITIONS: Final = (
    _definition("slo_count", "integer", "SLOs", "Active SLOs of the service"),
    _definition("slos_met_count", "integer", "SLOs", "SLOs with enough budget left"),
    _definition(
        "slos_at_risk_count", "integer", "SLOs", "SLOs with little budget left, as each defines"
    ),
    _definition("slos_missed_count", "integer", "SLOs", "SLOs that are below their target"),
    _definition(
        "slos_unknown_count", "integer", "SLOs", "SLOs without data, or with too little of it"
    ),
    _definition(
        "slo_budget_remaining_min",
        "number",
        "ratio",
        "The least share of an error budget that is left, corrections considered; below 0: missed",
    ),
    _definition("slo_alerts_firing_count", "integer", "alerts", "Alerts on burning budgets"),
)


def ask(service: str, now: datetime) -> Mapping[str, Query[Any]]:
    """The SLOs, and how many alerts fire."""
    return {"slos": slos_of_service(service), "firing": firing_count(service)}


async def load(
    session: AsyncSession, said: Mapping[str, Any], now: datetime
) -> Mapping[str, FactValue]:
    """The facts of a service's SLOs as of now."""
    found = await statuses(session, said["slos"], Moment(now, (), now))
    levels = [status.level for status in found]
    left = [one for one in map(_least_left, found) if one is not None]
    facts: dict[str, Any] = {
        "slo_count": len(found),
        "slos_met_count": levels.count(Level.MET),
        "slos_at_risk_count": levels.count(Level.AT_RISK),
        "slos_missed_count": levels.count(Level.MISSED),
        "slos_unknown_count": levels.count(Level.UNKNOWN),
        "slo_budget_remaining_min": min(left, default=None),
        "slo_alerts_firing_count": said["firing"],
    }
    no_value = "no_slo_with_enough_data" if found else "no_slos"
    return {
        name: FactValue(value=value, as_of=now, reason=None if value is not None else no_value)
        for name, value in facts.items()
    }


def _least_left(status: SloStatusOut) -> float | None:
    """The least share of a budget that is left, where there are events enough to say so."""
    if status.level is Level.UNKNOWN:
        return None
    if status.composite is not None:
        return status.composite.corrected.remaining_ratio
    budgets = [one.corrected.budget for one in status.objectives if one.level is not Level.UNKNOWN]
    return min((one.remaining_ratio for one in budgets if one is not None), default=None)


SHEET: Final = FactSheet(DEFINITIONS, ask, load)
