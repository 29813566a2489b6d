"""Pushing initiatives to metrics-api, so that its reports need no call back."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from improvement_api.plans.queries import find_initiative, note_push, note_push_failure
from improvement_api.plans.tables import Initiative
from shared.clients.metrics import MetricsClient
from shared.errors import ApiError, BadRequest, Conflict, Invalid
from shared.kit.database import transaction
from shared.kit.jobs import JobContext, RetryPolicy
from shared.schemas.metrics import InitiativePut, KpiId

# metrics-api refuses these for what they are; another try changes nothing.
_FINAL = (BadRequest, Conflict, Invalid)

FOR_DAYS = RetryPolicy(
    attempts=None, first_wait=timedelta(seconds=1), longest_wait=timedelta(minutes=5)
)


async def push_initiative(context: JobContext, payload: Mapping[str, Any]) -> None:
    """Send the present state of an initiative; retried until metrics-api has it."""
    initiative_id = UUID(payload["initiative"])
    async with transaction(context.engine) as session:
        initiative = await find_initiative(session, initiative_id)
    if initiative is None or initiative.pushed_revision >= initiative.revision:
        return
    metrics = MetricsClient(context.remote("metrics-api", context.settings.metrics_url))
    try:
        await metrics.put_initiative(str(initiative_id), _wire(initiative))
    except ApiError as failure:
        async with transaction(context.engine) as session:
            reason = f"{failure.code}: {failure.detail}"
            await note_push_failure(session, initiative_id, initiative.revision, reason)
        if not isinstance(failure, _FINAL):
            raise
    else:
        async with transaction(context.engine) as session:
            await note_push(session, initiative_id, initiative.revision)


def _wire(initiative: Initiative) -> InitiativePut:
    return InitiativePut(
        service=initiative.service,
        kpi=KpiId(initiative.kpi),
        title=initiative.title,
        start=initiative.start,
        end=initiative.end,
        state=initiative.state,
        plan=str(initiative.plan_id),
        revision=initiative.revision,
    )
