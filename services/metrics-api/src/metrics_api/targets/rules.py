"""What a target may be. Pure."""

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final, NamedTuple
from uuid import UUID

from metrics_api.indicators.definitions import Shape
from metrics_api.indicators.figures import in_range
from metrics_api.indicators.kpis import KPIS
from shared.errors import Invalid
from shared.schemas.metrics import Comparator, KpiId

_RANGES = {
    Shape.SHARE: "a ratio from 0 to 1",
    Shape.MEAN_HOURS: "hours above 0",
    Shape.POINTS: "points from -100 to 100",
    Shape.COUNT: "a number not below 0",
    Shape.LEVEL: "a number not below 0",
}
_ENDS: Final[Mapping[Shape, tuple[int, int | None]]] = {
    Shape.SHARE: (0, 1),
    Shape.POINTS: (-100, 100),
    Shape.MEAN_HOURS: (0, None),
    Shape.COUNT: (0, None),
    Shape.LEVEL: (0, None),
}
"""The least and the greatest figure there can be; None: there is no greatest."""


class HoldingTarget(NamedTuple):
    """The target of a service and KPI that holds on the day in question."""

    id: UUID
    comparator: Comparator
    value: Decimal


def check_target(target: Mapping[str, Any]) -> None:
    """Refuse what lies outside the unit's range or can never be met, and a last day before the
    first (422)."""
    kpi, value = KPIS[KpiId(target["kpi"])], Decimal(target["value"])
    if not in_range(kpi, value):
        raise Invalid(
            f"A target on {kpi.id} is {_RANGES[kpi.shape]}", code="out_of_range", pointer="/value"
        )
    if not reachable(kpi.id, Comparator(target["comparator"]), value):
        raise Invalid(
            "No figure could ever meet this target", code="can_never_be_met", pointer="/value"
        )
    if target["valid_to"] is not None and target["valid_to"] < target["valid_from"]:
        raise Invalid("valid_to must not be before valid_from", pointer="/valid_to")


def reachable(kpi: KpiId, comparator: Comparator, value: Decimal) -> bool:
    """Whether any figure of the KPI could meet the target: nothing is above the greatest value."""
    least, greatest = _ENDS[KPIS[kpi].shape]
    if comparator is Comparator.LT and value <= least:
        return False
    if comparator is Comparator.GT and greatest is not None and value >= greatest:
        return False
    return in_range(KPIS[kpi], value)


def ended(target: Mapping[str, Any], today: date) -> date:
    """The last day of a target that is ended today: yesterday, so that another may begin today.

    One that begins later never held: its last day is the day before its first.
    """
    never = target["valid_from"] - timedelta(days=1)
    last: date = max(never, today - timedelta(days=1))
    return last if target["valid_to"] is None else min(last, target["valid_to"])
