"""Delivering decisions to the catalog, for as long as it takes."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from improvement_api.decisions.queries import find_decision, lock_delivery
from improvement_api.decisions.rules import DeliveryState
from shared.clients.catalog import CatalogClient
from shared.errors import ApiError, BadRequest, Conflict, Invalid, NotFound
from shared.kit.clock import now
from shared.kit.database import transaction
from shared.kit.jobs import JobContext, RetryPolicy

# The catalog refuses these for what they are; another try changes nothing.
_FINAL = (BadRequest, Conflict, Invalid, NotFound)

FOR_DAYS = RetryPolicy(
    attempts=None, first_wait=timedelta(seconds=1), longest_wait=timedelta(minutes=15)
)


async def deliver_decision(context: JobContext, payload: Mapping[str, Any]) -> None:
    """Hand a decision in. It moves the stage once however often: the catalog knows its id.

    A refusal is final and shown at the decision; whatever else happens is retried.
    """
    decision_id = UUID(payload["decision"])
    async with transaction(context.engine) as session:
        found = await find_decision(session, decision_id)
    if found is None or found.DecisionDelivery.state is not DeliveryState.PENDING:
        return
    catalog = CatalogClient(context.remote("catalog-api", context.settings.catalog_url))
    decision = found.Decision
    try:
        await catalog.hand_in_decision(decision.service, decision.statement)
    except _FINAL as refusal:
        reason = f"{refusal.code}: {refusal.detail}"
        await _note(context, decision_id, DeliveryState.REFUSED, reason)
    except ApiError as failure:
        await _note(context, decision_id, DeliveryState.PENDING, failure.detail)
        raise
    else:
        await _note(context, decision_id, DeliveryState.APPLIED, None)


async def _note(
    context: JobContext, decision_id: UUID, state: DeliveryState, reason: str | None
) -> None:
    async with transaction(context.engine) as session:
        delivery = await lock_delivery(session, decision_id)
        if delivery is not None and delivery.state is DeliveryState.PENDING:
            delivery.state = state
            delivery.reason = reason
            delivery.attempts += 1
            delivery.updated_at = now()
