"""Background work of triggers."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from improvement_api.triggers import actions
from shared.clients.catalog import CatalogClient
from shared.clients.metrics import MetricsClient
from shared.errors import Unavailable
from shared.kit.jobs import Job, JobContext, RetryPolicy
from shared.kit.logging import logger

log = logger(__name__)
_PATIENT = RetryPolicy(attempts=10, longest_wait=timedelta(minutes=5))


async def consume_signals(context: JobContext, _: Mapping[str, Any]) -> None:
    """Let triggers fire by the signals that came since the last time."""
    try:
        await actions.consume_signals(context.engine, _catalog(context))
    except Unavailable as away:
        # The signals wait for the next run, in a few seconds.
        log.warning("signals_wait", problem=away.detail)


async def check_lines(context: JobContext, payload: Mapping[str, Any]) -> None:
    """Ask metrics-api for the figures of the last full periods; `trigger` names one only."""
    metrics = MetricsClient(context.remote("metrics-api", context.settings.metrics_url))
    await actions.check_lines(context.engine, metrics, _catalog(context), payload.get("trigger"))


def _catalog(context: JobContext) -> CatalogClient:
    return CatalogClient(context.remote("catalog-api", context.settings.catalog_url))


# A missed run is made up for by the next one, so few are repeated.
JOBS: tuple[Job, ...] = (
    Job("consume_signals", consume_signals, cron="* * * * * */5", retry=RetryPolicy(attempts=1)),
    Job(actions.CHECK_LINES, check_lines, cron="17 * * * *", retry=_PATIENT),
)
