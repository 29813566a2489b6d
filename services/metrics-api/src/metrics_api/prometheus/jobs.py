"""Background work of the Prometheus feeds."""

from collections.abc import Mapping
from typing import Any

from metrics_api.prometheus import actions
from metrics_api.settings import Settings
from shared.kit.jobs import Job, JobContext


async def query_prometheus(context: JobContext, payload: Mapping[str, Any]) -> None:
    """Ask for what is new; a round that was missed is caught up with by the next."""
    settings = context.settings
    assert isinstance(settings, Settings)
    await actions.query_all(context.engine, allow_private=settings.allow_private_sources)


JOBS: tuple[Job, ...] = (
    Job("query_prometheus", query_prometheus, cron="* * * * *", lane="prometheus"),
)
