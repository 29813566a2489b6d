"""Delivery of events: one job per subscriber, strictly in sequence, for days if need be."""

import asyncio
import time
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from shared.errors import Unavailable
from shared.kit import event_queries
from shared.kit.clock import now
from shared.kit.database import reading, transaction
from shared.kit.event_queries import Attempt
from shared.kit.events import (
    DELIVER,
    DELIVERIES_LANE,
    FIRST,
    NEWCOMERS_LANE,
    RETRIES_LANE,
    RETRY,
    enqueue_delivery,
)
from shared.kit.jobs import Job, JobContext, RetryPolicy
from shared.kit.logging import logger
from shared.kit.tls import tls_context
from shared.kit.webhook_targets import RefusedTarget, Target, resolve_target
from shared.kit.webhooks import cloud_event, signed_request

log = logger(__name__)

BATCH = 500
ATTEMPT_SECONDS = 5
# After so long others get their turn, and what arrived is booked so often.
TURN_SECONDS = 10
BOOK_SECONDS = 0.1
BODY_SECONDS = 1
LONGEST_BODY = 65_536  # bytes
GONE = 410
GIVE_UP_AFTER = timedelta(days=5)
LONGEST_RETRY_AFTER = timedelta(days=1)
_STRANGERS = RetryPolicy(None, timedelta(seconds=5), timedelta(hours=6))
# Our own services come back after a restart; their figures should not wait for hours.
_BUILT_INS = RetryPolicy(None, timedelta(seconds=1), timedelta(seconds=30))


@dataclass(frozen=True)
class _Answer:
    """A subscriber's answer to one request; `status` is None when none came."""

    status: int | None
    error: str | None = None
    retry_after: timedelta = timedelta(0)

    @property
    def delivered(self) -> bool:
        return self.status is not None and 200 <= self.status < 300

    @property
    def refused(self) -> bool:
        """Whether it was what was sent that was refused."""
        return self.status is not None and 400 <= self.status < 500


@dataclass
class _Turn:
    """One subscriber's turn: what it was sent and is not booked yet, after the cursor `seen`."""

    subscription: Row[Any]
    http: httpx.AsyncClient
    seen: int
    version: str
    ends: float
    batch: int
    book_at: float = 0
    target: Target | None = None
    unbooked: list[tuple[Row[Any], Attempt]] = field(default_factory=list)


async def deliver_events(context: JobContext, payload: Mapping[str, Any]) -> None:
    """Send a subscriber what it has not had yet, until it fails once or its turn is over.

    A failing subscriber has exactly one job: the one that waits for its next attempt.
    """
    key = uuid.UUID(payload["subscription"])
    async with reading(context.engine) as session:
        subscription = await event_queries.find_subscription(session, key)
    if subscription is None or subscription.state != "active":
        return
    if subscription.is_waiting:
        async with transaction(context.engine) as session:
            await enqueue_delivery(session, subscription, run_at=subscription.retry_at)
        return
    # A client per subscriber: connections are shared by address, and addresses by hosts.
    async with httpx.AsyncClient(
        verify=tls_context(), trust_env=False, timeout=ATTEMPT_SECONDS
    ) as http:
        turn = _Turn(
            subscription,
            http,
            subscription.cursor,
            subscription.row_version,
            time.monotonic() + TURN_SECONDS,
            _batch_of(context, subscription),
        )
        if await _take(context, turn):
            async with transaction(context.engine) as session:
                if (fresh := await event_queries.find_subscription(session, key)) is not None:
                    await enqueue_delivery(session, fresh)


async def _take(context: JobContext, turn: _Turn) -> bool:
    """Deliver batch after batch; True when the turn ended before the events did.

    Who failed last time gets one event, to see whether the rest is worth reading.
    """
    limit = 1 if turn.subscription.failures else BATCH
    while time.monotonic() < turn.ends:
        async with reading(context.engine) as session:
            events = await event_queries.next_events(
                session, turn.seen, turn.subscription.types, limit
            )
        if not await _deliver(context, turn, events):
            return False
        all_sent = not events or turn.seen == events[-1].sequence
        if all_sent and len(events) < limit:
            return False
        limit = BATCH
    return True


async def _deliver(context: JobContext, turn: _Turn, events: Sequence[Row[Any]]) -> bool:
    """Send these events in order; False when one is not delivered or a replay intervened.

    What arrived is booked some at a time, by BOOK_SECONDS and before all else that is written:
    if we die, only what was not booked is sent again, and receivers drop it by its id.
    """
    place = 0
    while place < len(events):
        sent = events[place : place + turn.batch]
        answer = await _send(context, turn, sent)
        if answer.refused and len(sent) > 1:
            turn.batch = 1  # until the one at fault is found
            continue
        if not answer.delivered:
            await _note_failure(context, turn, sent[0], answer)
            return False
        if not turn.unbooked:
            turn.book_at = time.monotonic() + BOOK_SECONDS
        arrived = Attempt(True, answer.status, None, now(), None)
        turn.unbooked += [(event, arrived) for event in sent]
        place += len(sent)
        if time.monotonic() >= turn.book_at and not await _book(context, turn):
            return False
        if time.monotonic() >= turn.ends:
            break
    return await _book(context, turn)


async def _book(context: JobContext, turn: _Turn) -> bool:
    """Move the cursor over what arrived; False when a replay moved it meanwhile."""
    async with transaction(context.engine) as session:
        if await _booked(session, turn):
            return True
        # Go on from where the replay wants it.
        await enqueue_delivery(session, turn.subscription)
        return False


async def _booked(session: AsyncSession, turn: _Turn) -> bool:
    if not turn.unbooked:
        return True
    key, last = turn.subscription.id, turn.unbooked[-1][0].sequence
    version = await event_queries.advance(session, key, turn.version, last, now())
    if version is None:
        return False
    await event_queries.record_attempts(session, key, turn.unbooked)
    turn.seen, turn.version, turn.unbooked = last, version, []
    return True


@dataclass(frozen=True)
class _SignedRequest:
    url: str
    body: bytes
    headers: dict[str, str]


async def _signed(
    context: JobContext, subscription: Row[Any], events: Sequence[Row[Any]]
) -> _SignedRequest:
    """Our own services get our token beside the signature; strangers never do."""
    source = f"urn:tollgate:{context.settings.service_name}"
    told = [cloud_event(event, source) for event in events]
    body, headers = signed_request(told, subscription.secret, now())
    if subscription.built_in:
        with suppress(Unavailable):
            headers["Authorization"] = f"Bearer {await context.identity.token()}"
    return _SignedRequest(subscription.url, body, headers)


def _batch_of(context: JobContext, subscription: Row[Any]) -> int:
    """How many events a request may hold: one, but for those of our services that take more."""
    if subscription.built_in:
        for known in context.settings.subscribers:
            if known.name == subscription.name:
                return known.batch
    return 1


def _may_be_private(context: JobContext, subscription: Row[Any]) -> bool:
    allowed: bool = subscription.built_in or context.settings.allow_private_subscribers
    return allowed


async def _send(context: JobContext, turn: _Turn, events: Sequence[Row[Any]]) -> _Answer:
    """One attempt at an event or a batch; of the answer only the status and Retry-After matter.

    The host is looked up and checked once a turn; the connection stays with that address.
    """
    signed = await _signed(context, turn.subscription, events)
    try:
        async with asyncio.timeout(ATTEMPT_SECONDS):
            if turn.target is None:
                allowed = _may_be_private(context, turn.subscription)
                turn.target = await resolve_target(signed.url, allow_private=allowed)
            request = turn.target.request(signed.body, signed.headers)
            reply = await turn.http.send(request, stream=True)
    except RefusedTarget as refusal:
        return _Answer(None, f"The URL is refused: {refusal}")
    except TimeoutError:
        return _Answer(None, f"No answer within {ATTEMPT_SECONDS} s")
    except (httpx.HTTPError, httpx.InvalidURL) as failure:
        return _Answer(None, f"No answer: {type(failure).__name__}")
    await _finish(reply)
    error = None if reply.is_success else f"It answered {reply.status_code}"
    return _Answer(reply.status_code, error, retry_after(reply.headers.get("Retry-After"), now()))


async def _finish(reply: httpx.Response) -> None:
    """Read a short body to its end, as only then the connection serves the next event too."""
    read = 0
    with suppress(httpx.HTTPError, TimeoutError):
        async with asyncio.timeout(BODY_SECONDS):
            async for block in reply.aiter_raw():
                read += len(block)
                if read > LONGEST_BODY:
                    break
    with suppress(httpx.HTTPError):
        await reply.aclose()


async def _note_failure(context: JobContext, turn: _Turn, event: Row[Any], answer: _Answer) -> None:
    """Book what arrived before it, count the failure and enqueue the one next attempt.

    One at a time: nobody waits for it, and subscribers that time out together would keep the
    connections of the database from those who answer.
    """
    async with context.booking_failure, transaction(context.engine) as session:
        if not await _booked(session, turn):
            await enqueue_delivery(session, turn.subscription)
            return
        counted = await event_queries.count_failure(session, turn.subscription.id)
        if counted is not None:
            await _try_again_or_give_up(session, counted, event, answer)


async def _try_again_or_give_up(
    session: AsyncSession, counted: Row[Any], event: Row[Any], answer: _Answer
) -> None:
    at = counted.failed_at
    reason = _reason_to_disable(counted, answer, at)
    policy = _BUILT_INS if counted.built_in else _STRANGERS
    retry_at = None if reason else at + max(policy.wait(counted.failures), answer.retry_after)
    changed = {"retry_at": retry_at} | (
        {"state": "disabled", "disabled_reason": reason} if reason else {}
    )
    await event_queries.change_subscription(session, counted.id, changed)
    attempt = Attempt(False, answer.status, answer.error, at, retry_at)
    await event_queries.record_attempts(session, counted.id, [(event, attempt)])
    log.warning("delivery_failed", subscription=counted.name, error=answer.error, retry_at=retry_at)
    if retry_at is not None:
        await enqueue_delivery(session, counted, run_at=retry_at)


def _reason_to_disable(subscription: Row[Any], answer: _Answer, at: datetime) -> str | None:
    """Why a subscriber gets nothing any more. Our own services are never given up."""
    if subscription.built_in:
        return None
    if answer.status == GONE:
        return "It answered 410: it wants no more events"
    if at - subscription.failing_since >= GIVE_UP_AFTER:
        return f"It failed for {GIVE_UP_AFTER.days} days"
    return None


def retry_after(header: str | None, at: datetime) -> timedelta:
    """The wait that a Retry-After header asks for (RFC 9110, 10.2.3); 0 when it is none."""
    if header is None:
        return timedelta(0)
    try:
        if header.strip().isdecimal():
            wait = timedelta(seconds=min(int(header), LONGEST_RETRY_AFTER.total_seconds()))
        else:
            wait = parsedate_to_datetime(header) - at
    except (ValueError, TypeError, OverflowError):
        return timedelta(0)
    return min(max(wait, timedelta(0)), LONGEST_RETRY_AFTER)


_POLICY = RetryPolicy(attempts=None, longest_wait=timedelta(minutes=1))
DELIVER_JOB = Job(DELIVER, deliver_events, retry=_POLICY, lane=DELIVERIES_LANE)
FIRST_JOB = Job(FIRST, deliver_events, retry=_POLICY, lane=NEWCOMERS_LANE)
RETRY_JOB = Job(RETRY, deliver_events, retry=_POLICY, lane=RETRIES_LANE)
