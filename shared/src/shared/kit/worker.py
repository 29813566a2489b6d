"""The worker process: runs a service's jobs until it is told to stop, whatever dies meanwhile."""

import asyncio
import signal
import time
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Coroutine,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, LiteralString, TypeVar

import procrastinate
import psycopg
import psycopg_pool
from procrastinate import exceptions, jobs, manager, retry
from procrastinate.worker import Worker
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine
from structlog.contextvars import bound_contextvars

from shared.errors import ApiError
from shared.kit.database import engine_for, libpq_url
from shared.kit.deliveries import DELIVER_JOB, FIRST_JOB, RETRY_JOB
from shared.kit.events import (
    DELIVERIES_LANE,
    NEWCOMERS_LANE,
    PUBLISH_JOB,
    RETRIES_LANE,
    register_built_ins,
)
from shared.kit.housekeeping import PURGE_JOB
from shared.kit.identity import TokenProvider
from shared.kit.jobs import Job, JobContext, RetryPolicy, lock_of_schedule, queue_name
from shared.kit.logging import logger
from shared.kit.settings import ServiceSettings

log = logger(__name__)
KIT_JOBS = (PUBLISH_JOB, DELIVER_JOB, FIRST_JOB, RETRY_JOB, PURGE_JOB)
DAY_SECONDS = 86_400
T = TypeVar("T")
_DATABASE_AWAY = (exceptions.ConnectorException, psycopg.Error, DBAPIError, OSError)


@dataclass(frozen=True)
class Pace:
    """Seconds between looks and heartbeats, until a worker counts as dead, and to end in.

    Lanes are for jobs that mostly wait for others.
    """

    poll: float = 2
    heartbeat: float = 5
    stalled_after: float = 20
    grace: float = 20
    concurrency: int = 8
    concurrency_of_lanes: int = 64
    # Deliveries wait more than they work. Retries mostly end in a time-out and then cost work:
    # few at a time keep them from the others' share of the processor.
    lanes: Mapping[str, int] = field(
        default_factory=lambda: {DELIVERIES_LANE: 256, NEWCOMERS_LANE: 512, RETRIES_LANE: 32}
    )


Check = Callable[[AsyncEngine], Awaitable[None]]


async def run_worker(
    settings: ServiceSettings,
    jobs: Sequence[Job],
    *,
    check: Check | None = None,
    pace: Pace = Pace(),
) -> None:
    """Run jobs until SIGTERM or SIGINT; running ones get `grace` seconds to finish.

    A database that is away is waited for; `check` sees it first and may refuse it.
    """
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with job_context(settings) as context:
        await _checked(context, check, stop)
        await work(context, [*jobs, *KIT_JOBS], stop, pace)


async def _checked(context: JobContext, check: Check | None, stop: asyncio.Event) -> None:
    while check is not None and not stop.is_set():
        try:
            await check(context.engine)
        except _DATABASE_AWAY as problem:
            log.warning("database_away", problem=repr(problem.__cause__ or problem))
            await _wait(stop, 1)
        else:
            return


@asynccontextmanager
async def job_context(settings: ServiceSettings) -> AsyncIterator[JobContext]:
    """What the jobs of one process share."""
    context = JobContext(engine_for(settings), settings, TokenProvider(settings))
    try:
        yield context
    finally:
        await context.aclose()


async def work(context: JobContext, jobs: Sequence[Job], stop: asyncio.Event, pace: Pace) -> None:
    """Run one generation of workers after the other until `stop` is set.

    A generation ends when the database fails it. Its worker row then goes or goes stale, and
    jobs that it may have left half done are found by that and done again.
    """
    while not stop.is_set():
        try:
            await _generation(context, jobs, stop, pace)
        except _DATABASE_AWAY as problem:
            log.warning("worker_lost_database", problem=repr(problem.__cause__ or problem))
            await _wait(stop, 1)


async def _generation(
    context: JobContext, jobs: Sequence[Job], stop: asyncio.Event, pace: Pace
) -> None:
    await register_built_ins(context)
    app = queue_app(context, jobs)
    assert isinstance(app.job_manager, _JobManager)
    async with app.open_async():
        schema = context.settings.schema_name
        lanes = {queue_name(schema, job.lane): job.lane for job in jobs}
        queues = sorted(lanes)
        workers = [_worker(app, queue, lanes[queue], pace) for queue in queues]
        running = [asyncio.create_task(_run_worker(worker)) for worker in workers]
        rescuer = asyncio.create_task(_rescue_stalled(app, jobs, queues, pace))
        log.info("worker_started", queues=queues)
        signals = [asyncio.create_task(event.wait()) for event in (stop, app.job_manager.failed)]
        await asyncio.wait([*running, *signals], return_when=asyncio.FIRST_COMPLETED)
        for worker in workers:
            worker.stop()  # type: ignore[no-untyped-call]
        for task in (rescuer, *signals):
            task.cancel()
        ends = await asyncio.gather(*running, return_exceptions=True)
    for end in ends:
        if end is not None:
            raise end


async def _run_worker(worker: Worker) -> None:
    await worker.run()  # type: ignore[no-untyped-call]


class _LaneWorker(Worker):
    """Runs a lane. Of a process's workers one looks after the schedules: when each of a dozen did,
    most of what an idle process did was to put jobs in line that were there already."""

    async def _periodic_deferrer(self) -> None:
        # Were it to end, nobody would notice any more that the listener has failed.
        await asyncio.Event().wait()


def _worker(app: procrastinate.App, queue: str, lane: str | None, pace: Pace) -> Worker:
    concurrency = pace.concurrency
    if lane is not None:
        concurrency = pace.lanes.get(lane, pace.concurrency_of_lanes)
    worker = Worker if lane is None else _LaneWorker
    return worker(
        app,
        queues=[queue],
        name=queue,
        concurrency=concurrency,
        fetch_job_polling_interval=pace.poll,
        abort_job_polling_interval=60,
        shutdown_graceful_timeout=pace.grace,
        delete_jobs=jobs.DeleteJobCondition.SUCCESSFUL,
        install_signal_handlers=False,
        update_heartbeat_interval=pace.heartbeat,
        stalled_worker_timeout=pace.stalled_after,
    )


def queue_app(context: JobContext, table: Iterable[Job]) -> procrastinate.App:
    """Procrastinate as this service uses it, not opened yet."""
    schema = context.settings.schema_name
    connector = _Connector(
        pool_factory=_Pool,
        conninfo=libpq_url(context.settings.database_url.get_secret_value()),
        min_size=1,
        max_size=4,
        timeout=10,
        kwargs={
            "connect_timeout": 5,
            "application_name": f"{context.settings.service_name} worker",
            "options": f"-c search_path={schema}_jobs -c timezone=UTC",
        },
    )
    # A machine that is off at the hour of a daily job runs it when it is on again.
    app = procrastinate.App(connector=connector, periodic_defaults={"max_delay": DAY_SECONDS})
    app.job_manager = _JobManager(connector)
    for job in table:
        _register(app, context, job)
    return app


class _Pool(psycopg_pool.AsyncConnectionPool[Any]):
    """Waits for a connection once more when the time is up.

    A process that was stopped for longer (a suspended machine, a debugger) finds every wait
    timed out as it goes on. One that looks after a worker would end the whole generation.
    """

    async def getconn(
        self,
        timeout: float | None = None,  # noqa: ASYNC109 - the pool's own parameter
    ) -> psycopg.AsyncConnection[Any]:
        connection: psycopg.AsyncConnection[Any]
        try:
            connection = await super().getconn(timeout)
        except psycopg_pool.PoolTimeout:
            connection = await super().getconn(timeout)
        return connection


class _Connector(procrastinate.PsycopgConnector):
    """Finishes a statement that it has begun before it lets its caller be cancelled.

    A worker that stops cancels those who look after it. One that waits for a connection may never
    hear of it (psycopg/psycopg#1345), and one that gives its connection back may keep it from all
    others: the end of a job was then waited for until a time-out.
    """

    async def execute_query_async(self, query: LiteralString, **arguments: Any) -> None:
        await _whole(super().execute_query_async(query, **arguments))

    async def execute_query_one_async(
        self, query: LiteralString, **arguments: Any
    ) -> dict[str, Any]:
        return await _whole(super().execute_query_one_async(query, **arguments))

    async def execute_query_all_async(
        self, query: LiteralString, **arguments: Any
    ) -> list[dict[str, Any]]:
        return await _whole(super().execute_query_all_async(query, **arguments))


async def _whole(work: Coroutine[Any, Any, T]) -> T:
    task = asyncio.create_task(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise


def _register(app: procrastinate.App, context: JobContext, job: Job) -> None:
    async def run(call: procrastinate.JobContext, /, **payload: Any) -> None:
        await _run(context, job, call, payload)

    task: Any = app.task(
        name=job.name,
        queue=queue_name(context.settings.schema_name, job.lane),
        retry=_Backoff(job.retry),
        pass_context=True,
        queueing_lock=lock_of_schedule(job.name) if job.cron else None,
        lock=lock_of_schedule(job.name) if job.cron else None,
    )(run)
    if job.cron is not None:
        app.periodic(cron=job.cron)(task)


async def _run(
    context: JobContext, job: Job, call: procrastinate.JobContext, payload: Mapping[str, Any]
) -> None:
    started = time.perf_counter()
    with bound_contextvars(job=job.name, job_id=call.job.id, attempt=call.job.attempts + 1):
        try:
            await job.function(context, payload)
        except Exception as problem:
            unexpected = not isinstance(problem, (ApiError, *_DATABASE_AWAY))
            log.warning("job_failed", problem=repr(problem), exc_info=unexpected)
            raise
        log.info("job_done", ms=round((time.perf_counter() - started) * 1000, 2))


class _Backoff(retry.BaseRetryStrategy):
    """Our retry policy in procrastinate's terms; a job stopped with its worker goes on at once."""

    def __init__(self, policy: RetryPolicy) -> None:
        self._policy = policy

    def get_retry_decision(
        self, *, exception: BaseException, job: jobs.Job
    ) -> procrastinate.RetryDecision | None:
        failures = job.attempts + 1
        if self._policy.attempts is not None and failures >= self._policy.attempts:
            return None
        if not isinstance(exception, Exception):
            return procrastinate.RetryDecision(retry_at=datetime.now(UTC))
        return procrastinate.RetryDecision(retry_at=datetime.now(UTC) + self._policy.wait(failures))


class _JobManager(manager.JobManager):
    """Procrastinate's bookkeeping, without three of its ways to lose a job.

    `failed` is set when the end of a job could not be written: nobody but this process knows
    that the job is not running any more, so its worker must be seen to go.
    """

    def __init__(self, connector: procrastinate.PsycopgConnector) -> None:
        super().__init__(connector)
        self.failed = asyncio.Event()

    async def fetch_job(self, queues: Iterable[str] | None, worker_id: int) -> jobs.Job | None:
        try:
            return await super().fetch_job(queues, worker_id)
        except exceptions.UniqueViolation:
            # Another worker took a job of the same lock at the same moment.
            return None

    async def finish_job(self, job: jobs.Job, status: jobs.Status, delete_job: bool) -> None:
        with self._noticing_failure(job):
            await super().finish_job(job, status, delete_job)

    async def retry_job(self, job: jobs.Job, *args: Any, **options: Any) -> None:
        try:
            with self._noticing_failure(job):
                await super().retry_job(job, *args, **options)
        except exceptions.UniqueViolation:
            # A job of the same queueing lock waits already and will do this one's work.
            await self.finish_job(job, jobs.Status.FAILED, delete_job=True)

    @contextmanager
    def _noticing_failure(self, job: jobs.Job) -> Iterator[None]:
        try:
            yield
        except exceptions.UniqueViolation:
            raise
        except exceptions.ConnectorException as problem:
            if isinstance(problem.__cause__, psycopg.errors.RaiseException):
                # We were believed dead, and the job was given to another worker.
                log.warning("job_taken_over", job=job.task_name, job_id=job.id)
                return
            self.failed.set()
            raise


async def _rescue_stalled(
    app: procrastinate.App, table: Sequence[Job], queues: Sequence[str], pace: Pace
) -> None:
    """Give jobs of dead workers back to the queue, for as long as their policy lasts."""
    policies = {job.name: job.retry for job in table}
    while True:
        try:
            for queue in queues:
                stalled = await app.job_manager.get_stalled_jobs(
                    queue=queue, seconds_since_heartbeat=pace.stalled_after
                )
                for job in stalled:
                    await _rescue(app.job_manager, job, policies.get(job.task_name))
        except _DATABASE_AWAY as problem:
            log.warning("rescue_failed", problem=repr(problem))
        await asyncio.sleep(pace.heartbeat)


async def _rescue(
    job_manager: manager.JobManager, job: jobs.Job, policy: RetryPolicy | None
) -> None:
    log.warning("job_stalled", job=job.task_name, job_id=job.id, attempts=job.attempts)
    limit = policy.attempts if policy is not None else 1
    if limit is not None and job.attempts + 1 >= limit:
        await job_manager.finish_job(job, jobs.Status.FAILED, delete_job=False)
    else:
        await job_manager.retry_job(job)


async def _wait(stop: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return
