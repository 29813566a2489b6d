"""The KPIs: what each is called, counted in, computed by, and divided from. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from shared.schemas.metrics import Comparator, KpiId

MICROSECONDS_PER_HOUR: Final = 3_600_000_000


class Shape(StrEnum):
    """How a number comes of two sums."""

    MEAN_HOURS = "mean_hours"
    SHARE = "share"
    COUNT = "count"
    LEVEL = "level"


class Better(StrEnum):
    LOWER = "lower"
    HIGHER = "higher"


@dataclass(frozen=True)
class Kpi:
    """A definition. `total` and `count` name sums; `exclusions` names sums by reason code."""

    id: KpiId
    name: str
    unit: str
    shape: Shape
    better: Better
    formula: str
    source: str
    total: str
    count: str
    exclusions: Mapping[str, str]
    nothing: tuple[str, str]
    """Reason code and text where there are records and yet no number."""


@dataclass(frozen=True)
class Figure:
    """A KPI of one period. `value` is None where there is nothing to count."""

    value: float | None
    count: int


_RESOLUTION_EXCLUSIONS = {
    "no_resolution_time": "no_resolution_time",
    "negative_duration": "resolved_negative_duration",
    "no_opening_time": "resolved_no_opening_time",
    "cancelled": "cancelled",
}
_NOTHING_RESOLVED = ("nothing_resolved", "No incident was resolved in the period")

KPIS: Final[dict[KpiId, Kpi]] = {
    kpi.id: kpi
    for kpi in (
        Kpi(
            id=KpiId.MTTR,
            name="Mean time to resolve",
            unit="h",
            shape=Shape.MEAN_HOURS,
            better=Better.LOWER,
            formula=(
                "Σ(resolution − opening) / n over the incidents resolved in the period,"
                " in elapsed hours"
            ),
            source="Records rules 3 and 4; the `resolve` reading of MTTR (Atlassian)",
            total="resolved_us",
            count="resolved",
            exclusions=_RESOLUTION_EXCLUSIONS,
            nothing=_NOTHING_RESOLVED,
        ),
        Kpi(
            id=KpiId.MTTA,
            name="Mean time to acknowledge",
            unit="h",
            shape=Shape.MEAN_HOURS,
            better=Better.LOWER,
            formula=(
                "Σ(acknowledgement − opening) / n over the incidents acknowledged in the period,"
                " in elapsed hours; the unacknowledged among those opened are counted beside it"
            ),
            source="Records rules 4 and 7 (Atlassian)",
            total="acknowledged_us",
            count="acknowledged",
            exclusions={
                "negative_duration": "acknowledged_negative_duration",
                "no_opening_time": "acknowledged_no_opening_time",
            },
            nothing=("nothing_acknowledged", "No incident was acknowledged in the period"),
        ),
        Kpi(
            id=KpiId.FCR,
            name="First contact resolution",
            unit="ratio",
            shape=Shape.SHARE,
            better=Better.HIGHER,
            formula=(
                "incidents resolved on first contact / incidents resolved in the period that were"
                " not raised by monitoring; the tool's flag, else no reassignment and no reopening"
            ),
            source="Records rule 8; gross first contact resolution (MetricNet)",
            total="first_contact",
            count="first_contact_base",
            exclusions=_RESOLUTION_EXCLUSIONS,
            nothing=(
                "nothing_resolved",
                "No incident that people had raised was resolved in the period",
            ),
        ),
        Kpi(
            id=KpiId.REOPEN_RATE,
            name="Reopen rate",
            unit="ratio",
            shape=Shape.SHARE,
            better=Better.LOWER,
            formula=(
                "incidents resolved in the period that had been reopened before /"
                " incidents resolved in the period, each once"
            ),
            source="Records rule 6 (ServiceNow service quality)",
            total="resolved_reopened",
            count="resolved",
            exclusions=_RESOLUTION_EXCLUSIONS,
            nothing=_NOTHING_RESOLVED,
        ),
        Kpi(
            id=KpiId.BACKLOG,
            name="Backlog",
            unit="incidents",
            shape=Shape.LEVEL,
            better=Better.LOWER,
            formula=(
                "incidents open at the end of the period = open at its start + opened + reopened"
                " − resolved − closed unresolved − cancelled, each move counted"
            ),
            source="Records rule 5",
            total="open_at_end",
            count="open_at_end",
            exclusions={},
            nothing=("no_records", "The service has no incident up to the end of the period"),
        ),
        Kpi(
            id=KpiId.INCIDENT_COUNT,
            name="Incidents",
            unit="incidents",
            shape=Shape.COUNT,
            better=Better.LOWER,
            formula="incidents opened in the period, whatever became of them",
            source="Records rule 3: their state does not matter here",
            total="opened",
            count="opened",
            exclusions={},
            nothing=("no_records", "The service has no incident in the period"),
        ),
    )
}


def figure(kpi: Kpi, total: int, count: int, *, empty: bool) -> Figure:
    """The number and how many records it is of; `empty` says that there was no record at all.

    Integers are divided once, so the nearest double to the exact quotient comes out, unrounded.
    """
    if empty:
        return Figure(None, 0)
    if kpi.shape in (Shape.COUNT, Shape.LEVEL):
        return Figure(float(total), count)
    if count == 0:
        return Figure(None, 0)
    unit = MICROSECONDS_PER_HOUR if kpi.shape is Shape.MEAN_HOURS else 1
    return Figure(total / (count * unit), count)


def meets(value: float, comparator: Comparator, target: float) -> bool:
    """Whether a value reaches a target."""
    return {
        Comparator.LTE: value <= target,
        Comparator.LT: value < target,
        Comparator.GTE: value >= target,
        Comparator.GT: value > target,
    }[comparator]


def in_range(kpi: Kpi, value: float) -> bool:
    """Whether a target value is possible in the unit: shares 0 to 1, hours and counts positive."""
    if kpi.shape is Shape.SHARE:
        return 0 <= value <= 1
    if kpi.shape is Shape.MEAN_HOURS:
        return value > 0
    return value >= 0
