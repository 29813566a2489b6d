"""Background work of goals."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from improvement_api.goals import actions
from shared.clients.metrics import MetricsClient
from shared.kit.jobs import Job, JobContext, RetryPolicy

_PATIENT = RetryPolicy(attempts=10, longest_wait=timedelta(minutes=5))


async def judge_goals(context: JobContext, _: Mapping[str, Any]) -> None:
    """Look what was measured of goals, and tell which were reached or missed."""
    metrics = MetricsClient(context.remote("metrics-api", context.settings.metrics_url))
    await actions.judge_goals(context.engine, metrics)


JOBS: tuple[Job, ...] = (Job("judge_goals", judge_goals, cron="41 * * * *", retry=_PATIENT),)
