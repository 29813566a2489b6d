"""Background work of risks."""

from collections.abc import Mapping
from typing import Any

from catalog_api.risks import actions
from shared.kit import clock
from shared.kit.database import transaction
from shared.kit.jobs import Job, JobContext


async def end_risk_acceptances(context: JobContext, payload: Mapping[str, Any]) -> None:
    """Open the risks whose acceptance ended before today; once done there is nothing to do."""
    moment = clock.now()
    while True:
        async with transaction(context.engine) as session:
            if await actions.end_acceptances(session, moment) < actions.BATCH:
                return


# The day changes in UTC, as everywhere.
JOBS: tuple[Job, ...] = (Job("end_risk_acceptances", end_risk_acceptances, cron="5 * * * *"),)
