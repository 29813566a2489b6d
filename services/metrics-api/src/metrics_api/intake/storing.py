"""Storing updates of any kind: what became of them, lost races, rules that changed meanwhile."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from datetime import timedelta
from enum import StrEnum
from typing import Any, Protocol, TypeVar

import psycopg

from metrics_api.attribution.rules import RESOLVE_JOB, Memory
from metrics_api.intake.updates import Order
from metrics_api.readings.rules import Version
from metrics_api.sources.rules import SourceRules
from shared.errors import Conflict
from shared.kit import clock
from shared.kit.database import Engine, Session, transaction
from shared.kit.jobs import enqueue
from shared.schemas.metrics import RecordKind

LOST_RACES = (
    psycopg.errors.UniqueViolation,
    psycopg.errors.SerializationFailure,
    psycopg.errors.DeadlockDetected,
)
"""Another transaction created the same record first, or each waits for the other: do it again."""

SLICE = 200
"""Records folded before other requests get their turn: a few milliseconds."""

_ATTEMPTS = 10

ASK_AGAIN = 60.0  # seconds; the periodic refresh asks anyway
ASKED_KEPT = 10_000
RESOLVE_AFTER = timedelta(seconds=2)  # many new names, one question

Result = TypeVar("Result")


class SourceChanged(Conflict):
    """The updates were read by rules of their source that do not hold any more."""

    code = "source_changed"


class Outcome(StrEnum):
    CREATED = "created"
    UPDATED = "updated"
    REPEATED = "repeated"


Alongside = Callable[[Session, Sequence[Outcome]], Awaitable[None]]


class AnyUpdate(Protocol):
    """What updates of all kinds have."""

    @property
    def source(self) -> SourceRules: ...
    @property
    def fields(self) -> Any: ...
    @property
    def digest(self) -> bytes: ...
    @property
    def order(self) -> Order: ...


Update = TypeVar("Update", bound=AnyUpdate)


class Stored(Protocol):
    """What is stored of a record of any kind."""

    @property
    def digest(self) -> bytes: ...
    @property
    def order(self) -> Order: ...


async def until_won(engine: Engine, step: Callable[[Session], Awaitable[Result]]) -> Result:
    """Do a step in a transaction of its own.

    It is not the request's, because losing a race for a new record fails the whole transaction,
    and is answered by doing it again.
    """
    for attempt in range(_ATTEMPTS):
        try:
            async with transaction(engine) as session:
                return await step(session)
        except LOST_RACES:
            if attempt == _ATTEMPTS - 1:
                raise
            await asyncio.sleep(random.uniform(0, 0.02 * 2**attempt))  # noqa: S311 - no secret
    raise AssertionError("unreachable")


def by_record(updates: Iterable[AnyUpdate]) -> dict[int, dict[str, list[int]]]:
    """Places in `updates` by source and external id."""
    grouped: dict[int, dict[str, list[int]]] = {}
    for place, update in enumerate(updates):
        records = grouped.setdefault(update.source.id, {})
        records.setdefault(update.fields.external_id, []).append(place)
    return grouped


def unchanged(
    current: SourceRules, updates: Sequence[AnyUpdate], records: Mapping[str, Sequence[int]]
) -> SourceRules:
    """The rules of a source, if the updates were read by them and it still takes updates in."""
    for places in records.values():
        for place in places:
            read_by = updates[place].source
            if read_by is not current and read_by != current:
                raise SourceChanged(f"The source {current.key} was changed meanwhile: repeat this")
    return current


def late(
    updates: Sequence[AnyUpdate],
    records: Mapping[str, Sequence[int]],
    stored: Mapping[str, Stored],
) -> list[str]:
    """Records of which some update does not come after the newest kept one."""
    return [
        external_id
        for external_id, before in stored.items()
        if any(
            updates[place].digest != before.digest and updates[place].order < before.order
            for place in records[external_id]
        )
    ]


def not_known(
    updates: Sequence[Update],
    outcomes: list[Outcome],
    places: Sequence[int],
    stored: Stored | None,
    versions: Iterable[Update],
) -> list[Update]:
    """The updates of one record that are not kept yet; their outcomes are set."""
    digests = {update.digest for update in versions}
    if stored is not None:
        digests.add(stored.digest)
    added: list[Update] = []
    for place in places:
        update = updates[place]
        if update.digest not in digests:
            digests.add(update.digest)
            outcomes[place] = Outcome.UPDATED if stored or added else Outcome.CREATED
            added.append(update)
    return added


def repeated(updates: Sequence[Update], outcomes: Sequence[Outcome]) -> list[Update]:
    """The updates among these that were kept already."""
    pairs = zip(updates, outcomes, strict=True)
    return [update for update, outcome in pairs if outcome is Outcome.REPEATED]


def version_of(kind: RecordKind, update: AnyUpdate) -> Version:
    """The name of the version that an update is."""
    return Version(kind.value, update.source.id, update.fields.external_id, update.digest)


async def ask_for_unknown_names(
    session: Session, memory: Memory, names: Collection[tuple[int, str]]
) -> None:
    """Have the catalog asked, in a job, for names that were not asked for lately."""
    moment = time.monotonic()
    if all(moment - memory.asked_at.get(name, -ASK_AGAIN) < ASK_AGAIN for name in names):
        return
    if len(memory.asked_at) > ASKED_KEPT:
        memory.asked_at.clear()
    memory.asked_at.update(dict.fromkeys(names, moment))
    run_at = clock.now() + RESOLVE_AFTER
    await enqueue(session, RESOLVE_JOB, {}, queueing_lock=RESOLVE_JOB, run_at=run_at)
