"""The KPIs: what each is called, counted in, computed by, and divided from. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Final, NamedTuple

from metrics_api.indicators.rules import Sums
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


class Reason(NamedTuple):
    """Why there is no number."""

    code: str
    text: str


@dataclass(frozen=True)
class Kpi:
    """A definition. `total` and `count` name sums (`open`: what is open after all of them);
    `exclusions` names sums by reason code."""

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
    nothing: Reason
    """Why there are records and yet no number."""


@dataclass(frozen=True)
class Figure:
    """A KPI of one period. `value` is None where there is nothing to count."""

    value: float | None
    count: int


NOTHING: Final = Figure(None, 0)

_RESOLUTION_EXCLUSIONS = {
    "no_resolution_time": "no_resolution_time",
    "negative_duration": "resolved_negative_duration",
    "no_opening_time": "resolved_no_opening_time",
    "cancelled": "cancelled",
}
_NOTHING_RESOLVED = Reason("nothing_resolved", "No incident was resolved in the period")

KPIS: Final[dict[KpiId, Kpi]] = {
    kpi.id: kpi
    for kpi in (
        Kpi(
            id=KpiId.MTTR,
            name="Mean time to resolve",
            unit="hours",
            shape=Shape.MEAN_HOURS,
            better=Better.LOWER,
            formula=(
                "Σ(resolution − opening) / n over the incidents resolved in the period,"
                " in elapsed hours"
            ),
            source="Records rules 3 and 4; MTTR read as time to resolve (Atlassian)",
            total="resolved_us",
            count="resolved",
            exclusions=_RESOLUTION_EXCLUSIONS,
            nothing=_NOTHING_RESOLVED,
        ),
        Kpi(
            id=KpiId.MTTA,
            name="Mean time to acknowledge",
            unit="hours",
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
            nothing=Reason("nothing_acknowledged", "No incident was acknowledged in the period"),
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
            nothing=Reason(
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
            total="open",
            count="open",
            exclusions={},
            nothing=Reason("no_records", "The service has no incident up to the end of the period"),
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
            nothing=Reason("no_records", "The service has no incident in the period"),
        ),
    )
}


def is_empty(sums: Sums) -> bool:
    """Whether no record at all left a trace in these sums."""
    return not any(sums.values())


def open_after(sums: Sums) -> int:
    """How many incidents are open after all moves since the first record (Records rule 5)."""
    came = sums["move_opened"] + sums["move_reopened"]
    return came - sums["move_resolved"] - sums["move_closed_unresolved"] - sums["move_cancelled"]


def quotient(kpi: Kpi, total: int, count: int) -> Figure:
    """The number and how many records it is of, where there is any record.

    Integers are divided once, so the nearest double to the exact quotient comes out, unrounded.
    """
    if kpi.shape in (Shape.COUNT, Shape.LEVEL):
        return Figure(float(total), count)
    if count == 0:
        return NOTHING
    unit = MICROSECONDS_PER_HOUR if kpi.shape is Shape.MEAN_HOURS else 1
    return Figure(total / (count * unit), count)


def meets(value: float, comparator: Comparator, target: float | Decimal) -> bool:
    """Whether a value reaches a target. A target of 0.1 is compared as the double 0.1."""
    return {
        Comparator.LTE: value <= float(target),
        Comparator.LT: value < float(target),
        Comparator.GTE: value >= float(target),
        Comparator.GT: value > float(target),
    }[comparator]


def in_range(kpi: Kpi, value: Decimal) -> bool:
    """Whether a target can be reached in the KPI's unit."""
    if kpi.shape is Shape.SHARE:
        return 0 <= value <= 1
    if kpi.shape is Shape.MEAN_HOURS:
        return value > 0
    return value >= 0
