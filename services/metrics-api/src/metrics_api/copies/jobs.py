"""Background work of copies."""

import time
from collections.abc import Mapping
from typing import Any, Final

from metrics_api.copies import actions
from metrics_api.copies.asking import ask_for_refresh
from metrics_api.copies.rules import READINGS, REFRESH_JOB, REFRESH_LANE
from shared.clients.catalog import CatalogClient
from shared.kit.database import transaction
from shared.kit.jobs import Job, JobContext, rest_after

RESTS: Final = 3
"""So many times as long as a refresh took the next of its kind waits: it reads all there is of it,
and while thousands of services are loaded each of them asks for it."""


async def refresh_copies(context: JobContext, payload: Mapping[str, Any]) -> None:
    """Look for what the events of the catalog may have missed."""
    async with transaction(context.engine) as session:
        await ask_for_refresh(session, READINGS)


async def refresh_copy(context: JobContext, payload: Mapping[str, Any]) -> None:
    """Bring the copies of one kind up to date; what is told meanwhile waits until it has rested."""
    catalog = CatalogClient(context.remote("catalog-api", context.settings.catalog_url))
    started = time.monotonic()
    await actions.refresh(context.engine, catalog, payload["kind"])
    await rest_after(started, RESTS)


JOBS: tuple[Job, ...] = (
    Job("refresh_copies", refresh_copies, cron="3-59/10 * * * *"),
    Job(REFRESH_JOB, refresh_copy, lane=REFRESH_LANE),
)
