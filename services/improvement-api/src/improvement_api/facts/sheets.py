"""The fact sheets of the domains, and reading those that a gate needs."""

from collections.abc import Collection
from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from improvement_api.benefits.sheet import SHEET as BENEFITS
from improvement_api.business_cases.sheet import SHEET as BUSINESS_CASES
from improvement_api.capabilities.sheet import SHEET as CAPABILITIES
from improvement_api.fact_sheets import FactSheet
from improvement_api.goals.sheet import SHEET as GOALS
from improvement_api.opportunities.sheet import SHEET as OPPORTUNITIES
from improvement_api.plans.sheet import SHEET as PLANS
from improvement_api.root_causes.sheet import SHEET as ROOT_CAUSES
from improvement_api.service_reviews.sheet import SHEET as SERVICE_REVIEWS
from improvement_api.waivers.sheet import SHEET as WAIVERS
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
)
OWN_FACTS: Final = tuple(one for sheet in SHEETS for one in sheet.definitions)


async def own_facts(
    session: AsyncSession, service: str, names: Collection[str], now: datetime
) -> dict[str, FactValue]:
    """The facts of the sheets that hold one of `names`; the others cost nothing."""
    found: dict[str, FactValue] = {}
    for sheet in SHEETS:
        if any(fact.name in names for fact in sheet.definitions):
            found |= await sheet.load(session, service, now)
    return found
