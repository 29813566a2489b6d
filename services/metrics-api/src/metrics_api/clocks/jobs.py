"""Background work of the clocks."""

from collections.abc import Mapping
from typing import Any

from metrics_api.attribution.rules import Memory
from metrics_api.clocks.promises import RECLOCK_JOB
from metrics_api.incidents.reclock import reclock_service
from shared.kit.jobs import Job, JobContext


async def reclock_incidents(context: JobContext, payload: Mapping[str, Any]) -> None:
    """Clock the incidents of these services by what is promised now."""
    memory = Memory()
    for service in payload["services"]:
        await reclock_service(context.engine, memory, service)


JOBS: tuple[Job, ...] = (Job(RECLOCK_JOB, reclock_incidents, lane="clocks"),)
