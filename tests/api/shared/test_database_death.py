"""A worker while its PostgreSQL is killed and comes back."""

import asyncio
import secrets
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from shared.kit.database import transaction
from shared.kit.jobs import Job, JobContext, enqueue
from shared.kit.worker import Pace, job_context, work
from tests.support.eventually import eventually
from tests.support.plumbing import PlumbingSettings, install
from tests.support.postgres import UNSAFE_BUT_FAST, Server
from tollgate_local import postgres
from tollgate_local.postgres import Cluster
from tollgate_local.processes import ProcessGroup

JOBS = 300
PACE = Pace(poll=0.1, heartbeat=0.3, stalled_after=2, grace=1)


class MortalServer:
    """A PostgreSQL of our own, that can be killed."""

    def __init__(self, group: ProcessGroup, cluster: Cluster, log: Path) -> None:
        self._how = (group, cluster, log)
        self.process = postgres.start(*self._how)

    def die_and_come_back(self) -> None:
        self.process.kill()
        self.process.wait()
        postgres.clear_orphan(self._how[1].data)
        self.process = postgres.start(*self._how)


@contextmanager
def mortal_server() -> Iterator[tuple[MortalServer, PlumbingSettings]]:
    directory = Path(tempfile.mkdtemp(prefix="tollgate-mortal-"))
    sockets = postgres.socket_directory()
    group = ProcessGroup(remove=[directory, sockets])
    try:
        # What was committed must outlive the process, if not the machine.
        settings = UNSAFE_BUT_FAST | {"synchronous_commit": "on"}
        cluster = postgres.prepare(directory / "data", sockets, secrets.token_urlsafe(24), settings)
        mortal = MortalServer(group, cluster, directory / "postgres.log")
        server = Server(cluster.url("postgres"), "mortal", "secret")
        database = server.create_empty_database("plumbing")
        install(server, database)
        yield mortal, PlumbingSettings(database_url=SecretStr(database.runtime_url))
    finally:
        group.close()


@pytest.fixture
async def mortal() -> AsyncIterator[tuple[MortalServer, JobContext]]:
    with mortal_server() as (server, settings):
        async with job_context(settings) as context:
            yield server, context


async def test_no_job_is_lost_when_the_database_is_killed_again_and_again(
    mortal: tuple[MortalServer, JobContext],
) -> None:
    server, context = mortal
    done: Counter[int] = Counter()

    async def note(context: JobContext, payload: Mapping[str, Any]) -> None:
        async with transaction(context.engine) as session:
            await session.execute(text("SELECT pg_sleep(0.02)"))
        done[payload["n"]] += 1

    async with transaction(context.engine) as session:
        for number in range(JOBS):
            await enqueue(session, "note", {"n": number})
    stop = asyncio.Event()
    worker = asyncio.create_task(work(context, [Job("note", note)], stop, PACE))

    for share in (60, 120, 180):
        await has_done(done, share)
        await asyncio.to_thread(server.die_and_come_back)

    await has_done(done, JOBS)
    await eventually(lambda: none_left(context), within=60)
    stop.set()
    await asyncio.wait_for(worker, 30)


async def has_done(done: Counter[int], count: int) -> None:
    async def enough() -> bool:
        return len(done) >= count

    await eventually(enough, within=60)


async def none_left(context: JobContext) -> bool:
    async with transaction(context.engine) as session:
        statement = text("SELECT count(*) FROM plumbing_jobs.procrastinate_jobs")
        return bool(await session.scalar(statement) == 0)
