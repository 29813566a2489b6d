"""The retirement plan in the service document, and the facts that tollgates read from it."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from catalog_api.retirement import queries, rules
from catalog_api.retirement.rules import RetirementState
from catalog_api.retirement.schemas import RetirementMissing, StepOut
from catalog_api.retirement.situations import situation_of
from catalog_api.sheets import Section
from shared.kit.database import Query
from shared.schemas.common import Out


class SheetRetirement(Out):
    """Null for a service that nobody plans to retire."""

    state: RetirementState
    successor: str | None
    no_successor_reason: str | None
    planned_on: date | None
    steps: list[StepOut]
    customers_migrated: int
    missing: list[RetirementMissing]
    updated_at: datetime


def _ask(service: str, _: datetime) -> Mapping[str, Query[Any]]:
    return {"retirement_plan": queries.plan_of(service)}


async def _load(
    session: AsyncSession, service: str, said: Mapping[str, Any], moment: datetime
) -> Any:
    """Asks on only where there is a plan, which is rare: one statement per domain."""
    plan = said["retirement_plan"]
    if plan is None:
        return None
    fields = plan._asdict()
    situation = await situation_of(session, service, moment.date())
    missing = [vars(one) for one in rules.missing_of(fields, situation)]
    shown = SheetRetirement.model_validate({**fields, "missing": missing})
    return shown.model_dump(mode="json")


SECTIONS = (
    Section(
        "retirement_plan",
        "How the service ends, and what keeps it from ending",
        SheetRetirement | None,
        ask=_ask,
        load=_load,
        definitions=rules.DEFINITIONS,
        facts=rules.facts,
    ),
)
