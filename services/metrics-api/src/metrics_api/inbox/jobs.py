"""Background work of the inbox."""

import asyncio
import time
from collections.abc import Mapping
from typing import Any

from metrics_api.attribution.rules import Memory
from metrics_api.inbox import queries
from metrics_api.inbox.actions import LANE, PROCESS_JOB
from metrics_api.inbox.processing import process_some
from shared.kit.database import reading, transaction
from shared.kit.jobs import Job, JobContext, rest_after

LINGER = 1.5  # seconds; longer than requests leave between two asks for this job
LOOK_EVERY = 0.25
MOST_RESTS = 3
"""Rests after a batch, each as long as it took."""
LONGEST_REST = 2  # seconds
MONTHS_AHEAD = 3
FORGOTTEN_AT_ONCE = 5_000


async def process_receipts(context: JobContext, payload: Mapping[str, Any]) -> None:
    """Process what is pending, and what comes in while doing so and shortly after.

    Receiving comes first, and a batch of many costs half as much for each as one of few: the job
    rests the longer the more came in for each that it processed, and not at all once none comes.
    """
    memory, busy_at = Memory(), time.monotonic()
    newest = await _newest(context)
    while (started := time.monotonic()) - busy_at < LINGER:
        processed = await process_some(context.engine, memory)
        if processed:
            before, newest = newest, await _newest(context)
            rests = min((newest - before) / processed, MOST_RESTS)
            await rest_after(started, rests, LONGEST_REST)
            busy_at = time.monotonic()
        else:
            await asyncio.sleep(LOOK_EVERY)


async def _newest(context: JobContext) -> int:
    async with reading(context.engine) as session:
        return await queries.newest_receipt(session)


async def tend_received(context: JobContext, payload: Mapping[str, Any]) -> None:
    """Make partitions for the months to come; forget what sources do not keep any longer."""
    async with transaction(context.engine) as session:
        await queries.make_partitions(session, MONTHS_AHEAD)
    forgotten = FORGOTTEN_AT_ONCE
    while forgotten == FORGOTTEN_AT_ONCE:
        async with transaction(context.engine) as session:
            forgotten = await queries.forget_received(session, FORGOTTEN_AT_ONCE)


JOBS: tuple[Job, ...] = (
    # The schedule is for receipts whose request died before it could ask.
    Job(PROCESS_JOB, process_receipts, cron="* * * * * */30", lane=LANE),
    Job("tend_received", tend_received, cron="37 3 * * *"),
)
