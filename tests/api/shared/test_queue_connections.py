"""What the queue asks of the database: little, and again after the process was stopped."""

import asyncio
import time
from typing import Any

import procrastinate
import psycopg
import psycopg_pool

from shared.kit.database import transaction
from shared.kit.jobs import JobContext, Waiting, enqueue_all, rest_after
from shared.kit.worker import queue_app
from tests.support.eventually import eventually
from tests.support.postgres import Database


async def test_to_take_a_job_few_are_read_however_many_wait(
    context: JobContext, database: Database
) -> None:
    """Also by the statistics of an empty queue, which are those that a queue mostly has."""
    with psycopg.connect(database.admin_url, autocommit=True) as admin:
        admin.execute("VACUUM ANALYZE plumbing_jobs.procrastinate_jobs")
        admin.execute("INSERT INTO plumbing_jobs.procrastinate_workers DEFAULT VALUES")
    async with transaction(context.engine) as session:
        waiting = [Waiting("note", {}, lock=f"x{n}", queueing_lock=f"x{n}") for n in range(3000)]
        await enqueue_all(session, waiting)

    with psycopg.connect(database.admin_url) as worker:
        taken = worker.execute(
            "SELECT id FROM plumbing_jobs.procrastinate_fetch_job_v2('{plumbing}', 1)"
        ).fetchone()
        read = worker.execute(
            "SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_xact_user_tables"
            " WHERE relid = 'plumbing_jobs.procrastinate_jobs'::regclass"
        ).fetchone()

    assert taken is not None
    assert read is not None
    assert read[0] < 20


async def test_a_cancelled_caller_of_the_queue_ends_and_gives_its_connection_back(
    context: JobContext,
) -> None:
    async def ask_on_and_on(app: procrastinate.App) -> None:
        while True:
            await app.connector.execute_query_one_async("SELECT 1 AS one")

    async with queue_app(context, []).open_async() as app:
        for turn in range(100):
            callers = [asyncio.create_task(ask_on_and_on(app)) for _ in range(8)]
            await asyncio.sleep(turn % 10 / 1000)
            for caller in callers:
                caller.cancel()
            _, unheard = await asyncio.wait(callers, timeout=5)
            assert not unheard, f"turn {turn}"
        async with asyncio.timeout(5):
            assert await app.connector.execute_query_one_async("SELECT 1 AS one") == {"one": 1}


async def test_a_process_that_was_stopped_still_gets_the_connections_it_waited_for(
    context: JobContext,
) -> None:
    async with queue_app(context, []).open_async() as app:
        pool = app.connector.pool
        pool.timeout = 0.5
        asked = "SELECT pg_sleep(0.2)::text AS slept"
        more_than_connections = pool.max_size + 1
        callers = [
            asyncio.create_task(app.connector.execute_query_one_async(asked))
            for _ in range(more_than_connections)
        ]
        await eventually(lambda: one_waits(pool))

        time.sleep(pool.timeout * 2)  # noqa: ASYNC251 - nothing at all goes on meanwhile

        assert len(await asyncio.gather(*callers)) == more_than_connections


async def one_waits(pool: psycopg_pool.AsyncConnectionPool[Any]) -> bool:
    return pool.get_stats()["requests_waiting"] == 1


async def test_who_was_stopped_rests_no_longer_than_it_may() -> None:
    an_hour_ago = time.monotonic() - 3600

    async with asyncio.timeout(5):
        await rest_after(an_hour_ago, times=1, at_most=0.01)
