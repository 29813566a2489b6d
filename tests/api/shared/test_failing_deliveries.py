"""Deliveries that fail: retried in order, given up in the end, replayed; nobody else waits."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import select, text, update

from shared.kit import deliveries
from shared.kit.clock import now
from shared.kit.database import transaction
from shared.kit.events import DELIVERIES_LANE, NEWCOMERS_LANE, RETRIES_LANE
from shared.kit.jobs import JobContext
from shared.kit.worker import job_context
from tests.support import plumbing
from tests.support.events import BRISK, has, read, say, subscribe, working
from tests.support.eventually import eventually
from tests.support.plumbing import PlumbingSettings
from tests.support.receiver import Receiver, receiving

LAST = UUID(int=2**128 - 1)


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
                " WHERE args ? 'subscription' GROUP BY args) AS jobs"
            )
        )
    assert waiting == 1


async def test_who_took_an_event_before_does_not_wait_for_newcomers_that_are_dead(
    context: JobContext, api: httpx.AsyncClient, receiver: Receiver
) -> None:
    one_slot_each = replace(BRISK, lanes={DELIVERIES_LANE: 1, NEWCOMERS_LANE: 1, RETRIES_LANE: 1})
    await subscribe(api, receiver.url)
    await be_woken_last(context, LAST)
    async with receiving() as dead, working(context, one_slot_each):
        await say(context, "a")
        await has(receiver, "a")
        dead.answer = lambda event: None
        for _ in range(20):
            await subscribe(api, dead.url)

        await say(context, "b")
        await has(receiver, "a", "b")

        assert len(dead.requests) < 20, "each of them takes its time-out"
    assert (await read(api, f"/v1/subscriptions/{LAST}"))["delivered_at"]


async def be_woken_last(context: JobContext, name: UUID) -> None:
    """Give the only subscription this id: they are woken in the order of their ids."""
    async with transaction(context.engine) as session:
        await session.execute(update(plumbing.kit.events.subscription).values(id=name))


async def test_to_book_failures_leaves_connections_to_those_who_answer(
    settings: PlumbingSettings, api: httpx.AsyncClient, receiver: Receiver
) -> None:
    """All fail together, and each failure takes as long as the lock that it waits for."""
    few = {"database_pool_size": 3, "database_pool_overflow": 0}
    async with receiving() as failing, job_context(settings.model_copy(update=few)) as context:
        failing.answer = lambda event: (503, {})
        for _ in range(6):
            await subscribe(api, failing.url)
        async with transaction(context.engine) as session:
            await session.execute(select(plumbing.kit.events.subscription).with_for_update())
            await subscribe(api, receiver.url)
            async with working(context):
                await say(context, "a")
                await eventually(lambda: all_asked(failing, 6))
                await has(receiver, "a")
                await session.rollback()


async def all_asked(receiver: Receiver, count: int) -> bool:
    return len(receiver.requests) == count


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


async def test_a_worker_whose_clock_is_behind_waits_as_long_as_any(
    context: JobContext,
    api: httpx.AsyncClient,
    receiver: Receiver,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Jobs are started by the clock of the database, which may be another machine's."""
    monkeypatch.setattr(deliveries, "now", lambda: now() - timedelta(hours=1))
    receiver.answer = lambda event: (429, {"Retry-After": "600"})
    subscription = await subscribe(api, receiver.url)

    async with working(context):
        await say(context, "a")
        await eventually(lambda: is_waiting(api, subscription))

    async with transaction(context.engine) as session:
        # Not of the job: one that was put in line meanwhile looks at this, and waits anew.
        waits = await session.scalar(text("SELECT retry_at - now() FROM plumbing.subscription"))
    assert waits > timedelta(minutes=9)


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
