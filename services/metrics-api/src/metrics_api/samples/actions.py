"""Taking in samples, and looking at an SLI in a new way."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec

from metrics_api.intake.bodies import Records
from metrics_api.samples import queries, rules
from metrics_api.samples.rules import Refused, Sample, SampleIn
from metrics_api.samples.schemas import SamplesReply
from metrics_api.samples.sum_queries import sum_up
from metrics_api.slis.queries import get_sli, lock_samples
from metrics_api.slis.rules import FeedKind, RatioParts
from metrics_api.versioned.actions import check_active
from shared.errors import Conflict
from shared.kit.clock import now
from shared.kit.database import Session
from shared.schemas.metrics import Rejection

CHUNK = 5_000
REJECTIONS_SHOWN = 1_000
_decoder = msgspec.json.Decoder(SampleIn)


@dataclass
class Push:
    """Samples of one SLI under way into the database."""

    sli: Any
    now: datetime
    samples: list[Sample] = field(default_factory=list)
    rows: int = 0
    rejected: list[Rejection] = field(default_factory=list)
    rejections: int = 0
    changed: int = 0


async def begin_push(session: Session, key: str) -> Push:
    """404 for an SLI that is not there, 409 for one that takes no samples from outside."""
    sli = await get_sli(session, key)
    check_active(f"The SLI {key}", sli.state)
    if sli.feed["kind"] == FeedKind.RECORDS:
        raise Conflict(
            f"The SLI {key} is counted from records and takes no samples", code="counted_of_records"
        )
    return Push(sli, now())


async def take_in(session: Session, push: Push, records: Records) -> None:
    """Check records and keep them, some thousand at a time."""
    parts = RatioParts(push.sli.parts) if push.sli.parts else None
    for number, raw in records:
        push.rows += 1
        try:
            push.samples.append(rules.sample_of(_decoded(raw), parts, push.now))
        except Refused as refused:
            push.rejections += 1
            if len(push.rejected) < REJECTIONS_SHOWN:
                push.rejected.append(
                    Rejection(line=number, pointer=refused.pointer, reason=refused.reason)
                )
    if len(push.samples) >= CHUNK:
        await _flush(session, push)


async def end_push(session: Session, push: Push) -> SamplesReply:
    """Keep what is left and tell the totals."""
    await _flush(session, push)
    return SamplesReply(
        rows=push.rows,
        accepted=push.rows - push.rejections,
        rejected=push.rejections,
        changed=push.changed,
        rejections=push.rejected,
    )


def _decoded(raw: bytes | msgspec.Raw) -> SampleIn:
    try:
        sample = _decoder.decode(raw)
        sample.series.encode()
        return sample
    except msgspec.ValidationError as error:
        reason, _, path = str(error).partition(" - at `$")
        pointer = path.rstrip("`").replace(".", "/")
        raise Refused(pointer, reason) from None
    except (msgspec.DecodeError, UnicodeError, RecursionError, OverflowError, ValueError):
        raise Refused("", "is no JSON object of a sample") from None


async def _flush(session: Session, push: Push) -> None:
    samples, push.samples = push.samples, []
    push.changed += await store_samples(session, push.sli, samples)


async def store_samples(session: Session, sli: Any, samples: Sequence[Sample]) -> int:
    """Keep samples of an SLI (its row) and bring its sums up to date; how many were new or other.

    Others that push samples of this SLI wait until the transaction ends. Samples are received once
    it is their turn: what is known at a moment should not come long after it.
    """
    if not samples:
        return 0
    await lock_samples(session, sli.key)
    distinct = rules.newest_of_each(samples)
    changed = await queries.upsert_samples(session, sli.key, distinct, now())
    if changed:
        minutes = await queries.touched_minutes(session, sli.key, changed, counter=sli.counter)
        await sum_up(session, await queries.facets_on(session, sli.key), minutes)
    return len(changed)
