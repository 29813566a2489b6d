"""What stands behind an offering: quality and cost in the provider's terms."""

from catalog_api.ceilings.actions import ceilings_of
from catalog_api.financials.actions import cost_of
from catalog_api.financials.periods import last_months
from catalog_api.financials.shown import shown
from catalog_api.offerings.queries import agreed_targets
from catalog_api.offerings.schemas import BehindOffering, TargetInForce
from shared.kit.clock import now
from shared.kit.database import Session

MONTHS = 12
SHOWN = 50


async def behind_offering(session: Session, service: str) -> BehindOffering:
    """Agreed targets, availability ceiling and costs of the service of an offering.

    What is not known is null and says why.
    """
    targets = await agreed_targets(session, service, SHOWN)
    ceilings = await ceilings_of(session, service)
    costs = await cost_of(session, service, last_months(MONTHS, now().date()))
    return BehindOffering(
        agreed_targets=[TargetInForce.model_validate(target) for target in targets],
        availability=ceilings.availability,
        costs_of=costs.period.label,
        currency=costs.currency,
        full_cost=shown(costs.full),
        unit_cost=shown(costs.unit_cost, 4),
        user_cost=shown(costs.user_cost, 4),
        recovery_ratio=shown(costs.recovery_ratio, 6),
    )
