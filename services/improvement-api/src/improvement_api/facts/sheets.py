"""The fact sheets of the domains, and reading those that a gate needs."""

from collections.abc import Collection
from datetime import datetime
from functools import cache
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from improvement_api.benefits.sheet import SHEET as BENEFITS
from improvement_api.business_cases.sheet import SHEET as BUSINESS_CASES
from improvement_api.capabilities.sheet import SHEET as CAPABILITIES
from improvement_api.fact_sheets import FactSheet, OneRow
from improvement_api.facts.queries import side_by_side
from improvement_api.feedback.sheet import SHEET as FEEDBACK
from improvement_api.goals.sheet import SHEET as GOALS
from improvement_api.opportunities.sheet import SHEET as OPPORTUNITIES
from improvement_api.plans.sheet import SHEET as PLANS
from improvement_api.root_causes.sheet import SHEET as ROOT_CAUSES
from improvement_api.service_reviews.sheet import SHEET as SERVICE_REVIEWS
from improvement_api.waivers.sheet import SHEET as WAIVERS
from shared.kit.database import rows_of
from shared.schemas.common import FactValue

SHEETS: Final[tuple[FactSheet, ...]] = (
    PLANS,
    OPPORTUNITIES,
    GOALS,
    BUSINESS_CASES,
    BENEFITS,
    CAPABILITIES,
    WAIVERS,
    SERVICE_REVIEWS,
    ROOT_CAUSES,
    FEEDBACK,
)
OWN_FACTS: Final = tuple(one for sheet in SHEETS for one in sheet.definitions)


async def own_facts(
    session: AsyncSession, service: str, names: Collection[str] | None, now: datetime
) -> dict[str, FactValue]:
    """The facts of the sheets that hold one of `names` (None: all); the others cost nothing."""
    needed = tuple(
        n
        for n, sheet in enumerate(SHEETS)
        if names is None or any(fact.name in names for fact in sheet.definitions)
    )
    if not needed:
        return {}
    (told,) = await rows_of(session, _in_one(needed), {"service": service, "now": now})
    values = iter(told)
    found: dict[str, FactValue] = {}
    for n in needed:
        sheet = SHEETS[n]
        found |= sheet.read([next(values) for _ in sheet.statement.selected_columns], now)
    return found


@cache
def _in_one(numbers: tuple[int, ...]) -> OneRow:
    return side_by_side([SHEETS[n].statement for n in numbers])
