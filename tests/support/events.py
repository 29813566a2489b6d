"""Steps of the stories about events: say something, subscribe, work, wait for what arrives."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from shared.kit.clock import now
from shared.kit.database import transaction
from shared.kit.events import emit
from shared.kit.jobs import JobContext
from shared.kit.worker import KIT_JOBS, Pace, work
from tests.support.eventually import eventually
from tests.support.receiver import Receiver

BRISK = Pace(poll=0.05, heartbeat=0.5, stalled_after=5, grace=1)


@asynccontextmanager
async def working(context: JobContext, pace: Pace = BRISK) -> AsyncIterator[None]:
    stop = asyncio.Event()
    worker = asyncio.create_task(work(context, KIT_JOBS, stop, pace))
    yield
    stop.set()
    await asyncio.wait_for(worker, 10)


async def say(context: JobContext, *subjects: str, type: str = "thing.changed") -> None:  # noqa: A002
    for subject in subjects:
        async with transaction(context.engine) as session:
            await emit(session, type, subject, {"at": now(), "id": uuid.uuid4()})


async def subscribe(api: httpx.AsyncClient, url: str, **more: Any) -> dict[str, Any]:
    name = f"s-{uuid.uuid4().hex[:8]}"
    reply = await api.post("/v1/subscriptions", json={"name": name, "url": url, **more})
    assert reply.status_code == 201, reply.text
    created: dict[str, Any] = reply.json()
    return created


async def read(api: httpx.AsyncClient, path: str, **query: Any) -> Any:
    reply = await api.get(path, params=query)
    assert reply.status_code == 200, reply.text
    return reply.json()


async def has(receiver: Receiver, *subjects: str) -> None:
    async def all_arrived() -> bool:
        assert receiver.subjects() == list(subjects)
        return True

    await eventually(all_arrived, within=20)
