"""What a practice is, and how far a service has taken it up."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from catalog_api.fact_values import definition, known
from shared.schemas.common import FactValue


class PracticeKind(StrEnum):
    """A worst practice is a warning: to adopt it is to avoid what it describes."""

    BETTER = "better"
    WORST = "worst"


class Adoption(StrEnum):
    ADOPTED = "adopted"
    PLANNED = "planned"
    NOT_APPLICABLE = "not_applicable"


def adoption_problem(adoption: Adoption, reason: str | None, due_on: date | None) -> str | None:
    """Which field is missing or out of place: `reason` or `due_on`; None when all is well."""
    if adoption is Adoption.NOT_APPLICABLE and reason is None:
        return "reason"
    if (adoption is Adoption.PLANNED) != (due_on is not None):
        return "due_on"
    return None


DEFINITIONS = (
    definition("practices_adopted_count", "integer", "practices", "Practices that are adopted"),
    definition("practices_planned_count", "integer", "practices", "Practices that are planned"),
    definition(
        "practices_overdue_count", "integer", "practices", "Planned practices past their due date"
    ),
    definition(
        "practices_adopted_processes",
        "list",
        None,
        "Processes for which the service has adopted at least one practice",
    ),
)


def facts(section: Sequence[Mapping[str, Any]], now: datetime) -> dict[str, FactValue]:
    """Counts are as old as the last adoption that changed; what is overdue is judged today."""
    stamps = [datetime.fromisoformat(one["updated_at"]) for one in section]
    as_of = max(stamps, default=now)
    adopted = [one for one in section if one["adoption"] == Adoption.ADOPTED]
    planned = [one for one in section if one["adoption"] == Adoption.PLANNED]
    late = [one for one in planned if date.fromisoformat(one["due_on"]) < now.date()]
    return {
        "practices_adopted_count": known(len(adopted), as_of),
        "practices_planned_count": known(len(planned), as_of),
        "practices_overdue_count": known(len(late), now),
        "practices_adopted_processes": known(sorted({one["process"] for one in adopted}), as_of),
    }
