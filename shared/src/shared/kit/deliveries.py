"""Delivery of events: one job per subscriber, strictly in sequence, for days if need be."""

import asyncio
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from shared.errors import Unavailable
from shared.kit import event_queries
from shared.kit.clock import now
from shared.kit.database import transaction
from shared.kit.event_queries import Attempt
from shared.kit.events import DELIVER, DELIVERIES_LANE, enqueue_delivery
from shared.kit.jobs import Job, JobContext, RetryPolicy
from shared.kit.logging import logger
from shared.kit.tls import tls_context
from shared.kit.webhook_targets import RefusedTarget, resolve_target
from shared.kit.webhooks import cloud_event, signed_request

log = logger(__name__)

BATCH = 100
ATTEMPT_SECONDS = 5
GONE = 410
GIVE_UP_AFTER = timedelta(days=5)
LONGEST_RETRY_AFTER = timedelta(days=1)
_STRANGERS = RetryPolicy(None, timedelta(seconds=5), timedelta(hours=6))
# Our own services come back after a restart; their figures should not wait for hours.
_BUILT_INS = RetryPolicy(None, timedelta(seconds=1), timedelta(seconds=30))


@dataclass(frozen=True)
class _Answer:
    """A subscriber's answer to one event; `status` is None when none came."""

    status: int | None
    error: str | None = None
    retry_after: timedelta = timedelta(0)

    @property
    def delivered(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


async def deliver_events(context: JobContext, payload: Mapping[str, Any]) -> None:
    """Send a subscriber what it has not had yet, until it fails once or a batch is done.

    A failing subscriber has exactly one job: the one that waits for its next attempt.
    """
    key = uuid.UUID(payload["subscription"])
    async with transaction(context.engine) as session:
        subscription = await event_queries.find_subscription(session, key)
        if subscription is None or subscription.state != "active":
            return
        if subscription.retry_at is not None and subscription.retry_at > now():
            await enqueue_delivery(session, subscription, run_at=subscription.retry_at)
            return
        events = await event_queries.next_events(
            session, subscription.cursor, subscription.types, BATCH
        )
    # A client per subscriber: connections are shared by address, and addresses by hosts.
    async with httpx.AsyncClient(
        verify=tls_context(), trust_env=False, timeout=ATTEMPT_SECONDS
    ) as http:
        all_delivered = await _deliver(context, http, subscription, events)
    if all_delivered and len(events) == BATCH:
        async with transaction(context.engine) as session:
            await enqueue_delivery(session, subscription)


async def _deliver(
    context: JobContext,
    http: httpx.AsyncClient,
    subscription: Row[Any],
    events: Sequence[Row[Any]],
) -> bool:
    """Send these events in order; False as soon as one is not delivered."""
    seen: int = subscription.cursor
    for event in events:
        request = await _signed(context, subscription, event)
        answer = await _send(http, request, _may_be_private(context, subscription))
        async with transaction(context.engine) as session:
            if not answer.delivered:
                await _note_failure(session, subscription, event, answer)
                return False
            if not await event_queries.advance(session, subscription.id, seen, event.sequence):
                # A replay moved the cursor meanwhile: go on from there.
                await enqueue_delivery(session, subscription)
                return False
            attempt = Attempt(True, answer.status, None, now(), None)
            await event_queries.record_attempt(session, subscription.id, event, attempt)
        seen = event.sequence
    return True


@dataclass(frozen=True)
class _SignedEvent:
    url: str
    body: bytes
    headers: dict[str, str]


async def _signed(context: JobContext, subscription: Row[Any], event: Row[Any]) -> _SignedEvent:
    """Our own services get our token beside the signature; strangers never do."""
    source = f"urn:tollgate:{context.settings.service_name}"
    body, headers = signed_request(cloud_event(event, source), subscription.secret, now())
    if subscription.built_in:
        with suppress(Unavailable):
            headers["Authorization"] = f"Bearer {await context.identity.token()}"
    return _SignedEvent(subscription.url, body, headers)


def _may_be_private(context: JobContext, subscription: Row[Any]) -> bool:
    allowed: bool = subscription.built_in or context.settings.allow_private_subscribers
    return allowed


async def _send(http: httpx.AsyncClient, event: _SignedEvent, allow_private: bool) -> _Answer:
    """One attempt; only the status and Retry-After of the answer are read."""
    try:
        async with asyncio.timeout(ATTEMPT_SECONDS):
            target = await resolve_target(event.url, allow_private=allow_private)
            reply = await http.send(target.request(event.body, event.headers), stream=True)
            await reply.aclose()
    except RefusedTarget as refusal:
        return _Answer(None, f"The URL is refused: {refusal}")
    except TimeoutError:
        return _Answer(None, f"No answer within {ATTEMPT_SECONDS} s")
    except (httpx.HTTPError, httpx.InvalidURL) as failure:
        return _Answer(None, f"No answer: {type(failure).__name__}")
    error = None if reply.is_success else f"It answered {reply.status_code}"
    return _Answer(reply.status_code, error, retry_after(reply.headers.get("Retry-After"), now()))


async def _note_failure(
    session: AsyncSession, subscription: Row[Any], event: Row[Any], answer: _Answer
) -> None:
    """Count the failure and enqueue the one next attempt, or give the subscriber up."""
    at = now()
    counted = await event_queries.count_failure(session, subscription.id, at)
    if counted is None:
        return
    reason = _reason_to_disable(counted, answer, at)
    policy = _BUILT_INS if counted.built_in else _STRANGERS
    retry_at = None if reason else at + max(policy.wait(counted.failures), answer.retry_after)
    changed = {"retry_at": retry_at} | (
        {"state": "disabled", "disabled_reason": reason} if reason else {}
    )
    await event_queries.change_subscription(session, subscription.id, changed)
    attempt = Attempt(False, answer.status, answer.error, at, retry_at)
    await event_queries.record_attempt(session, subscription.id, event, attempt)
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


DELIVER_JOB = Job(
    DELIVER,
    deliver_events,
    retry=RetryPolicy(attempts=None, longest_wait=timedelta(minutes=1)),
    lane=DELIVERIES_LANE,
)
