"""Background work of triggers."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from improvement_api.signals.actions import CONSUME_SIGNALS
from improvement_api.triggers import actions
from shared.clients.catalog import CatalogClient
from shared.clients.metrics import MetricsClient
from shared.kit.jobs import Job, JobContext, RetryPolicy

_PATIENT = RetryPolicy(attempts=10, longest_wait=timedelta(minutes=5))
_UNTIL_DONE = RetryPolicy(attempts=None, longest_wait=timedelta(minutes=1))


async def consume_signals(context: JobContext, _: Mapping[str, Any]) -> None:
    """Let triggers fire by the signals that came since the last time."""
    await actions.consume_signals(context.engine, _catalog(context))


async def check_lines(context: JobContext, payload: Mapping[str, Any]) -> None:
    """Ask metrics-api for the figures of the last full periods; `trigger` names one only."""
    metrics = MetricsClient(context.remote("metrics-api", context.settings.metrics_url))
    await actions.check_lines(context.engine, metrics, _catalog(context), payload.get("trigger"))


def _catalog(context: JobContext) -> CatalogClient:
    return CatalogClient(context.remote("catalog-api", context.settings.catalog_url))


# Signals wake their job as they come; the clock only finds what no job was left for.
JOBS: tuple[Job, ...] = (
    Job(CONSUME_SIGNALS, consume_signals, cron="*/5 * * * *", retry=_UNTIL_DONE),
    Job(actions.CHECK_LINES, check_lines, cron="17 * * * *", retry=_PATIENT),
)
