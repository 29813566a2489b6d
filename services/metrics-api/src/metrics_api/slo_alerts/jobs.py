"""Background work of alerts on burning budgets."""

from collections.abc import Mapping
from typing import Any

from metrics_api.slo_alerts.evaluation import evaluate_all
from shared.kit import clock
from shared.kit.jobs import Job, JobContext, RetryPolicy


async def evaluate_slo_alerts(context: JobContext, payload: Mapping[str, Any]) -> None:
    """Evaluate every policy and budget of every active SLO as of now."""
    await evaluate_all(context.engine, clock.now())


JOBS: tuple[Job, ...] = (
    # A minute later it runs anyway, with newer figures: so it is not tried again.
    Job(
        "evaluate_slo_alerts",
        evaluate_slo_alerts,
        cron="* * * * *",
        retry=RetryPolicy(attempts=1),
        lane="slos",
    ),
)
