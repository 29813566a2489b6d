"""What capability assessments tell tollgates about a service."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from improvement_api.capabilities.queries import FACTS
from improvement_api.fact_sheets import FactSheet
from improvement_api.facts.rules import FactType, Owner
from shared.schemas.common import FactDefinition, FactValue

_LOWEST: Final = "capability_lowest_level"
_ASSESSED: Final = "capability_processes_assessed"
_WHICH: Final = "in the latest approved assessment of the service, else of the organisation"


def _read(row: Sequence[Any], now: datetime) -> Mapping[str, FactValue]:
    (ratings,) = row
    levels = [one["level"] for one in ratings or ()]
    reason = None if levels else "neither the service nor the organisation has been assessed"
    return {
        _LOWEST: FactValue(value=min(levels, default=None), as_of=now, reason=reason),
        _ASSESSED: FactValue(value=len(levels), as_of=now, reason=None),
    }


def _definition(name: str, unit: str, meaning: str) -> FactDefinition:
    return FactDefinition(
        name=name,
        type=FactType.INTEGER,
        unit=unit,
        owner=Owner.IMPROVEMENT,
        meaning=f"{meaning}, {_WHICH}",
    )


SHEET: Final = FactSheet(
    [
        _definition(_LOWEST, "level", "the lowest capability level (0-5) of the rated processes"),
        _definition(_ASSESSED, "count", "how many of the ten processes are rated"),
    ],
    FACTS,
    _read,
)
