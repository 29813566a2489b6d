"""What is asked of the other services about a goal, before a request's transaction."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Annotated

from fastapi import Depends

from improvement_api.goals.rules import HISTORY, Wanted, impossible, unsound
from improvement_api.goals.schemas import GoalCreate
from improvement_api.periods import last_full_periods
from improvement_api.providers import Providers, Remotes, check_service
from improvement_api.references import answered, check_relevance
from shared.errors import FieldError, Invalid, Unavailable
from shared.kit import clock
from shared.schemas.metrics import Comparator, KpiFigure, KpiId, KpiMeaning


@dataclass(frozen=True)
class AskedGoal:
    """A goal that is SMART in itself, with the history of its KPI, the oldest period first."""

    body: GoalCreate
    kpi: KpiMeaning
    comparator: Comparator
    value: Decimal
    relevant_to: str
    history: list[KpiFigure]
    asked_at: datetime


async def _asked_goal(body: GoalCreate, remotes: Remotes) -> AskedGoal:
    """Refuse what is not SMART, each thing with its reason (422).

    What the body lacks is told at once; then what the other services say of the rest.
    """
    at = clock.now()
    wanted = Wanted(
        body.kpi, body.comparator, body.value, body.grain, body.due_on, body.relevant_to
    )
    _refuse(unsound(wanted, at.date()))
    assert body.kpi is not None, "it is specific"
    assert body.comparator is not None, "it is measurable"
    assert body.value is not None, "it is measurable"
    assert body.relevant_to is not None, "it is relevant to something"
    await check_service(remotes, body.service, "/service")
    kpi = KpiId(body.kpi)
    meaning, history, ceiling, relevance = await asyncio.gather(
        answered(remotes.metrics.kpi_meaning(kpi)),
        history_of(remotes, body, kpi, at),
        _ceiling(remotes, body.service, kpi),
        _irrelevance(remotes, body.relevant_to),
    )
    if meaning is None:
        raise Unavailable(f"metrics-api does not know {kpi}", headers={"Retry-After": "60"})
    _refuse([*impossible(body.comparator, body.value, meaning, ceiling), *relevance])
    return AskedGoal(body, meaning, body.comparator, body.value, body.relevant_to, history, at)


async def history_of(
    remotes: Providers, body: GoalCreate, kpi: KpiId, at: datetime
) -> list[KpiFigure]:
    """The last full periods of the KPI; empty where nothing of the service was ever measured."""
    periods = last_full_periods(body.grain, HISTORY, at)
    found = await answered(remotes.metrics.kpi_of_service(body.service, kpi, periods))
    return [] if found is None else found.values


async def _ceiling(remotes: Providers, service: str, kpi: KpiId) -> float | None:
    """What its dependencies allow a service to reach: known of availability only."""
    if kpi is not KpiId.AVAILABILITY:
        return None
    return await answered(remotes.catalog.availability_bound(service))


async def _irrelevance(remotes: Providers, key: str) -> list[FieldError]:
    try:
        await check_relevance(remotes, key, "/relevant_to")
    except Invalid as refused:
        return [FieldError("/relevant_to", refused.detail, "not_relevant")]
    return []


def _refuse(errors: list[FieldError]) -> None:
    if errors:
        said = "; ".join(error.detail for error in errors)
        raise Invalid(f"The goal is not SMART: {said}", code="not_smart", errors=errors)


CheckedGoal = Annotated[AskedGoal, Depends(_asked_goal)]
