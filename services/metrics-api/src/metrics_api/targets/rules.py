"""What a target may be. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from shared.errors import Invalid
from shared.schemas.metrics import Comparator, KpiId


@dataclass(frozen=True)
class Unit:
    """What a KPI is counted in and the least and the greatest value it can have (None: any)."""

    name: str
    low: int
    high: int | None
    range: str
    """The same in words."""

    low_open: bool = False
    """The least value itself is no target: no duration is 0."""

    def holds(self, value: Decimal) -> bool:
        """Whether a value of this unit can be a target."""
        above = value > self.low if self.low_open else value >= self.low
        return above and (self.high is None or value <= self.high)


_HOURS = Unit("hours", 0, None, "hours above 0", low_open=True)
_RATIO = Unit("ratio", 0, 1, "a ratio from 0 to 1")
_POINTS = Unit("points", -100, 100, "points from −100 to 100")
_INCIDENTS = Unit("incidents", 0, None, "a number not below 0")
_OUTAGES = Unit("outages", 0, None, "a number not below 0")

UNITS: Final[Mapping[KpiId, Unit]] = {
    KpiId.MTTR: _HOURS,
    KpiId.MTTR_BUSINESS: _HOURS,
    KpiId.MTTA: _HOURS,
    KpiId.FCR: _RATIO,
    KpiId.REOPEN_RATE: _RATIO,
    KpiId.BACKLOG: _INCIDENTS,
    KpiId.INCIDENT_COUNT: _INCIDENTS,
    KpiId.SLA_ATTAINMENT: _RATIO,
    KpiId.BOUNCING_RATE: _RATIO,
    KpiId.HOLD_SHARE: _RATIO,
    KpiId.REWORK_RATE: _RATIO,
    KpiId.AVAILABILITY: _RATIO,
    KpiId.MTBF: _HOURS,
    KpiId.UNPLANNED_OUTAGES: _OUTAGES,
    KpiId.CSAT: _RATIO,
    KpiId.NPS: _POINTS,
    KpiId.CHANGE_FAILURE_RATE: _RATIO,
    KpiId.FULFILMENT_TIME: _HOURS,
    KpiId.LOW_VALUE_SHARE: _RATIO,
    KpiId.PERMANENT_FIX_RATE: _RATIO,
}
"""Of every KPI, so that a target can be set before there is a figure."""


def check_target(target: Mapping[str, Any]) -> None:
    """Refuse a value outside the unit's range, and a last day before the first (422)."""
    kpi = KpiId(target["kpi"])
    unit = UNITS[kpi]
    if not unit.holds(Decimal(target["value"])):
        raise Invalid(f"A target on {kpi} is {unit.range}", code="out_of_range", pointer="/value")
    if target["valid_to"] is not None and target["valid_to"] < target["valid_from"]:
        raise Invalid("valid_to must not be before valid_from", pointer="/valid_to")


def reachable(kpi: KpiId, comparator: Comparator, value: Decimal) -> bool:
    """Whether any figure of the KPI could meet the target: nothing is above the greatest value."""
    unit = UNITS[kpi]
    if comparator is Comparator.LT and value <= unit.low:
        return False
    if comparator is Comparator.GT and unit.high is not None and value >= unit.high:
        return False
    return unit.holds(value)


def ended(target: Mapping[str, Any], today: date) -> date:
    """The last day of a target that is ended today: yesterday, so that another may begin today.

    One that begins later never held: its last day is the day before its first.
    """
    never = target["valid_from"] - timedelta(days=1)
    last: date = max(never, today - timedelta(days=1))
    return last if target["valid_to"] is None else min(last, target["valid_to"])
