"""Taking deliveries in: proven, stored together with those of the same moment, then answered."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from metrics_api.gathering import Gathering
from metrics_api.inbox import queries
from metrics_api.inbox.queries import Delivery, ReceiptFilter
from metrics_api.inbox.rules import (
    Inlet,
    answer_to_challenge,
    kept_headers,
    parsed,
    prove,
    repeat_key,
)
from metrics_api.source_health.refusals import RefusalCount
from metrics_api.sources.queries import get_source
from metrics_api.sources.rules import CATALOG_SOURCE
from metrics_api.sources.signatures import BadSignature
from shared.errors import ApiError, BadRequest, Forbidden, Invalid, NotFound, TooLarge, Unavailable
from shared.kit import audit, clock
from shared.kit.auth import Principal
from shared.kit.database import Engine, Session, driver, reading, transaction
from shared.kit.jobs import bring_forward

PROCESS_JOB = "process_receipts"
LANE = "inbox"
BODY_LIMIT = 8 * 1024 * 1024
GROUP = 200
ASK_EVERY = 0.5  # seconds; the job lingers for longer, so what is not asked for is seen too
_TRIES = 4


class Received(NamedTuple):
    """The receipt of a delivery, and whether it was there already."""

    receipt: int
    repeated: bool


@dataclass
class Inbox:
    """What a process remembers of the sources, as of a revision, and who waits to be stored."""

    engine: Engine
    revision: int = -1
    inlets: Mapping[str, Inlet] = field(default_factory=dict)
    asked_at: float = float("-inf")
    reading: asyncio.Lock = field(default_factory=asyncio.Lock)
    gathering: Gathering[Delivery, Received | None] = field(init=False)
    refused: RefusalCount = field(init=False)

    def __post_init__(self) -> None:
        self.refused = RefusalCount(self.engine)
        self.gathering = Gathering(self._store, at_most=GROUP)

    def note_refusal(self, source: str, error: ApiError) -> None:
        """Count what was refused of a source that there is, for whoever looks after it."""
        if source in self.inlets and source != CATALOG_SOURCE:
            self.refused.note(source, error.code, str(error))

    async def _store(self, deliveries: Sequence[Delivery]) -> Sequence[Received | None]:
        return await store(self, deliveries)


class Sent(NamedTuple):
    """A request; `vouched`: its bearer may write records by a token."""

    source: str
    headers: Mapping[str, str]
    body: bytes
    vouched: bool


async def receive(inbox: Inbox, sent: Sent) -> Received:
    """Store a delivery; answered when it is committed.

    It was judged by what this process remembers of its source. The commit asks whether that still
    holds: if not it is judged anew, so a revoked secret or key is out at once.
    Raises BadRequest, Forbidden, Invalid, NotFound, TooLarge.
    """
    if len(sent.body) > BODY_LIMIT:
        raise TooLarge(f"A delivery may have at most {BODY_LIMIT} bytes")
    for _ in range(_TRIES):
        delivery = await _judged(inbox, sent)
        received = await inbox.gathering.put(delivery)
        if received is not None:
            return received
    raise Unavailable("The source is being changed: repeat the delivery")


async def _judged(inbox: Inbox, sent: Sent) -> Delivery:
    judged_by = inbox.revision
    try:
        return _delivery(inbox, sent)
    except (BadSignature, Forbidden, NotFound):
        if not await refresh(inbox, judged_by):
            raise
    return _delivery(inbox, sent)


def _delivery(inbox: Inbox, sent: Sent) -> Delivery:
    """Raises BadSignature, and the errors of the request."""
    inlet, now = _inlet(inbox, sent.source), clock.now()
    if not sent.vouched:
        prove(inlet, sent.headers, sent.body, now)
    try:
        payload = parsed(sent.body)
    except (ValueError, RecursionError) as error:
        raise BadRequest(f"The body is not valid JSON: {error}", code="unparsable") from None
    if not isinstance(payload, dict | list):
        raise Invalid("The body must be a JSON object or array", pointer="")
    key = repeat_key(inlet, sent.headers, payload, sent.body)
    return Delivery(inlet.id, key, now, kept_headers(sent.headers, inlet.signing), sent.body)


def _inlet(inbox: Inbox, source: str) -> Inlet:
    inlet = inbox.inlets.get(source)
    if inlet is None or source == CATALOG_SOURCE:  # only the catalog's events write that one
        raise NotFound(f"There is no source {source}", code="unknown_source")
    if not inlet.active:
        raise Forbidden(f"The source {source} is not active", code="source_not_active")
    return inlet


async def refresh(inbox: Inbox, judged_by: int) -> bool:
    """Read the sources again if they are not of this revision any more: whether they were not."""
    async with inbox.reading:
        if inbox.revision != judged_by:  # another request read them while we waited
            return True
        async with transaction(inbox.engine) as session:
            conn = await driver(session)
            if await queries.inlets_revision(conn) == judged_by:
                return False
            inbox.revision, inbox.inlets = await queries.read_inlets(conn)
    return True


async def store(inbox: Inbox, deliveries: Sequence[Delivery]) -> Sequence[Received | None]:
    """Store a group at once; None for all: judged by sources that have changed."""
    firsts = {delivery[:2]: delivery for delivery in reversed(deliveries)}
    judged_by = inbox.revision
    async with reading(inbox.engine) as session:
        stored = await queries.store(session, list(reversed(firsts.values())), judged_by)
    if stored is None:
        await refresh(inbox, judged_by)
        return [None] * len(deliveries)
    await _ask_for_processing(inbox)
    return [_received(stored, delivery, firsts) for delivery in deliveries]


def _received(
    stored: queries.Stored, delivery: Delivery, firsts: Mapping[Any, Delivery]
) -> Received:
    identity = delivery[:2]
    if identity in stored.new:
        return Received(stored.new[identity], firsts[identity] is not delivery)
    return Received(stored.known[identity], True)


async def _ask_for_processing(inbox: Inbox) -> None:
    """Enqueue the job, at most twice a second: its row would cost more than the group's own."""
    moment = time.monotonic()
    if moment - inbox.asked_at >= ASK_EVERY:
        async with transaction(inbox.engine) as session:
            await ask_for_processing(session)
        inbox.asked_at = moment


async def ask_for_processing(session: Session) -> None:
    await bring_forward(session, PROCESS_JOB, lane=LANE)


async def challenge(inbox: Inbox, source: str, token: str) -> str:
    """The answer to a tool that asks whether we know its secret; raises NotFound."""
    for _ in range(2):
        inlet, judged_by = inbox.inlets.get(source), inbox.revision
        answer = inlet and answer_to_challenge(inlet, token, clock.now())
        if answer or not await refresh(inbox, judged_by):
            break
    if not answer:
        raise NotFound("There is no challenge to answer here", code="no_challenge")
    return answer


async def replay(
    session: Session,
    source: str,
    states: Sequence[str],
    wanted: ReceiptFilter,
    caller: Principal,
) -> int:
    """Have receipts processed again by the present settings: how many."""
    found = await get_source(session, source)
    count = await queries.replay(session, found.id, states, wanted)
    after = {"states": list(states), "count": count, **vars(wanted)}
    await audit.record(session, caller, "replayed", ("source_receipts", source), after=after)
    if count:
        await ask_for_processing(session)
    return count
