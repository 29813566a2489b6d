"""Bulk ingest: records are checked as they arrive, and stored chunk by chunk.

Each chunk is a transaction of its own, so that a million lines need neither one transaction nor
memory for them: what was committed stays, and re-sending the request completes it.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import msgspec

from metrics_api.attribution.queries import current_directory
from metrics_api.attribution.rules import Memory
from metrics_api.imports import queries as imports
from metrics_api.imports.queries import NOTHING, Counts, Rejected
from metrics_api.intake.bodies import Records
from metrics_api.intake.kinds import Intake, Sized
from metrics_api.intake.storing import Outcome
from metrics_api.intake.updates import Refused
from shared.errors import ApiError
from shared.kit import clock
from shared.kit.auth import Principal
from shared.kit.database import Engine, Session, driver, transaction
from shared.schemas.metrics import BatchReply, Rejection

CHUNK = 4_000
CHUNK_BYTES = 8 * 1024 * 1024
AT_ONCE = 2
REJECTIONS_SHOWN = 1_000


@dataclass
class Chunk:
    """Records that are stored together."""

    updates: list[Sized] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    records: set[tuple[int, str]] = field(default_factory=set)
    size: int = 0  # bytes of the updates

    @property
    def rows(self) -> int:
        return len(self.updates) + len(self.rejected)

    def meets(self, other: "Chunk") -> bool:
        return not self.records.isdisjoint(other.records)


@dataclass
class BulkIngest:
    """One bulk request under way: what it needs, and what has been committed of it."""

    intake: Intake[Any, Any]
    engine: Engine
    memory: Memory
    caller: Principal
    id: UUID = field(default_factory=uuid4)
    total: Counts = NOTHING
    shown: list[Rejected] = field(default_factory=list)


async def take_in(work: BulkIngest, records: AsyncIterator[Records]) -> BatchReply:
    """Store all records; an error tells in `import` and `accepted` what was committed before it."""
    async with transaction(work.engine) as session:
        await current_directory(await driver(session), work.memory)
        started_by = work.caller.subject
        await imports.insert_import(session, work.id, work.intake.kind, started_by, clock.now())
    try:
        await _store_all(work, records)
    except ApiError as error:
        error.extra |= {"import": str(work.id), **work.total._asdict()}
        await _finish(work, error.detail)
        raise
    except BaseException as error:
        with suppress(Exception):  # most likely the same failure once more
            await asyncio.shield(_finish(work, f"broken off ({type(error).__name__})"))
        raise
    await _finish(work, None)
    return BatchReply(
        id=str(work.id),
        **work.total._asdict(),
        rejections=[Rejection(**rejected._asdict()) for rejected in work.shown],
    )


async def _finish(work: BulkIngest, problem: str | None) -> None:
    async with transaction(work.engine) as session:
        await imports.finish_import(session, work.id, problem, clock.now())


async def _store_all(work: BulkIngest, records: AsyncIterator[Records]) -> None:
    """While PostgreSQL writes one chunk the next is folded and a third is read.

    Chunks with a record in common follow each other: the later one needs what the earlier wrote.
    """
    storing: deque[tuple[asyncio.Task[None], Chunk]] = deque()
    try:
        async for chunk in _chunks(work, records):
            while len(storing) == AT_ONCE or any(chunk.meets(other) for _, other in storing):
                await storing.popleft()[0]
            storing.append((asyncio.create_task(_store(work, chunk)), chunk))
    finally:
        # Also when the body turns out broken: what came before it is kept.
        for end in await asyncio.gather(*(task for task, _ in storing), return_exceptions=True):
            if end is not None:
                raise end


async def _chunks(work: BulkIngest, records: AsyncIterator[Records]) -> AsyncIterator[Chunk]:
    """Full chunks; the last one also when the body ends in an error, which is raised after it."""
    chunk = Chunk()
    broken: ApiError | None = None
    try:
        async for some in records:
            for number, raw in some:
                _add(work, chunk, number, raw)
            if chunk.rows >= CHUNK or chunk.size >= CHUNK_BYTES:
                yield chunk
                chunk = Chunk()
            await asyncio.sleep(0)  # a few milliseconds of work: others get their turn
    except ApiError as error:
        broken = error
    if chunk.rows:
        yield chunk
    if broken is not None:
        raise broken


def _add(work: BulkIngest, chunk: Chunk, number: int, raw: bytes | msgspec.Raw) -> None:
    try:
        update = work.intake.read(work.memory, raw, work.caller)
    except Refused as refused:
        rejected = Rejected(number, refused.pointer, refused.reason)
        chunk.rejected.append(rejected)
        if len(work.shown) < REJECTIONS_SHOWN:
            work.shown.append(rejected)
    else:
        chunk.updates.append(update)
        chunk.records.add((update.source.id, update.fields.external_id))
        chunk.size += len(update.payload)


async def _store(work: BulkIngest, chunk: Chunk) -> None:
    alongside = partial(_count, work.id, chunk.rejected)
    taken = await work.intake.store(work.engine, work.memory, chunk.updates, alongside)
    added = _counts(taken.outcomes, chunk.rejected)
    work.total = Counts._make(map(sum, zip(work.total, added, strict=True)))


async def _count(
    import_id: UUID,
    rejected: Sequence[Rejected],
    session: Session,
    outcomes: Sequence[Outcome],
) -> None:
    await imports.insert_rejections(session, import_id, rejected)
    await imports.advance_import(session, import_id, _counts(outcomes, rejected), clock.now())


def _counts(outcomes: Sequence[Outcome], rejected: Sequence[Rejected]) -> Counts:
    return Counts(
        rows=len(outcomes) + len(rejected),
        accepted=len(outcomes),
        rejected=len(rejected),
        created=outcomes.count(Outcome.CREATED),
        repeated=outcomes.count(Outcome.REPEATED),
    )
