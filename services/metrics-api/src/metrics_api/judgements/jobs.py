"""Background work of judgements."""

from collections.abc import Mapping
from typing import Any

from metrics_api.judgements import actions
from metrics_api.judgements.asking import JUDGE_JOB, LANE
from metrics_api.target_proposals.asking import ask_for_proposals
from shared.kit import clock
from shared.kit.database import transaction
from shared.kit.jobs import Job, JobContext


async def judge_targets(context: JobContext, payload: Mapping[str, Any]) -> None:
    """Judge the periods that have ended, and targets that are new or were changed."""
    await _judge(context, again=False)


async def judge_targets_again(context: JobContext, payload: Mapping[str, Any]) -> None:
    """Judge again what late records may have changed."""
    await _judge(context, again=True)


async def _judge(context: JobContext, *, again: bool) -> None:
    """What follows from judgements is asked for after them; the schedule makes up for a crash."""
    if await actions.judge_targets(context.engine, clock.now(), again=again):
        async with transaction(context.engine) as session:
            await ask_for_proposals(session)


JOBS: tuple[Job, ...] = (
    Job(JUDGE_JOB, judge_targets, cron="*/5 * * * *", lane=LANE),
    Job("judge_targets_again", judge_targets_again, cron="23 * * * *", lane=LANE),
)
