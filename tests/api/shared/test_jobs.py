"""Background jobs: with their data or not at all, one at a time per lock, again until they work."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import psycopg
from sqlalchemy import func, insert, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from shared.kit.clock import now
from shared.kit.database import transaction
from shared.kit.housekeeping import purge
from shared.kit.job_schema import apply_jobs_schema
from shared.kit.jobs import (
    Job,
    JobContext,
    RetryPolicy,
    bring_forward,
    enqueue,
)
from shared.kit.worker import Pace, work
from tests.support import plumbing
from tests.support.eventually import eventually
from tests.support.postgres import Database

BRISK = Pace(poll=0.05, heartbeat=0.1, stalled_after=1, grace=1)
SOON = RetryPolicy(first_wait=timedelta(milliseconds=10))


@dataclass
class Notes:
    """A job function that notes its payloads; fails the first `failures` times."""

    failures: int = 0
    seen: list[Any] = field(default_factory=list)
    at_once: Counter[str] = field(default_factory=Counter)
    most_at_once: int = 0

    async def __call__(self, context: JobContext, payload: Mapping[str, Any]) -> None:
        self.seen.append(payload.get("n"))
        if len(self.seen) <= self.failures:
            raise ValueError("not yet")
        self.at_once["now"] += 1
        self.most_at_once = max(self.most_at_once, self.at_once["now"])
        await asyncio.sleep(0.01)
        self.at_once["now"] -= 1


@asynccontextmanager
async def working(context: JobContext, *jobs: Job) -> AsyncIterator[None]:
    """A worker in this process."""
    stop = asyncio.Event()
    worker = asyncio.create_task(work(context, jobs, stop, BRISK))
    yield
    stop.set()
    await asyncio.wait_for(worker, 10)


async def until(condition: Callable[[], object]) -> None:
    async def holds() -> bool:
        return bool(condition())

    await eventually(holds, within=20)


async def jobs_in(context: JobContext, status: str) -> int:
    async with transaction(context.engine) as session:
        statement = "SELECT count(*) FROM plumbing_jobs.procrastinate_jobs WHERE status = '{}'"
        return int(await session.scalar(text(statement.format(status))) or 0)


async def put(context: JobContext, *payloads: int, **options: Any) -> None:
    for number in payloads:
        async with transaction(context.engine) as session:
            await enqueue(session, "note", {"n": number}, **options)


async def test_a_job_runs_with_its_payload(context: JobContext) -> None:
    notes = Notes()

    async with working(context, Job("note", notes)):
        await put(context, 7)
        await until(lambda: notes.seen == [7])

    assert await jobs_in(context, "succeeded") == 0, "finished jobs do not pile up"


async def test_job_and_data_commit_together(context: JobContext) -> None:
    async with transaction(context.engine) as session:
        await session.execute(insert(plumbing.note).values(id=1, text="a"))
        await enqueue(session, "note", {"n": 1})
        assert await jobs_in(context, "todo") == 0

    assert await jobs_in(context, "todo") == 1


async def test_job_and_data_roll_back_together(context: JobContext) -> None:
    async with AsyncSession(context.engine) as session:
        await session.execute(insert(plumbing.note).values(id=1, text="a"))
        await enqueue(session, "note", {"n": 1})
        await session.rollback()

    async with transaction(context.engine) as session:
        assert await session.scalar(select(func.count()).select_from(plumbing.note)) == 0
    assert await jobs_in(context, "todo") == 0


async def test_a_taken_queueing_lock_is_no_second_job_and_no_error(context: JobContext) -> None:
    await put(context, 1, queueing_lock="x")

    async with transaction(context.engine) as session:
        await enqueue(session, "note", {"n": 2}, queueing_lock="x")
        await session.execute(insert(plumbing.note).values(id=1, text="still usable"))

    assert await jobs_in(context, "todo") == 1


async def test_the_waiting_job_sees_what_was_written_with_the_second_enqueueing(
    context: JobContext,
) -> None:
    found: list[int | None] = []

    async def count(context: JobContext, _: Mapping[str, Any]) -> None:
        async with transaction(context.engine) as session:
            found.append(await session.scalar(select(func.count()).select_from(plumbing.note)))

    await put(context, 1, queueing_lock="x")
    async with transaction(context.engine) as session:
        await session.execute(insert(plumbing.note).values(id=1, text="late"))
        await enqueue(session, "note", {"n": 2}, queueing_lock="x")
        async with working(context, Job("note", count)):
            await session.commit()
            await until(lambda: len(found))

    assert found == [1]


async def test_an_earlier_time_pulls_a_waiting_job_forward(context: JobContext) -> None:
    notes = Notes()
    await put(context, 1, queueing_lock="x", run_at=now() + timedelta(hours=1))
    async with working(context, Job("note", notes)):
        await put(context, 2, queueing_lock="x")
        await until(lambda: notes.seen == [1])


async def test_a_job_with_a_schedule_is_brought_forward_once(context: JobContext) -> None:
    notes = Notes()
    for _ in range(2):
        async with transaction(context.engine) as session:
            await bring_forward(session, "note")

    assert await jobs_in(context, "todo") == 1
    async with working(context, Job("note", notes, cron="0 0 1 1 *")):
        await until(lambda: notes.seen == [None])


async def test_a_job_waits_for_its_time(context: JobContext) -> None:
    notes = Notes()
    await put(context, 1, run_at=now() + timedelta(hours=1))
    async with working(context, Job("note", notes)):
        await put(context, 2)
        await until(lambda: notes.seen)

    assert notes.seen == [2]


async def test_jobs_of_one_lock_run_in_order_and_one_at_a_time(context: JobContext) -> None:
    notes = Notes()
    await put(context, *range(10), lock="x")

    async with working(context, Job("note", notes)):
        await until(lambda: len(notes.seen) == 10)

    assert notes.seen == list(range(10))
    assert notes.most_at_once == 1


async def test_jobs_without_a_lock_run_side_by_side(context: JobContext) -> None:
    both = asyncio.Barrier(2)

    async def meet(context: JobContext, _: Mapping[str, Any]) -> None:
        await both.wait()

    await put(context, 1, 2)

    async with working(context, Job("note", meet)):
        await eventually(lambda: none_left(context))


async def test_a_failing_job_is_tried_again(context: JobContext) -> None:
    notes = Notes(failures=2)
    async with working(context, Job("note", notes, retry=SOON)):
        await put(context, 1)
        await until(lambda: len(notes.seen) == 3)

    assert await jobs_in(context, "todo") == 0


async def test_a_job_that_never_works_is_kept_as_failed(context: JobContext) -> None:
    notes = Notes(failures=99)
    twice = RetryPolicy(attempts=2, first_wait=timedelta(milliseconds=10))

    async with working(context, Job("note", notes, retry=twice)):
        await put(context, 1)
        await eventually(lambda: jobs_in(context, "failed"))

    assert len(notes.seen) == 2


async def test_a_failed_job_leaves_its_work_to_the_one_that_waits(context: JobContext) -> None:
    """Its retry would break the queueing lock; procrastinate alone would leave it running."""

    class FailsOnceWhileAnotherWaits(Notes):
        async def __call__(self, context: JobContext, payload: Mapping[str, Any]) -> None:
            if not self.seen:
                await put(context, 2, queueing_lock="x", lock="x")
            await super().__call__(context, payload)

    notes = FailsOnceWhileAnotherWaits(failures=1)
    await put(context, 1, queueing_lock="x", lock="x")
    async with working(context, Job("note", notes, retry=SOON)):
        await until(lambda: notes.seen == [1, 2])

    assert await jobs_in(context, "doing") == 0


async def test_a_busy_queue_does_not_keep_another_lane_waiting(context: JobContext) -> None:
    release = asyncio.Event()

    async def stuck(context: JobContext, _: Mapping[str, Any]) -> None:
        await release.wait()

    notes = Notes()
    for _ in range(100):
        await put(context, 0)
    async with working(context, Job("note", stuck), Job("other", notes, lane="fast")):
        async with transaction(context.engine) as session:
            await enqueue(session, "other", {"n": 1}, lane="fast")
        await until(lambda: notes.seen == [1])
        release.set()


async def test_a_cron_job_runs_by_itself(context: JobContext) -> None:
    notes = Notes()
    async with working(context, Job("tick", notes, cron="* * * * * *")):
        await until(lambda: notes.seen)


async def test_a_cron_job_never_overlaps_itself(context: JobContext) -> None:
    release, starts = asyncio.Event(), Notes()

    async def slow(context: JobContext, payload: Mapping[str, Any]) -> None:
        starts.seen.append(payload["timestamp"])
        await release.wait()

    async with working(context, Job("tick", slow, cron="* * * * * *")):
        await until(lambda: starts.seen)
        await eventually(lambda: has_waiting(context))
        assert len(starts.seen) == 1
        release.set()


async def has_waiting(context: JobContext) -> bool:
    return await jobs_in(context, "todo") == 1


async def test_a_stopped_worker_gives_its_unfinished_job_back(context: JobContext) -> None:
    started = asyncio.Event()

    async def endless(context: JobContext, _: Mapping[str, Any]) -> None:
        started.set()
        await asyncio.Event().wait()

    async with working(context, Job("note", endless)):
        await put(context, 1)
        await asyncio.wait_for(started.wait(), 5)

    assert await jobs_in(context, "todo") == 1


async def test_jobs_go_on_after_the_database_dropped_every_connection(
    context: JobContext, database: Database
) -> None:
    notes = Notes()

    async def drop_and_note(context: JobContext, payload: Mapping[str, Any]) -> None:
        if not notes.seen:
            drop_connections(database)
        await notes(context, payload)

    async with working(context, Job("note", drop_and_note, retry=SOON)):
        await put(context, 1)
        await until(lambda: notes.seen)
        await eventually(lambda: put_or_retry(context), within=20)
        await until(lambda: 2 in notes.seen)
        await eventually(lambda: none_left(context), within=20)


def drop_connections(database: Database) -> None:
    with psycopg.connect(database.admin_url, autocommit=True) as admin:
        admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


async def put_or_retry(context: JobContext) -> bool:
    try:
        await put(context, 2)
    except Exception as error:
        raise AssertionError("the database is not back") from error
    return True


async def none_left(context: JobContext) -> bool:
    return await jobs_in(context, "todo") + await jobs_in(context, "doing") == 0


async def test_old_failed_jobs_are_forgotten(context: JobContext) -> None:
    await put(context, 1, 2)
    async with transaction(context.engine) as session:
        await session.execute(text("UPDATE plumbing_jobs.procrastinate_jobs SET status = 'failed'"))
        await session.execute(
            text(
                "UPDATE plumbing_jobs.procrastinate_events SET at = at - interval '31 days'"
                " WHERE job_id = (SELECT min(id) FROM plumbing_jobs.procrastinate_jobs)"
            )
        )

    await purge(context, {})

    assert await jobs_in(context, "failed") == 1


def test_the_queue_can_be_installed_again_and_again(database: Database) -> None:
    with psycopg.connect(database.admin_url, autocommit=True) as admin:
        for _ in range(2):
            apply_jobs_schema(admin, "plumbing_jobs", "tollgate_plumbing")
