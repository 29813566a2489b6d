"""Background work of the artifact register."""

from collections.abc import Mapping
from typing import Any

from catalog_api.artifacts.actions import assess_all
from shared.kit.database import transaction
from shared.kit.jobs import Job, JobContext


async def assess_artifacts(context: JobContext, payload: Mapping[str, Any]) -> None:
    """What the catalog holds changes in a hundred places; facts rest on this count of it."""
    async with transaction(context.engine) as session:
        await assess_all(session)


JOBS: tuple[Job, ...] = (Job("assess_artifacts", assess_artifacts, cron="*/5 * * * *"),)
