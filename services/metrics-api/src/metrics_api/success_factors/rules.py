"""When a critical success factor is satisfied. Pure."""

from collections.abc import Sequence
from enum import StrEnum


class Satisfaction(StrEnum):
    SATISFIED = "satisfied"
    UNSATISFIED = "unsatisfied"
    UNKNOWN = "unknown"


def satisfaction(met: Sequence[bool | None]) -> Satisfaction:
    """Of a factor from whether each of its KPIs met its target: all must; None is not known.

    One that is missed decides, whatever is not known beside it; nothing at all shows nothing.
    """
    if any(one is False for one in met):
        return Satisfaction.UNSATISFIED
    if not met or any(one is None for one in met):
        return Satisfaction.UNKNOWN
    return Satisfaction.SATISFIED
