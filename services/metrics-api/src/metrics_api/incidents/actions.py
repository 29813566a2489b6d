"""Taking updates in: one way for a single POST, a JSON array and a stream of lines.

The steps of a chunk: hold the directory still, lock the incidents that are known, fold, write
the new rows with COPY and the changed ones with one UPDATE, and add what changed to the cells.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple

from metrics_api.attribution.queries import ask_for_revision, directory_at
from metrics_api.attribution.rules import Memory
from metrics_api.breaches.queries import record_breaches, retract_breaches
from metrics_api.breaches.rules import after_change, as_row, breached_clocks
from metrics_api.copying import FEW
from metrics_api.incidents import queries
from metrics_api.incidents.rules import FoldedIncident, Knowledge, StoredIncident, settle
from metrics_api.incidents.updates import Update, accept, decode
from metrics_api.indicators.queries import insert_deltas
from metrics_api.indicators.rules import Contributions, accumulate, contributions
from metrics_api.intake.kinds import Intake
from metrics_api.intake.storing import (
    SLICE,
    Alongside,
    Outcome,
    ask_for_unknown_names,
    by_record,
    late,
    not_known,
    repeated,
    unchanged,
    until_won,
    version_of,
)
from metrics_api.readings.queries import note_repeats
from metrics_api.sources.rules import SourceRules
from shared.kit import clock
from shared.kit.database import Engine, Session, driver
from shared.schemas.metrics import RecordKind


@dataclass(frozen=True)
class TakenIn:
    """What became of updates, in their order, and of their incidents."""

    outcomes: Sequence[Outcome]
    incidents: Mapping[tuple[int, str], StoredIncident]


async def ingest(
    engine: Engine,
    memory: Memory,
    updates: Sequence[Update],
    alongside: Alongside | None = None,
) -> TakenIn:
    """Store updates in a transaction of their own; `alongside` writes in the same one."""

    async def step(session: Session) -> TakenIn:
        taken = await ingest_chunk(session, memory, updates)
        again = [
            version_of(RecordKind.INCIDENT, each) for each in repeated(updates, taken.outcomes)
        ]
        await note_repeats(await driver(session), again)
        if alongside is not None:
            await alongside(session, taken.outcomes)
        return taken

    return await until_won(engine, step)


def _alone(taken: TakenIn, update: Update, place: int) -> TakenIn:
    """What became of one update of a group, and of its incident."""
    identity = update.source.id, update.fields.external_id
    return TakenIn([taken.outcomes[place]], {identity: taken.incidents[identity]})


INTAKE = Intake(RecordKind.INCIDENT, decode, accept, ingest, _alone)


@dataclass
class Writes:
    """The rows that a chunk comes to."""

    created: list[list[Any]] = field(default_factory=list)
    changed: list[list[Any]] = field(default_factory=list)
    versions: list[Sequence[Any]] = field(default_factory=list)
    transitions: list[Sequence[Any]] = field(default_factory=list)
    rewritten: dict[int, list[str]] = field(default_factory=dict)
    removed: dict[int, list[str]] = field(default_factory=dict)
    deltas: Contributions = field(default_factory=dict)
    unknown_names: set[tuple[int, str]] = field(default_factory=set)
    breached: list[dict[str, Any]] = field(default_factory=list)
    retracted: list[tuple[int, str, str]] = field(default_factory=list)

    def are_few(self) -> bool:
        rows = (self.created, self.changed, self.versions, self.transitions, self.deltas)
        return all(len(some) <= FEW for some in rows)


class Known(NamedTuple):
    """What is stored of an incident; its versions are read only if an update of it is late."""

    stored: StoredIncident | None
    versions: Sequence[Update]


class Reading(NamedTuple):
    """By which lights the updates of one source are read."""

    source: SourceRules
    attribute: Callable[[str | None], str | None]
    knowledge: Knowledge


@dataclass
class Chunk:
    """Updates on their way in: what became of each, and of their incidents."""

    updates: Sequence[Update]
    outcomes: list[Outcome]
    incidents: dict[tuple[int, str], StoredIncident] = field(default_factory=dict)
    writes: Writes = field(default_factory=Writes)


async def ingest_chunk(session: Session, memory: Memory, updates: Sequence[Update]) -> TakenIn:
    """Store updates in the session's transaction."""
    conn = await driver(session)
    grouped = sorted(by_record(updates).items())
    async with conn.pipeline():
        revision = await ask_for_revision(conn)
        asked = [await queries.ask_for_incidents(conn, *group) for group in grouped]
    directory = await directory_at(conn, memory, revision)
    knowledge = directory.knowledge()
    chunk = Chunk(updates, [Outcome.REPEATED] * len(updates))
    for (source_id, incidents), locking in zip(grouped, asked, strict=True):
        source = unchanged(directory.by_id[source_id], updates, incidents)
        stored = await queries.locked_incidents(locking)
        kept = await _read_versions_of_late(conn, source, incidents, updates, stored)
        attribute = partial(directory.service_of, source.key)
        reading = Reading(source, attribute, knowledge)
        for number, (external_id, places) in enumerate(incidents.items(), 1):
            if number % SLICE == 0:
                await asyncio.sleep(0)
            known = Known(stored.get(external_id), kept.get(external_id, []))
            _take(chunk, known, places, reading)
    await write(conn, chunk.writes)
    await ask_for_unknown_names(session, memory, chunk.writes.unknown_names)
    return TakenIn(chunk.outcomes, chunk.incidents)


def _take(
    chunk: Chunk,
    known: Known,
    places: Sequence[int],
    reading: Reading,
) -> None:
    """Fold what is new of one incident's updates, and collect what has to be written."""
    source, attribute, knowledge = reading
    external_id = chunk.updates[places[0]].fields.external_id
    after = known.stored
    added = not_known(chunk.updates, chunk.outcomes, places, known.stored, known.versions)
    if added:
        at = clock.now()
        after = settle(known.stored, known.versions, added, source, attribute, at, knowledge)
        identity = (source.id, external_id)
        collect(chunk.writes, identity, known.stored, after)
        collect_breaches(chunk.writes, identity, known.stored, after, knowledge, at)
        _collect_versions(chunk.writes, added, attribute, at)
    assert after is not None, "what is not new is stored"
    chunk.incidents[source.id, external_id] = after


async def _read_versions_of_late(
    conn: queries.Connection,
    source: SourceRules,
    incidents: Mapping[str, Sequence[int]],
    updates: Sequence[Update],
    stored: Mapping[str, StoredIncident],
) -> dict[str, list[Update]]:
    """Kept updates of the incidents whose updates do not all come after the newest kept one."""
    ids = late(updates, incidents, stored)
    if not ids:
        return {}
    since = min(stored[external_id].first_received_at for external_id in ids)
    return await queries.read_versions(conn, source, ids, since)


def collect(
    writes: Writes,
    identity: tuple[int, str],
    before: StoredIncident | None,
    after: StoredIncident,
) -> None:
    """What has to be written for one incident, its versions apart."""
    source_id, external_id = identity
    row = queries.incident_row(source_id, external_id, after)
    folded, moves = after.folded, after.folded.transitions
    written = 0
    if before is None:
        writes.created.append(row)
    else:
        writes.changed.append(row)
        written = len(before.folded.transitions)
        same_service = folded.service == before.folded.service
        if not same_service or moves[:written] != before.folded.transitions:
            writes.rewritten.setdefault(source_id, []).append(external_id)
            written = 0
    _collect_deltas(writes.deltas, before and before.folded, folded)
    writes.transitions.extend(
        (source_id, external_id, seq, *move, folded.service)
        for seq, move in enumerate(moves[written:], written + 1)
    )
    if folded.service is None and folded.service_name is not None:
        writes.unknown_names.add((source_id, folded.service_name))


def collect_removal(
    writes: Writes, identity: tuple[int, str], before: StoredIncident, now: datetime
) -> None:
    """What has to be written for an incident of which no version counts any more."""
    source_id, external_id = identity
    writes.removed.setdefault(source_id, []).append(external_id)
    accumulate(writes.deltas, contributions(before.folded), -1)
    clocks = breached_clocks(before.folded, now)
    writes.retracted.extend((*identity, clock.value) for clock in clocks)


def collect_breaches(
    writes: Writes,
    identity: tuple[int, str],
    before: StoredIncident | None,
    after: StoredIncident,
    knowledge: Knowledge,
    now: datetime,
) -> None:
    """What the clocks of one incident come to; those that still run are watched by a job."""
    was = None if before is None else before.folded
    terms = knowledge.terms.of(after.folded.service)
    changed = after_change(identity, was, after.folded, terms, now)
    writes.breached.extend(as_row(breach, now) for breach in changed.breached)
    writes.retracted.extend(changed.retracted)


def _collect_deltas(
    deltas: Contributions, before: FoldedIncident | None, after: FoldedIncident
) -> None:
    """What an incident changes of the sums; most updates of a known one change none of them."""
    added = contributions(after)
    if before is None:
        accumulate(deltas, added)
        return
    taken = contributions(before)
    if taken != added:
        accumulate(deltas, taken, -1)
        accumulate(deltas, added)


def _collect_versions(
    writes: Writes,
    added: Sequence[Update],
    attribute: Callable[[str | None], str | None],
    received_at: datetime,
) -> None:
    writes.versions.extend(
        queries.version_row(update, received_at, attribute(update.fields.service or None))
        for update in added
    )


async def write(conn: queries.Connection, writes: Writes) -> None:
    """Few rows go in one turn; COPY, for many, knows no pipeline."""
    async with conn.pipeline() if writes.are_few() else nullcontext():
        for source_id, external_ids in writes.rewritten.items():
            await queries.delete_transitions(conn, source_id, external_ids)
        for source_id, external_ids in writes.removed.items():
            await queries.delete_incidents(conn, source_id, external_ids)
        await queries.insert_incidents(conn, writes.created)
        await queries.update_incidents(conn, writes.changed)
        await queries.insert_versions(conn, writes.versions)
        await queries.insert_transitions(conn, writes.transitions)
        await insert_deltas(conn, writes.deltas)
        await record_breaches(conn, writes.breached)
        await retract_breaches(conn, writes.retracted, clock.now())
