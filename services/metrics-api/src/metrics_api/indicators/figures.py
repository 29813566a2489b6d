"""Dividing sums into figures, and judging them. Pure."""

import operator
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from metrics_api.indicators.definitions import Kpi, Shape
from metrics_api.indicators.rules import ACTIVITY
from shared.schemas.metrics import Comparator

MICROSECONDS_PER_HOUR: Final = 3_600_000_000


@dataclass(frozen=True)
class Figure:
    """A KPI of one period. `value` is None where there is nothing to count."""

    value: float | None
    count: int


NOTHING: Final = Figure(None, 0)
_SCALES: Final = {Shape.MEAN_HOURS: (1, MICROSECONDS_PER_HOUR), Shape.POINTS: (100, 1)}
_REACHES: Final = {
    Comparator.LTE: operator.le,
    Comparator.LT: operator.lt,
    Comparator.GTE: operator.ge,
    Comparator.GT: operator.gt,
}


def is_empty(sums: Mapping[str, int]) -> bool:
    """Whether no record at all left a trace in these sums."""
    return not sums[ACTIVITY]


def quotient(
    kpi: Kpi, total: int | Decimal, count: int | Decimal, records: int | None = None
) -> Figure:
    """The number and how many records it is of, where there is any record.

    Integers are divided once, so the nearest double to the exact quotient comes out, unrounded.
    """
    of = int(count) if records is None else records
    if kpi.shape in (Shape.COUNT, Shape.LEVEL):
        return Figure(float(total), of)
    if count == 0:
        return Figure(None, of)
    times, unit = _SCALES.get(kpi.shape, (1, 1))
    return Figure(times * int(total) / (unit * int(count)), of)


def meets(value: float, comparator: Comparator, target: float | Decimal) -> bool:
    """Whether a value reaches a target. A target of 0.1 is compared as the double 0.1."""
    reached: bool = _REACHES[comparator](value, float(target))
    return reached


def in_range(kpi: Kpi, value: Decimal) -> bool:
    """Whether a target can be reached in the KPI's unit."""
    match kpi.shape:
        case Shape.SHARE:
            return 0 <= value <= 1
        case Shape.MEAN_HOURS:
            return value > 0
        case Shape.POINTS:
            return -100 <= value <= 100
        case _:
            return value >= 0
