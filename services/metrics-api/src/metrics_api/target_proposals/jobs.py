"""Background work of proposals."""

from collections.abc import Mapping
from typing import Any

from metrics_api.target_proposals import actions
from metrics_api.target_proposals.asking import LANE, PROPOSE_JOB
from shared.kit import clock
from shared.kit.database import transaction
from shared.kit.jobs import Job, JobContext


async def propose_targets(context: JobContext, payload: Mapping[str, Any]) -> None:
    """Propose harder targets where they are due; a second run finds nothing to do."""
    async with transaction(context.engine) as session:
        await actions.propose_targets(session, clock.now())


# Judgements ask for it; the schedule is for those that died before they could.
JOBS: tuple[Job, ...] = (Job(PROPOSE_JOB, propose_targets, cron="2-59/5 * * * *", lane=LANE),)
