"""Outgoing events: written in the transaction of the change, numbered once it has committed."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from shared.kit import event_queries
from shared.kit.clock import now
from shared.kit.database import transaction
from shared.kit.jobs import (
    Job,
    JobContext,
    RetryPolicy,
    Waiting,
    drop_waiting,
    enqueue,
    enqueue_all,
)
from shared.kit.webhooks import new_secret

PUBLISH = "publish_events"
DELIVER = "deliver_events"
FIRST = "deliver_first_events"
RETRY = "retry_deliveries"
DELIVERIES_LANE = "deliveries"
NEWCOMERS_LANE = "newcomers"
RETRIES_LANE = "retries"
_ANYTHING: TypeAdapter[Any] = TypeAdapter(Any)


@dataclass(frozen=True)
class Event:
    """What happened to `subject`; `data` may hold whatever JSON replies may."""

    type: str
    subject: str
    data: Mapping[str, Any]


async def emit(session: AsyncSession, type: str, subject: str, data: Mapping[str, Any]) -> None:  # noqa: A002
    """Say what happened to `subject`, exactly if the session's transaction commits.

    Emit after the change itself: the order of events of a subject is the order in which its row
    was changed.
    """
    await emit_all(session, [Event(type, subject, data)])


async def emit_all(session: AsyncSession, events: Sequence[Event]) -> None:
    """As emit, for many events in one round trip, in their order."""
    rows = [
        {
            "id": uuid.uuid4(),
            "type": event.type,
            "subject": event.subject,
            "data": _ANYTHING.dump_python(dict(event.data), mode="json"),
            "occurred_at": now(),
        }
        for event in events
    ]
    if rows:
        await event_queries.insert_events(session, rows)
        await _enqueue_publication(session)


async def _enqueue_publication(session: AsyncSession) -> None:
    """One publication per transaction. No queueing lock: emitters would wait for each other."""
    if session.in_nested_transaction():
        await enqueue(session, PUBLISH, {})
        return
    this = session.sync_session.get_transaction()
    if session.info.get(PUBLISH) is not this:
        session.info[PUBLISH] = this
        await enqueue(session, PUBLISH, {})


async def publish_events(context: JobContext, _: Mapping[str, Any]) -> None:
    """Number the events that have committed and wake the subscribers that want them.

    Every transaction that emits enqueues a publication; one that runs does the work of all that
    wait.
    """
    async with transaction(context.engine) as session:
        await event_queries.hold_sequence(session)
        await drop_waiting(session, PUBLISH)
        types = await event_queries.sequence_events(session)
        if types:
            wanting = await event_queries.wanting_subscriptions(session, types)
            await enqueue_all(session, [_delivery(subscription) for subscription in wanting])


async def enqueue_delivery(
    session: AsyncSession, subscription: Row[Any], run_at: datetime | None = None
) -> None:
    """Wake one subscriber's delivery; however many events wait for it, it is one job."""
    await enqueue_all(session, [_delivery(subscription, run_at)])


def _delivery(subscription: Row[Any], run_at: datetime | None = None) -> Waiting:
    """Those that failed last time have a lane of their own, and so have those that never took an
    event: they may take their time-outs there, and nobody who answers waits for them.

    In it our own services come first, then those that failed least.
    """
    key = f"subscription:{subscription.id}"
    if subscription.failures:
        job, lane = RETRY, RETRIES_LANE
    elif subscription.delivered_at is None:
        job, lane = FIRST, NEWCOMERS_LANE
    else:
        job, lane = DELIVER, DELIVERIES_LANE
    return Waiting(
        job,
        {"subscription": str(subscription.id)},
        lock=key,
        queueing_lock=key,
        run_at=run_at,
        priority=-min(subscription.failures, 100) + (100 if subscription.built_in else 0),
        lane=lane,
    )


async def register_built_ins(context: JobContext) -> None:
    """Bring the subscribers of the settings into the table; they hear of everything so far."""
    wanted = context.settings.subscribers
    async with transaction(context.engine) as session:
        await event_queries.delete_built_ins_except(session, [item.name for item in wanted])
        for item in wanted:
            values = new_subscription(item.name, item.url, item.types, "settings") | {
                "secret": item.secret.get_secret_value(),
                "built_in": True,
            }
            await enqueue_delivery(session, await event_queries.upsert_built_in(session, values))


def new_subscription(name: str, url: str, types: Sequence[str], by: str) -> dict[str, Any]:
    """The row of a subscription that starts before the first event."""
    return {
        "id": uuid.uuid4(),
        "name": name,
        "url": url,
        "types": list(types),
        "secret": new_secret(),
        "state": "active",
        "built_in": False,
        "cursor": 0,
        "failures": 0,
        "created_at": now(),
        "created_by": by,
    }


PUBLISH_JOB = Job(
    PUBLISH, publish_events, retry=RetryPolicy(attempts=None, longest_wait=timedelta(minutes=1))
)
