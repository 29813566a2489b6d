"""Background work of pulls."""

from collections.abc import Mapping
from typing import Any

import httpx

from metrics_api.pulls.actions import LANE, RUN_JOB, ask_for_due_runs, run_pull
from metrics_api.pulls.fetching import TIMEOUT
from shared.kit.jobs import Job, JobContext
from shared.kit.tls import tls_context


async def ask_for_pulls(context: JobContext, payload: Mapping[str, Any]) -> None:
    """Have the pulls run that are due."""
    await ask_for_due_runs(context.engine)


async def run_one(context: JobContext, payload: Mapping[str, Any]) -> None:
    """Fetch from one source; failures of the tool are noted there, and are none of the job's."""
    allowed = bool(getattr(context.settings, "allow_private_sources", False))
    async with httpx.AsyncClient(verify=tls_context(), timeout=TIMEOUT, trust_env=False) as http:
        await run_pull(context.engine, http, payload["source_id"], allow_private=allowed)


JOBS: tuple[Job, ...] = (
    Job("ask_for_pulls", ask_for_pulls, cron="* * * * * */15", lane=LANE),
    Job(RUN_JOB, run_one, lane=LANE),
)
