"""Outgoing events: in order, none lost, signed, from the transaction of the change."""

import asyncio
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import text, update
from sqlalchemy.ext.asyncio import AsyncSession

from shared.kit import event_queries
from shared.kit.clock import now
from shared.kit.database import transaction
from shared.kit.events import emit
from shared.kit.housekeeping import purge
from shared.kit.jobs import JobContext
from shared.kit.settings import Subscriber
from shared.kit.webhooks import new_secret, verify_events
from shared.kit.worker import job_context
from tests.support import plumbing
from tests.support.events import has, read, say, subscribe, working
from tests.support.eventually import eventually
from tests.support.plumbing import PlumbingSettings
from tests.support.receiver import Receiver

OURS = new_secret()


async def test_events_arrive_signed_as_cloudevents(
    context: JobContext, api: httpx.AsyncClient, receiver: Receiver
) -> None:
    secret = (await subscribe(api, receiver.url))["secret"]

    async with working(context):
        await say(context, "a")
        await has(receiver, "a")

    headers, body = receiver.requests[0]
    event = verify_events(headers, body, [secret])[""]
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


async def test_a_subscriber_can_want_every_type_of_a_resource(
    context: JobContext, api: httpx.AsyncClient, receiver: Receiver
) -> None:
    await subscribe(api, receiver.url, types=["thing.*"])
    async with working(context):
        await say(context, "no", type="things.created")
        await say(context, "yes", type="thing.created")
        await say(context, "also", type="thing.changed")
        await has(receiver, "yes", "also")


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
    assert verify_events(headers, body, ["whsec_c2VjcmV0"])
    assert headers["authorization"].startswith("Bearer ey")
    assert len(receiver.requests) == 1


async def test_a_subscriber_of_the_settings_may_take_batches(
    context: JobContext, settings: PlumbingSettings, receiver: Receiver
) -> None:
    names = [f"n{number}" for number in range(25)]
    await say(context, *names)
    async with job_context(in_batches(settings, receiver, 10)) as batching, working(batching):
        await has(receiver, *names)

    signed = [verify_events(headers, body, [OURS]) for headers, body in receiver.requests]
    assert [len(batch) for batch in signed] == [10, 10, 5]
    assert [headers["content-type"] for headers, _ in receiver.requests] == [
        "application/cloudevents-batch+json"
    ] * 3


async def test_of_a_refused_batch_all_before_the_event_at_fault_arrive(
    context: JobContext, settings: PlumbingSettings, receiver: Receiver
) -> None:
    names = [f"n{number}" for number in range(12)]
    await say(context, *names)
    receiver.answer = lambda event: (422 if event["subject"] == "n7" else 204, {})
    async with job_context(in_batches(settings, receiver, 5)) as batching, working(batching):
        await has(receiver, *names[:7])
        receiver.answer = lambda event: (204, {})
        await has(receiver, *names)

    assert len(receiver.events) == len(names), "none is sent again once it was taken"


def in_batches(settings: PlumbingSettings, receiver: Receiver, batch: int) -> PlumbingSettings:
    ours = Subscriber(name="ours", url=receiver.url, secret=SecretStr(OURS), batch=batch)
    return settings.model_copy(update={"subscribers": (ours,)})


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


@pytest.mark.parametrize("wanted", ["wanted.created", "wanted.*"])
async def test_old_events_are_forgotten_unless_somebody_still_wants_them(
    context: JobContext, api: httpx.AsyncClient, wanted: str
) -> None:
    await say(context, "a", type="wanted.created")
    await say(context, "b", "c", "d")
    async with transaction(context.engine) as session:
        await event_queries.sequence_events(session)
        month = {"occurred_at": now() - timedelta(days=31)}
        await session.execute(update(plumbing.kit.events.outbox_event).values(month))
    await subscribe(api, "http://127.0.0.1:9/", types=[wanted], from_sequence=1)

    await purge(context, {})

    kept = [item["subject"] for item in (await read(api, "/v1/events"))["items"]]
    assert kept == ["a", "d"]
