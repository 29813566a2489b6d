"""What root cause analyses tell tollgates about a service."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from improvement_api.fact_sheets import FactSheet
from improvement_api.facts.rules import FactType, Owner
from improvement_api.root_causes.queries import FACTS
from shared.schemas.common import FactDefinition, FactValue

NOT_READ: Final = "metrics-api has not been asked for major incidents yet"


def _read(row: Sequence[Any], now: datetime) -> Mapping[str, FactValue]:
    """Figures of major incidents are as old as the last reading of them, so a gate can tell."""
    read_at, without, overdue, covered, of_all, open_fixes, held, judged = row

    def of_majors(value: Any, reason: str | None = None) -> FactValue:
        if read_at is None:
            return FactValue(value=None, as_of=now, reason=NOT_READ)
        return FactValue(value=value, as_of=read_at, reason=reason)

    no_majors = None if of_all else "no major incident was resolved in the last 365 days"
    no_fixes = None if judged else "no fix was judged in the last 365 days"
    return {
        "major_incidents_without_rca": of_majors(without),
        "overdue_rca_count": of_majors(overdue),
        "open_fixes_count": FactValue(value=open_fixes, as_of=now, reason=None),
        "rca_coverage": of_majors(covered / of_all if of_all else None, no_majors),
        "rca_permanent_fix_rate": FactValue(
            value=held / judged if judged else None, as_of=now, reason=no_fixes
        ),
    }


_MEANINGS: Final = (
    (
        "major_incidents_without_rca",
        FactType.INTEGER,
        "major incidents of the service that no root cause analysis is about",
    ),
    (
        "overdue_rca_count",
        FactType.INTEGER,
        "major incidents of the service whose root cause is not found though it was due",
    ),
    (
        "open_fixes_count",
        FactType.INTEGER,
        "analyses of the service whose cause is found and whose fix is not verified",
    ),
    (
        "rca_coverage",
        FactType.NUMBER,
        "share of the service's major incidents resolved in the last 365 days whose root cause"
        " is found",
    ),
    (
        "rca_permanent_fix_rate",
        FactType.NUMBER,
        "share of the service's fixes without a recurrence, of those whose days passed in the"
        " last 365 days",
    ),
)

SHEET: Final = FactSheet(
    [
        FactDefinition(
            name=name,
            type=kind,
            unit="count" if kind is FactType.INTEGER else "ratio",
            owner=Owner.IMPROVEMENT,
            meaning=meaning,
        )
        for name, kind, meaning in _MEANINGS
    ],
    FACTS,
    _read,
)
