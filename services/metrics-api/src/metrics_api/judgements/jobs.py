"""Background work of judgements."""

from collections.abc import Mapping
from typing import Any

from metrics_api.judgements import actions
from shared.kit import clock
from shared.kit.jobs import Job, JobContext


async def judge_targets(context: JobContext, payload: Mapping[str, Any]) -> None:
    """Judge the periods that have ended, and targets that are new or were changed."""
    await actions.judge_targets(context.engine, clock.now(), again=False)


async def judge_targets_again(context: JobContext, payload: Mapping[str, Any]) -> None:
    """Judge again what late records may have changed."""
    await actions.judge_targets(context.engine, clock.now(), again=True)


JOBS: tuple[Job, ...] = (
    Job("judge_targets", judge_targets, cron="*/5 * * * *", lane="targets"),
    Job("judge_targets_again", judge_targets_again, cron="23 * * * *", lane="targets"),
)
