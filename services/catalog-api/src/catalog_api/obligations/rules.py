"""Whether an obligation is met, judged by its evidence and the day."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from catalog_api.fact_values import definition, known
from shared.schemas.common import FactValue


class ObligationState(StrEnum):
    MET = "met"
    EXPIRING = "expiring"
    UNMET = "unmet"


DEFINITIONS = (
    definition("obligation_count", "integer", "obligations", "Standards and clauses it must meet"),
    definition("unmet_obligation_count", "integer", "obligations", "Without valid evidence"),
    definition(
        "overdue_obligation_count", "integer", "obligations", "Unmet, and past the day they are due"
    ),
    definition(
        "expiring_obligation_count", "integer", "obligations", "Met by evidence that soon expires"
    ),
)


def state_of(valid_until: Collection[date | None], warn_days: int, today: date) -> ObligationState:
    """The state by the last valid day of each piece of evidence; None is valid for ever.

    Met by any evidence that is valid beyond the warning time, expiring by any that is valid today.
    """
    warned_from = today + timedelta(days=warn_days)
    if any(day is None or day > warned_from for day in valid_until):
        return ObligationState.MET
    if any(day is not None and day >= today for day in valid_until):
        return ObligationState.EXPIRING
    return ObligationState.UNMET


def overdue(state: ObligationState, due: date | None, today: date) -> bool:
    """Unmet although the day it is due has passed."""
    return state is ObligationState.UNMET and due is not None and due < today


def facts(obligations: Sequence[Mapping[str, Any]], now: datetime) -> dict[str, FactValue]:
    """Every fact of DEFINITIONS, from the obligations that have not ended and their evidence."""
    today = now.date()
    judged = [
        (
            state_of([_day(end) for end in one["valid_until"]], one["warn_days"], today),
            _day(one["due"]),
        )
        for one in obligations
    ]
    states = [state for state, _ in judged]
    late = sum(overdue(state, due, today) for state, due in judged)
    return {
        "obligation_count": known(len(obligations), now),
        "unmet_obligation_count": known(states.count(ObligationState.UNMET), now),
        "overdue_obligation_count": known(late, now),
        "expiring_obligation_count": known(states.count(ObligationState.EXPIRING), now),
    }


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
