"""Deliveries are booked some at a time: what may be sent twice, and what never is."""

import httpx
import pytest
from sqlalchemy import text

from shared.kit import deliveries
from shared.kit.database import transaction
from shared.kit.events import PUBLISH, Event, emit_all, publish_events
from shared.kit.jobs import JobContext
from tests.support.events import has, read, say, subscribe, working
from tests.support.eventually import eventually
from tests.support.receiver import Receiver


async def say_at_once(context: JobContext, count: int) -> list[str]:
    names = [f"n{number}" for number in range(count)]
    async with transaction(context.engine) as session:
        await emit_all(session, [Event("thing.changed", name, {}) for name in names])
    return names


async def cursor(api: httpx.AsyncClient, subscription: dict[str, object]) -> int:
    found: int = (await read(api, f"/v1/subscriptions/{subscription['id']}"))["cursor"]
    return found


async def test_many_events_go_over_one_connection(
    context: JobContext, api: httpx.AsyncClient, receiver: Receiver
) -> None:
    receiver.body = b"thank you"
    receiver.answer = lambda event: (200, {})
    await subscribe(api, receiver.url)

    async with working(context):
        names = await say_at_once(context, 30)
        await has(receiver, *names)

    assert len(receiver.clients) == 1


async def test_what_arrived_before_a_failure_is_booked_with_it_and_not_sent_again(
    context: JobContext, api: httpx.AsyncClient, receiver: Receiver
) -> None:
    failures = iter([503])
    receiver.answer = lambda event: (
        (next(failures, 204), {}) if event["subject"] == "n7" else (204, {})
    )
    await subscribe(api, receiver.url)

    async with working(context):
        names = await say_at_once(context, 12)
        await has(receiver, *names)

    asked = [event["subject"] for event in receiver.asked]
    assert asked == [*names[:8], *names[7:]]


async def test_a_worker_that_dies_sends_again_only_what_was_not_booked(
    context: JobContext, api: httpx.AsyncClient, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliveries, "BOOK_SECONDS", 0)
    subscription = await subscribe(api, receiver.url)
    names = await say_at_once(context, 10)
    await publish_events(context, {})
    dying = iter(names[:6])
    kept = deliveries._send

    async def dies(*args: object) -> object:
        if next(dying, None) is None:
            raise SystemExit("killed")
        return await kept(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(deliveries, "_send", dies)
    with pytest.raises(SystemExit):
        await deliveries.deliver_events(context, {"subscription": subscription["id"]})
    monkeypatch.setattr(deliveries, "_send", kept)
    assert await cursor(api, subscription) == 6

    await deliveries.deliver_events(context, {"subscription": subscription["id"]})

    assert [event["subject"] for event in receiver.asked] == names


async def test_a_replay_during_a_batch_is_honoured(
    context: JobContext, api: httpx.AsyncClient, receiver: Receiver
) -> None:
    subscription = await subscribe(api, receiver.url)
    path = f"/v1/subscriptions/{subscription['id']}/replay"
    async with working(context):
        names = await say_at_once(context, 300)
        await eventually(lambda: arrived(receiver, 5))
        await api.post(path, json={"from_sequence": 1})
        await has(receiver, *names)
        await eventually(lambda: arrived(receiver, 301))

        async def all_again() -> bool:
            return await cursor(api, subscription) == 300

        await eventually(all_again)

    subjects = [event["subject"] for event in receiver.events]
    assert subjects.count("n0") == 2
    assert subjects[-300:] == names


async def arrived(receiver: Receiver, count: int) -> bool:
    return len(receiver.events) >= count


async def test_a_slow_subscriber_gives_way_after_its_turn_and_goes_on_later(
    context: JobContext, api: httpx.AsyncClient, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliveries, "TURN_SECONDS", 0.05)
    subscription = await subscribe(api, receiver.url)
    names = await say_at_once(context, 120)
    await publish_events(context, {})

    await deliveries.deliver_events(context, {"subscription": subscription["id"]})

    seen = await cursor(api, subscription)
    assert 0 < seen == len(receiver.events) < 120
    async with working(context):
        await has(receiver, *names)
    assert len(receiver.asked) == 120


async def test_one_publication_does_the_work_of_all_that_wait(context: JobContext) -> None:
    await say(context, *(f"n{number}" for number in range(20)))

    await publish_events(context, {})

    waiting = "SELECT count(*) FROM plumbing_jobs.procrastinate_jobs WHERE task_name = :name"
    unnumbered = "SELECT count(*) FROM plumbing.outbox_event WHERE sequence IS NULL"
    async with transaction(context.engine) as session:
        assert await session.scalar(text(waiting), {"name": PUBLISH}) == 0
        assert await session.scalar(text(unnumbered)) == 0


async def test_who_failed_last_time_waits_in_a_lane_of_its_own(
    context: JobContext, api: httpx.AsyncClient, receiver: Receiver
) -> None:
    receiver.answer = lambda event: (503, {"Retry-After": "600"})
    await subscribe(api, receiver.url)

    async def lanes_of_what_waits() -> list[str]:
        async with transaction(context.engine) as session:
            queues = await session.scalars(
                text(
                    "SELECT queue_name FROM plumbing_jobs.procrastinate_jobs"
                    " WHERE scheduled_at > now() + interval '50 s'"
                )
            )
            return list(queues)

    async with working(context):
        await say(context, "a")
        # A publication of the same moment may have it look once more before it waits.
        assert await eventually(lanes_of_what_waits) == ["plumbing_retries"]
