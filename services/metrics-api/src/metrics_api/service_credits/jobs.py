"""Background work of service credits."""

from collections.abc import Mapping
from typing import Any

from metrics_api.service_credits import actions
from shared.kit.jobs import Job, JobContext


async def compute_service_credits(context: JobContext, payload: Mapping[str, Any]) -> None:
    """Compute what is due for the periods that have finished, and what has changed since."""
    await actions.compute_credits(context.engine)


JOBS: tuple[Job, ...] = (
    Job("compute_service_credits", compute_service_credits, cron="23 * * * *", lane="clocks"),
)
