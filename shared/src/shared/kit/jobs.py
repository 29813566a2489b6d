"""Background work: what a job is, and how one is enqueued in the transaction of its data."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from shared.kit.client import RemoteClient
from shared.kit.database import rows_of_each, schema_of
from shared.kit.identity import TokenProvider
from shared.kit.settings import ServiceSettings


@dataclass(frozen=True)
class RetryPolicy:
    """Exponential backoff with jitter; `attempts` counts the first one, None means for ever."""

    attempts: int | None = 20
    first_wait: timedelta = timedelta(seconds=1)
    longest_wait: timedelta = timedelta(hours=1)

    def wait(self, failures: int) -> timedelta:
        """How long to wait after that many failures (1 or more)."""
        doubled = self.first_wait.total_seconds() * 2.0 ** min(failures - 1, 40)
        longest = min(doubled, self.longest_wait.total_seconds())
        return timedelta(seconds=longest * random.uniform(0.5, 1))  # noqa: S311 - no secret


@dataclass
class JobContext:
    """What a job works with; one for the life of the worker process."""

    engine: AsyncEngine
    settings: ServiceSettings
    identity: TokenProvider
    _remotes: dict[str, RemoteClient] = field(default_factory=dict)
    booking_failure: asyncio.Lock = field(default_factory=asyncio.Lock)

    def remote(self, name: str, base_url: str) -> RemoteClient:
        """Another service, through one client (and so one circuit) per process."""
        if name not in self._remotes:
            self._remotes[name] = RemoteClient(self.settings, name, base_url)
        return self._remotes[name]

    async def aclose(self) -> None:
        for remote in self._remotes.values():
            await remote.aclose()
        await self.engine.dispose()


async def rest_after(started: float, times: float, at_most: float = float("inf")) -> None:
    """Rest so many times as long as the work since `started` (time.monotonic) took.

    Work in the background that goes on for long leaves the processor to those who ask. `at_most`
    so many seconds, as a process that was stopped meanwhile has not worked for that long.
    """
    await asyncio.sleep(min(times * (time.monotonic() - started), at_most))


JobFunction = Callable[[JobContext, Mapping[str, Any]], Awaitable[None]]


@dataclass(frozen=True)
class Job:
    """One line of a service's job table.

    A job may run twice (its worker may die after the work and before the mark), so its function
    must not mind. `cron` has five fields, or six with seconds last. Jobs of another `lane` do
    neither wait for the others nor keep them waiting.
    """

    name: str
    function: JobFunction
    cron: str | None = None
    retry: RetryPolicy = RetryPolicy()
    lane: str | None = None


def queue_name(schema: str, lane: str | None) -> str:
    """NOTIFY channels belong to the database: each service's queues need names of their own."""
    return f"{schema}_{lane}" if lane else schema


@dataclass(frozen=True)
class Waiting:
    """A job to enqueue; its properties are those of `enqueue`."""

    name: str
    payload: Mapping[str, Any]
    lock: str | None = None
    queueing_lock: str | None = None
    run_at: datetime | None = None
    priority: int = 0
    lane: str | None = None


async def enqueue(  # noqa: PLR0913 - one keyword per property of a job
    session: AsyncSession,
    name: str,
    payload: Mapping[str, Any],
    *,
    lock: str | None = None,
    queueing_lock: str | None = None,
    run_at: datetime | None = None,
    priority: int = 0,
    lane: str | None = None,
) -> None:
    """Enqueue a job that exists exactly if the session's transaction commits.

    Jobs of one `lock` run one at a time, in order. While a job of the same `queueing_lock` still
    waits no second one is added; the waiting one runs at the earlier of the two times, and only
    after this transaction ended, so it sees what this one wrote. Enqueue last, as the lock is
    held until the commit.
    """
    await enqueue_all(
        session, [Waiting(name, payload, lock, queueing_lock, run_at, priority, lane)]
    )


def lock_of_schedule(name: str) -> str:
    """What a job with a schedule holds, so that it neither waits twice nor overlaps itself."""
    return f"cron:{name}"


async def bring_forward(
    session: AsyncSession, name: str, *, run_at: datetime | None = None, lane: str | None = None
) -> None:
    """Run a job with a schedule once this transaction has committed, and not only at its hour.

    For what one can see come; the schedule remains for what nobody saw. Call it last.
    """
    lock = lock_of_schedule(name)
    await enqueue(session, name, {}, lock=lock, queueing_lock=lock, run_at=run_at, lane=lane)


async def enqueue_all(session: AsyncSession, jobs: Sequence[Waiting]) -> None:
    """As enqueue, for many jobs in one round trip."""
    schema = schema_of(session)
    rows = [
        {
            "queue": queue_name(schema, job.lane),
            "name": job.name,
            "priority": job.priority,
            "lock": job.lock,
            "queueing_lock": job.queueing_lock,
            "payload": orjson.dumps(dict(job.payload)).decode(),
            "run_at": job.run_at,
        }
        for job in jobs
    ]
    statement = _ENQUEUE.format(schema=f'"{schema}_jobs"')
    await rows_of_each(session, [(statement, row) for row in rows])


async def drop_waiting(session: AsyncSession, name: str) -> None:
    """Take away the jobs of this name that wait, because this transaction does their work.

    What they were enqueued for has committed, so the statements after this one see it.
    """
    await session.execute(
        text(_DROP_WAITING.format(schema=f'"{schema_of(session)}_jobs"')), {"name": name}
    )


# The update also locks the waiting job until we commit, so that no worker takes it before.
_ENQUEUE = """
    INSERT INTO {schema}.procrastinate_jobs AS waiting
        (queue_name, task_name, priority, lock, queueing_lock, args, scheduled_at)
    VALUES
        (:queue, :name, :priority, :lock, :queueing_lock, CAST(:payload AS jsonb), :run_at)
    ON CONFLICT (queueing_lock) WHERE status = 'todo'
    DO UPDATE SET scheduled_at = LEAST(
        coalesce(waiting.scheduled_at, now()), coalesce(EXCLUDED.scheduled_at, now())
    )
"""

# One that a worker is taking just now runs, and finds its work done.
_DROP_WAITING = """
    DELETE FROM {schema}.procrastinate_jobs WHERE id IN (
        SELECT id FROM {schema}.procrastinate_jobs
        WHERE task_name = :name AND status = 'todo'
        FOR UPDATE SKIP LOCKED
    )
"""
