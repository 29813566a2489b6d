"""What a worker leaves behind when it is killed, and when it is asked to stop."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from sqlalchemy import func, select, text

from shared.kit.database import transaction
from shared.kit.jobs import JobContext, enqueue
from tests.support.eventually import eventually
from tests.support.plumbing import note
from tests.support.postgres import Database

START = 40  # seconds that a Python process may need on a busy machine
ROOT = Path(__file__).parents[3]


@asynccontextmanager
async def worker_process(database: Database) -> AsyncIterator[Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.support.plumbing_worker", database.runtime_url, cwd=ROOT
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def runs(context: JobContext) -> int:
    async with transaction(context.engine) as session:
        return await session.scalar(select(func.count()).select_from(note)) or 0


async def jobs_left(context: JobContext) -> int:
    async with transaction(context.engine) as session:
        statement = text("SELECT count(*) FROM plumbing_jobs.procrastinate_jobs")
        return int(await session.scalar(statement) or 0)


async def done(context: JobContext) -> bool:
    return await jobs_left(context) == 0


async def test_a_worker_killed_in_the_middle_of_a_job_gets_it_done_again(
    context: JobContext, database: Database
) -> None:
    async with transaction(context.engine) as session:
        await enqueue(session, "hang_once", {}, lock="x", queueing_lock="x")
    async with worker_process(database) as first:
        await eventually(lambda: runs(context), within=START)
        os.kill(first.pid, signal.SIGKILL)

    async with worker_process(database):
        await eventually(lambda: done(context), within=START)

    assert await runs(context) == 2


async def test_a_worker_asked_to_stop_ends_within_its_grace(
    context: JobContext, database: Database
) -> None:
    async with transaction(context.engine) as session:
        await enqueue(session, "hang_once", {})
    async with worker_process(database) as worker:
        await eventually(lambda: runs(context), within=START)

        worker.terminate()

        assert await asyncio.wait_for(worker.wait(), 10) == 0
    assert await jobs_left(context) == 1
