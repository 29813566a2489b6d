"""Outgoing events: in order, none lost, signed; a dead subscriber costs nobody else."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import text, update
from sqlalchemy.ext.asyncio import AsyncSession

from shared.kit import deliveries, event_queries
from shared.kit.clock import now
from shared.kit.database import transaction
from shared.kit.events import emit
from shared.kit.housekeeping import purge
from shared.kit.jobs import JobContext, RetryPolicy
from shared.kit.settings import Subscriber
from shared.kit.webhooks import verify_event
from shared.kit.worker import KIT_JOBS, Pace, job_context, work
from tests.support import plumbing
from tests.support.eventually import eventually
from tests.support.plumbing import PlumbingSettings
from tests.support.receiver import Receiver, receiving

BRISK = Pace(poll=0.05, heartbeat=0.5, stalled_after=5, grace=1)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as running:
        yield running


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_STRANGERS", "_BUILT_INS"):
        policy = RetryPolicy(None, timedelta(milliseconds=50), timedelta(seconds=1))
        monkeypatch.setattr(deliveries, name, policy)
    monkeypatch.setattr(deliveries, "ATTEMPT_SECONDS", 0.5)


@asynccontextmanager
async def working(context: JobContext) -> AsyncIterator[None]:
    stop = asyncio.Event()
    worker = asyncio.create_task(work(context, KIT_JOBS, stop, BRISK))
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


async def test_events_arrive_signed_as_cloudevents(
    context: JobContext, api: httpx.AsyncClient, receiver: Receiver
) -> None:
    secret = (await subscribe(api, receiver.url))["secret"]

    async with working(context):
        await say(context, "a")
        await has(receiver, "a")

    headers, body = receiver.requests[0]
    event = verify_event(headers, body, [secret])
    assert headers["content-type"] == "application/cloudevents+json"
    assert (event["specversion"], event["type"], event["subject"]) == ("1.0", "thing.changed", "a")
    assert event["source"] == "urn:tollgate:plumbing-api"
    assert headers["webhook-id"] == event["id"]
    assert "authorization" not in headers, "strangers never see a token of ours"


async def test_events_arrive_in_order(
    context: JobContext, api: httpx.AsyncClient, receiver: Receiver
) -> None:
    await subscribe(api, receiver.url)
    names = [f"n{number}" for number in range(40)]

    async with working(context):
        await say(context, *names)
        await has(receiver, *names)


async def test_an_event_of_a_rolled_back_change_is_never_sent(
    context: JobContext, api: httpx.AsyncClient, receiver: Receiver
) -> None:
    await subscribe(api, receiver.url)
    async with working(context):
        async with AsyncSession(context.engine) as session:
            await emit(session, "thing.changed", "never", {})
            await session.rollback()
        await say(context, "a")
        await has(receiver, "a")


async def test_a_transaction_that_commits_late_is_not_stepped_over(
    context: JobContext, api: httpx.AsyncClient, receiver: Receiver
) -> None:
    await subscribe(api, receiver.url)
    async with working(context):
        async with transaction(context.engine) as slow:
            await emit(slow, "thing.changed", "early-but-slow", {})
            await say(context, "late-but-quick")
            await has(receiver, "late-but-quick")
        await has(receiver, "late-but-quick", "early-but-slow")


async def test_emitters_do_not_wait_for_each_other(context: JobContext) -> None:
    async with transaction(context.engine) as one:
        await emit(one, "thing.changed", "a", {})
        await asyncio.wait_for(say(context, "b"), 5)


async def test_a_transaction_with_many_events_is_published_by_one_job(context: JobContext) -> None:
    async with transaction(context.engine) as session:
        for number in range(10):
            await emit(session, "thing.changed", f"n{number}", {})

    async with transaction(context.engine) as session:
        jobs = await session.scalar(text("SELECT count(*) FROM plumbing_jobs.procrastinate_jobs"))
    assert jobs == 1


async def test_an_event_outlives_a_rolled_back_savepoint(
    context: JobContext, api: httpx.AsyncClient, receiver: Receiver
) -> None:
    await subscribe(api, receiver.url)
    async with transaction(context.engine) as session:
        savepoint = await session.begin_nested()
        await emit(session, "thing.changed", "undone", {})
        await savepoint.rollback()
        await emit(session, "thing.changed", "kept", {})

    async with working(context):
        await has(receiver, "kept")


async def test_a_subscriber_gets_only_the_types_it_wants(
    context: JobContext, api: httpx.AsyncClient, receiver: Receiver
) -> None:
    await subscribe(api, receiver.url, types=["thing.created"])
    async with working(context):
        await say(context, "no")
        await say(context, "yes", type="thing.created")
        await has(receiver, "yes")


async def test_a_failed_event_holds_back_the_later_ones_until_it_arrives(
    context: JobContext, api: httpx.AsyncClient, receiver: Receiver
) -> None:
    failures = iter([503, 500])
    receiver.answer = lambda event: (next(failures, 204), {})
    subscription = await subscribe(api, receiver.url)

    async with working(context):
        await say(context, "a", "b")
        await has(receiver, "a", "b")

    page = await read(api, "/v1/deliveries", subscription=subscription["id"])
    assert [(item["state"], item["attempts"]) for item in page["items"]] == [
        ("delivered", 1),
        ("delivered", 3),
    ]


async def test_a_dead_subscriber_does_not_hold_up_another_and_costs_one_job(
    context: JobContext, api: httpx.AsyncClient, receiver: Receiver
) -> None:
    async with receiving() as dead:
        dead.answer = lambda event: None
        for _ in range(20):
            await subscribe(api, dead.url)
        await subscribe(api, receiver.url)
        names = [f"n{number}" for number in range(20)]

        async with working(context):
            await say(context, *names)
            await has(receiver, *names)

    async with transaction(context.engine) as session:
        waiting = await session.scalar(
            text(
                "SELECT max(n) FROM (SELECT count(*) AS n FROM plumbing_jobs.procrastinate_jobs"
                " WHERE task_name = 'deliver_events' GROUP BY args) AS jobs"
            )
        )
    assert waiting == 1


async def test_a_subscriber_that_is_gone_is_disabled(
    context: JobContext, api: httpx.AsyncClient, receiver: Receiver
) -> None:
    receiver.answer = lambda event: (410, {})
    subscription = await subscribe(api, receiver.url)
    path = f"/v1/subscriptions/{subscription['id']}"

    async def disabled() -> bool:
        return bool((await read(api, path))["state"] == "disabled")

    async with working(context):
        await say(context, "a", "b")
        await eventually(disabled)
        await say(context, "c")

    assert "410" in (await read(api, path))["disabled_reason"]
    assert len(receiver.requests) == 1


async def test_a_subscriber_that_failed_for_days_is_disabled(
    context: JobContext, api: httpx.AsyncClient, receiver: Receiver
) -> None:
    receiver.answer = lambda event: (500, {})
    subscription = await subscribe(api, receiver.url)
    async with transaction(context.engine) as session:
        since = {"failing_since": now() - timedelta(days=6)}
        await session.execute(update(plumbing.kit.events.subscription).values(since))

    async with working(context):
        await say(context, "a")
        await eventually(lambda: in_state(api, subscription, "disabled"))


async def in_state(api: httpx.AsyncClient, subscription: dict[str, Any], state: str) -> bool:
    found = await read(api, f"/v1/subscriptions/{subscription['id']}")
    return bool(found["state"] == state)


async def test_a_receiver_that_asks_for_patience_gets_it(
    context: JobContext, api: httpx.AsyncClient, receiver: Receiver
) -> None:
    receiver.answer = lambda event: (429, {"Retry-After": "3600"})
    subscription = await subscribe(api, receiver.url)

    async def waits() -> bool:
        return bool((await read(api, f"/v1/subscriptions/{subscription['id']}"))["retry_at"])

    async with working(context):
        await say(context, "a")
        await eventually(waits)
        await say(context, "b")

    (delivery,) = (await read(api, "/v1/deliveries", state="failing"))["items"]
    assert delivery["status"] == 429
    assert delivery["next_attempt_at"] > (now() + timedelta(minutes=59)).isoformat()
    assert len(receiver.requests) == 1


async def test_a_replay_sends_again_from_a_sequence_on_with_the_same_ids(
    context: JobContext, api: httpx.AsyncClient, receiver: Receiver
) -> None:
    subscription = await subscribe(api, receiver.url)
    async with working(context):
        await say(context, "a", "b", "c")
        await has(receiver, "a", "b", "c")

        reply = await api.post(
            f"/v1/subscriptions/{subscription['id']}/replay", json={"from_sequence": 2}
        )
        await eventually(lambda: arrived(receiver, 5))

    assert reply.status_code == 202
    assert [event["sequence"] for event in receiver.events] == ["1", "2", "3", "2", "3"]
    assert receiver.subjects() == ["a", "b", "c"]


async def arrived(receiver: Receiver, count: int) -> bool:
    return len(receiver.events) == count


async def test_a_replay_revives_a_subscriber_that_was_waiting(
    context: JobContext, api: httpx.AsyncClient, receiver: Receiver
) -> None:
    receiver.answer = lambda event: (503, {"Retry-After": "3600"})
    subscription = await subscribe(api, receiver.url)
    async with working(context):
        await say(context, "a")
        await eventually(lambda: asked(receiver))
        await eventually(lambda: is_waiting(api, subscription))
        receiver.answer = lambda event: (204, {})

        await api.post(f"/v1/subscriptions/{subscription['id']}/replay", json={"from_sequence": 1})

        await has(receiver, "a")


async def asked(receiver: Receiver) -> bool:
    return bool(receiver.requests)


async def is_waiting(api: httpx.AsyncClient, subscription: dict[str, Any]) -> bool:
    return bool((await read(api, f"/v1/subscriptions/{subscription['id']}"))["retry_at"])


async def test_a_late_subscriber_can_ask_for_everything_so_far(
    context: JobContext, api: httpx.AsyncClient, receiver: Receiver
) -> None:
    async with working(context):
        await say(context, "a")
        await eventually(lambda: listed(api, 1))
        await subscribe(api, receiver.url, from_sequence=1)
        await has(receiver, "a")


async def listed(api: httpx.AsyncClient, count: int) -> bool:
    return len((await read(api, "/v1/events"))["items"]) == count


async def test_private_addresses_are_refused_at_sending_too(
    api: httpx.AsyncClient, settings: PlumbingSettings, receiver: Receiver
) -> None:
    await subscribe(api, receiver.url)
    strict = settings.model_copy(update={"allow_private_subscribers": False})
    async with job_context(strict) as strictly, working(strictly):
        await say(strictly, "a")
        await eventually(lambda: refused(api))

    assert receiver.requests == []


async def refused(api: httpx.AsyncClient) -> bool:
    items = (await read(api, "/v1/deliveries"))["items"]
    return bool(items and "refused" in items[0]["error"])


async def test_subscribers_of_the_settings_hear_everything_and_know_who_calls(
    context: JobContext, settings: PlumbingSettings, receiver: Receiver, tmp_path: Path
) -> None:
    await say(context, "a")
    ours = Subscriber(name="metrics-api", url=receiver.url, secret=SecretStr("whsec_c2VjcmV0"))
    with_ours = settings.model_copy(
        update={
            "subscribers": (ours,),
            "identity_key_file": plumbing.make_key(tmp_path, "plumbing-api"),
            "allow_private_subscribers": False,
        }
    )
    for _ in range(2):
        async with job_context(with_ours) as again, working(again):
            await has(receiver, "a")

    headers, body = receiver.requests[0]
    assert verify_event(headers, body, ["whsec_c2VjcmV0"])
    assert headers["authorization"].startswith("Bearer ey")
    assert len(receiver.requests) == 1


async def test_a_subscriber_taken_out_of_the_settings_is_forgotten(
    settings: PlumbingSettings, api: httpx.AsyncClient, receiver: Receiver
) -> None:
    ours = Subscriber(name="metrics-api", url=receiver.url, secret=SecretStr("x"))
    with_ours = settings.model_copy(update={"subscribers": (ours,)})
    async with job_context(with_ours) as context, working(context):
        await eventually(lambda: subscribers(api, 1))
    async with job_context(settings) as context, working(context):
        await eventually(lambda: subscribers(api, 0))


async def subscribers(api: httpx.AsyncClient, count: int) -> bool:
    return len((await read(api, "/v1/subscriptions"))["items"]) == count


async def test_old_events_are_forgotten_unless_somebody_still_wants_them(
    context: JobContext, api: httpx.AsyncClient
) -> None:
    await say(context, "a", type="thing.created")
    await say(context, "b", "c", "d")
    async with transaction(context.engine) as session:
        await event_queries.sequence_events(session)
        month = {"occurred_at": now() - timedelta(days=31)}
        await session.execute(update(plumbing.kit.events.outbox_event).values(month))
    await subscribe(api, "http://127.0.0.1:9/", types=["thing.created"], from_sequence=1)

    await purge(context, {})

    kept = [item["subject"] for item in (await read(api, "/v1/events"))["items"]]
    assert kept == ["a", "d"]
