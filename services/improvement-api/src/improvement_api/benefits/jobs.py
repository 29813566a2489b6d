"""Measuring what can be judged by now, every day."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

from improvement_api.benefits import actions, queries
from improvement_api.benefits.asking import Subject
from improvement_api.benefits.schemas import Measure
from improvement_api.people import THE_SERVICE
from shared.clients.metrics import MetricsClient
from shared.errors import Conflict, NotFound
from shared.kit.clock import now
from shared.kit.database import transaction
from shared.kit.jobs import Job, JobContext, RetryPolicy, Waiting, enqueue_all

MEASURE: Final = "measure_effect"
_PATIENT: Final = RetryPolicy(attempts=None, longest_wait=timedelta(hours=1))


async def measure_effects(context: JobContext, _: Mapping[str, Any]) -> None:
    """Have those initiatives and guard-rails measured for which there is something new."""
    today = now().date()
    async with transaction(context.engine) as session:
        initiatives = await queries.due_initiatives(session, today)
        plans = await queries.due_plans(session, today)
        waiting = [("initiative", one) for one in initiatives] + [("plan", one) for one in plans]
        await enqueue_all(
            session,
            [
                Waiting(MEASURE, {kind: str(one)}, queueing_lock=f"{MEASURE}:{one}")
                for kind, one in waiting
            ],
        )


async def measure_effect(context: JobContext, payload: Mapping[str, Any]) -> None:
    """Measure an initiative, or the guard-rails of a plan; retried until metrics-api answers."""
    today = now().date()
    try:
        subjects = await _subjects(context, payload, today)
    except (Conflict, NotFound):
        return  # it was reopened or moved since: a later day finds it again
    metrics = MetricsClient(context.remote("metrics-api", context.settings.metrics_url))
    for subject in subjects:
        taken = await actions.take_measurement(metrics, subject, Measure())
        async with transaction(context.engine) as session:
            await actions.keep(session, taken, THE_SERVICE)


async def _subjects(context: JobContext, payload: Mapping[str, Any], today: date) -> list[Subject]:
    if "plan" in payload:
        plan_id = UUID(payload["plan"])
        return await actions.subjects_of_guard_rails(context.engine, plan_id, today)
    initiative_id = UUID(payload["initiative"])
    return [await actions.subject_of_initiative(context.engine, initiative_id, today)]


JOBS: tuple[Job, ...] = (
    Job("measure_effects", measure_effects, cron="17 5 * * *"),
    Job(MEASURE, measure_effect, retry=_PATIENT),
)
