"""Who and what still needs a service, asked of the domains that know."""

from datetime import date

from sqlalchemy.ext.asyncio import AsyncSession

from catalog_api.agreements.queries import active_agreements
from catalog_api.customers.queries import remaining_customers
from catalog_api.dependencies.queries import dependents
from catalog_api.registry.queries import get_services
from catalog_api.requests.queries import open_requests
from catalog_api.retirement.rules import Situation
from catalog_api.stages.rules import Phase, phase_of


async def situation_of(session: AsyncSession, service: str, today: date) -> Situation:
    """What keeps the service needed today; a consumer that has retired needs nothing."""
    consumers = await dependents(session, service)
    found = await get_services(session, consumers) if consumers else {}
    return Situation(
        customers=await remaining_customers(session, service, today),
        dependents=[k for k in consumers if phase_of(found[k].stage) is not Phase.RETIRED],
        open_requests=await open_requests(session, service),
        agreements=await active_agreements(session, service),
    )
