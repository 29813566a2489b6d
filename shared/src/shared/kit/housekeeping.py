"""What every service forgets, once a day: old replies, events, and jobs that failed for good."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import text

from shared.kit import event_queries
from shared.kit.clock import now
from shared.kit.database import schema_of, transaction
from shared.kit.idempotency import purge_expired
from shared.kit.jobs import Job, JobContext

KEEP_EVENTS = timedelta(days=30)
KEEP_FAILED_JOBS = timedelta(days=30)

_PURGE_JOBS = """
    DELETE FROM {schema}.procrastinate_jobs AS job
    WHERE job.status IN ('succeeded', 'failed', 'cancelled', 'aborted')
      AND NOT EXISTS (
        SELECT FROM {schema}.procrastinate_events AS event
        WHERE event.job_id = job.id AND event.at >= :before
      )
"""


async def purge(context: JobContext, _: Mapping[str, Any]) -> None:
    """Jobs that succeeded are deleted as they end; this is for the others."""
    async with transaction(context.engine) as session:
        await purge_expired(session)
        await event_queries.purge_events(session, now() - KEEP_EVENTS)
        await session.execute(
            text(_PURGE_JOBS.format(schema=f'"{schema_of(session)}_jobs"')),
            {"before": now() - KEEP_FAILED_JOBS},
        )


PURGE_JOB = Job("purge", purge, cron="17 3 * * *")
