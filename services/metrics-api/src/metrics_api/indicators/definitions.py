"""What a definition of a KPI says. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from shared.schemas.metrics import KpiId


class Shape(StrEnum):
    """How a number comes of two sums."""

    MEAN_HOURS = "mean_hours"
    SHARE = "share"
    POINTS = "points"
    COUNT = "count"
    LEVEL = "level"


class Better(StrEnum):
    LOWER = "lower"
    HIGHER = "higher"


class RecordKind(StrEnum):
    """Records that a KPI is counted from."""

    INCIDENT = "incident"
    REQUEST = "request"
    CHANGE = "change"
    OUTAGE = "outage"
    SURVEY = "survey"
    PROBLEM = "problem"


class DurationKind(StrEnum):
    """Durations of incidents that percentiles are told of."""

    RESOLUTION = "resolution"
    ACKNOWLEDGEMENT = "acknowledgement"
    BUSINESS = "business"


class Reason(NamedTuple):
    """Why there is no number."""

    code: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Kpi:
    """A definition.

    Of a KPI of incidents, `total`, `count` and `records` name sums or derived sums (`open`: what
    is open after all of them) and `exclusions` gives the sum for each reason code. KPIs of other
    records have sums of their own (record_kpis), and of these only the reason codes are named.
    """

    id: KpiId
    name: str
    unit: str
    shape: Shape
    better: Better
    formula: str
    source: str
    of: RecordKind
    nothing: Reason
    """Why there are records and yet no number."""
    total: str = ""
    count: str = ""
    records: str = ""
    exclusions: Mapping[str, str]
    duration: DurationKind | None = None

    @property
    def of_incidents(self) -> bool:
        return self.of is RecordKind.INCIDENT
