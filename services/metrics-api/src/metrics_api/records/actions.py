"""Taking records in: one way for a single POST, bulk, the catalog's events and tools' webhooks.

The steps of a chunk: hold the directory still, lock the records that are known, fold, conclude,
and write the new rows with COPY and the changed ones with one UPDATE.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any, NamedTuple

from metrics_api.attribution.queries import ask_for_revision, directory_at
from metrics_api.attribution.rules import Directory, Memory
from metrics_api.copying import FEW
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
from metrics_api.intake.updates import given
from metrics_api.intake.words import name_of
from metrics_api.readings.queries import note_repeats
from metrics_api.records import ingest_queries as queries
from metrics_api.records import risk
from metrics_api.records.fields import ChangeIn, RecordIn
from metrics_api.records.ingest_queries import Question
from metrics_api.records.kinds import KINDS, Kind
from metrics_api.records.rules import StoredRecord, concluded, settle
from metrics_api.records.updates import RecordUpdate, accept, decode, read_fields
from metrics_api.sources.rules import SourceRules
from shared.kit import clock
from shared.kit.database import Engine, Session, driver
from shared.schemas.metrics import RecordKind


class Identity(NamedTuple):
    kind: RecordKind
    source_id: int
    external_id: str


@dataclass(frozen=True)
class TakenIn:
    """What became of updates, in their order, and the records they are of."""

    outcomes: Sequence[Outcome]
    records: Sequence[Identity]


def read_record(
    kind: RecordKind, source: SourceRules, fields: Mapping[str, Any] | RecordIn
) -> RecordUpdate:
    """The update that an adapter's fields (or decoded ones) are; raises Refused."""
    of_kind = KINDS[kind]
    if isinstance(fields, RecordIn):
        return accept(of_kind, fields, source)
    return accept(of_kind, read_fields(of_kind, fields), source)


async def take_in_records(
    engine: Engine,
    memory: Memory,
    updates: Sequence[RecordUpdate],
    alongside: Alongside | None = None,
) -> TakenIn:
    """Store updates of any kinds in a transaction of their own; `alongside` writes in the same one.

    Raises SourceChanged when they were read by rules of their source that do not hold any more.
    """

    async def step(session: Session) -> TakenIn:
        taken = await take_in_chunk(session, memory, updates)
        again = [version_of(each.kind.kind, each) for each in repeated(updates, taken.outcomes)]
        await note_repeats(await driver(session), again)
        if alongside is not None:
            await alongside(session, taken.outcomes)
        return taken

    return await until_won(engine, step)


INTAKES: Mapping[RecordKind, Intake[RecordUpdate, TakenIn]] = {
    name: Intake(name, partial(decode, kind), partial(accept, kind), take_in_records)
    for name, kind in KINDS.items()
}


@dataclass
class Writes:
    """The rows that a chunk comes to."""

    created: dict[RecordKind, list[list[Any]]] = field(default_factory=dict)
    changed: dict[RecordKind, list[list[Any]]] = field(default_factory=dict)
    versions: list[Sequence[Any]] = field(default_factory=list)
    transitions: list[Sequence[Any]] = field(default_factory=list)
    rewritten: dict[tuple[RecordKind, int], list[str]] = field(default_factory=dict)
    removed: dict[tuple[RecordKind, int], list[str]] = field(default_factory=dict)
    unknown_names: set[tuple[int, str]] = field(default_factory=set)

    def are_few(self) -> bool:
        """So few that none of them goes by COPY."""
        created = max(map(len, self.created.values()), default=0)
        return max(created, len(self.versions), len(self.transitions)) <= FEW


class Settled(NamedTuple):
    """A record before and after what is new of it."""

    source: SourceRules
    before: StoredRecord | None
    after: StoredRecord


async def take_in_chunk(
    session: Session, memory: Memory, updates: Sequence[RecordUpdate]
) -> TakenIn:
    """Store updates in the session's transaction."""
    conn = await driver(session)
    places = _by_kind(updates)
    async with conn.pipeline():
        revision = await ask_for_revision(conn)
    directory = await directory_at(conn, memory, revision)
    outcomes, writes = [Outcome.REPEATED] * len(updates), Writes()
    for kind, some in places.items():
        told = [updates[place] for place in some]
        became = [Outcome.REPEATED] * len(told)
        await _take_in_kind(conn, directory, KINDS[kind], Told(told, became), writes)
        for place, outcome in zip(some, became, strict=True):
            outcomes[place] = outcome
    await write(conn, writes)
    await ask_for_unknown_names(session, memory, writes.unknown_names)
    return TakenIn(outcomes, [_identity(update) for update in updates])


class Told(NamedTuple):
    """Updates of one kind, and what became of each."""

    updates: Sequence[RecordUpdate]
    outcomes: list[Outcome]


def _by_kind(updates: Sequence[RecordUpdate]) -> dict[RecordKind, list[int]]:
    """Places in `updates`, the kinds always in the same order, so that none waits in a circle."""
    places: dict[RecordKind, list[int]] = {kind: [] for kind in KINDS}
    for place, update in enumerate(updates):
        places[update.kind.kind].append(place)
    return {kind: some for kind, some in places.items() if some}


def _identity(update: RecordUpdate) -> Identity:
    return Identity(update.kind.kind, update.source.id, update.fields.external_id)


async def _take_in_kind(
    conn: queries.Connection, directory: Directory, kind: Kind, told: Told, writes: Writes
) -> None:
    """Fold the updates of one kind, and collect what has to be written."""
    grouped = sorted(by_record(told.updates).items())
    async with conn.pipeline():
        asked = [await queries.ask_for_records(conn, kind, *group) for group in grouped]
    settled: list[Settled] = []
    for (source_id, records), locking in zip(grouped, asked, strict=True):
        source = unchanged(directory.by_id[source_id], told.updates, records)
        stored = await queries.locked_records(locking, kind)
        ids = late(told.updates, records, stored)
        kept = await versions_of(conn, kind, source, {each: stored[each] for each in ids})
        for number, (external_id, places) in enumerate(records.items(), 1):
            if number % SLICE == 0:
                await asyncio.sleep(0)
            before, versions = stored.get(external_id), kept.get(external_id, [])
            added = not_known(told.updates, told.outcomes, places, before, versions)
            if added:
                at = clock.now()
                after = settle(before, versions, added, source, at)
                settled.append(Settled(source, before, after))
                _collect_versions(writes, added, directory, at)
    await collect(conn, directory, kind, settled, writes)


async def versions_of(
    conn: queries.Connection, kind: Kind, source: SourceRules, stored: Mapping[str, StoredRecord]
) -> dict[str, list[RecordUpdate]]:
    """All kept updates of these records."""
    if not stored:
        return {}
    since = min(record.first_received_at for record in stored.values())
    return await queries.read_versions(conn, kind, source, list(stored), since)


def _collect_versions(
    writes: Writes, added: Iterable[RecordUpdate], directory: Directory, received_at: datetime
) -> None:
    for update in added:
        service = directory.service_of(update.source.key, name_of(given(update.fields.service)))
        writes.versions.append(queries.version_row(update, received_at, service))


async def collect(
    conn: queries.Connection,
    directory: Directory,
    kind: Kind,
    settled: Sequence[Settled],
    writes: Writes,
) -> None:
    """What has to be written for records of one kind, their versions apart."""
    values = [concluded(kind, each.after, each.source, directory) for each in settled]
    if kind.kind is RecordKind.CHANGE:
        await _assess(conn, settled, values)
    for each, row in zip(settled, values, strict=True):
        _collect_record(writes, kind, each, row)


def _collect_record(writes: Writes, kind: Kind, settled: Settled, values: dict[str, Any]) -> None:
    before, after, source_id = settled.before, settled.after, settled.source.id
    service, external_id = values["service"], after.sent.external_id
    row = queries.record_row(kind, source_id, after, values)
    (writes.created if before is None else writes.changed).setdefault(kind.kind, []).append(row)
    written = 0 if before is None else len(before.transitions)
    if before is not None and (
        service != before.service or after.transitions[:written] != before.transitions
    ):
        writes.rewritten.setdefault((kind.kind, source_id), []).append(external_id)
        written = 0
    writes.transitions.extend(
        (kind.kind.value, source_id, external_id, seq, *move, service)
        for seq, move in enumerate(after.transitions[written:], written + 1)
    )
    if service is None and values["service_name"] is not None:
        writes.unknown_names.add((source_id, values["service_name"]))


async def write(conn: queries.Connection, writes: Writes) -> None:
    """Few rows go in one turn; COPY, for many, knows no pipeline."""
    async with conn.pipeline() if writes.are_few() else nullcontext():
        for (kind, source_id), external_ids in writes.rewritten.items():
            await queries.delete_transitions(conn, KINDS[kind], source_id, external_ids)
        for (kind, source_id), external_ids in writes.removed.items():
            await queries.delete_records(conn, KINDS[kind], source_id, external_ids)
        for kind, rows in writes.created.items():
            await queries.insert_records(conn, KINDS[kind], rows)
        for kind, rows in writes.changed.items():
            await queries.update_records(conn, KINDS[kind], rows)
        await queries.insert_versions(conn, writes.versions)
        await queries.insert_transitions(conn, writes.transitions)


async def _assess(
    conn: queries.Connection, settled: Sequence[Settled], values: Sequence[dict[str, Any]]
) -> None:
    """Score changes by what is known of them, their service and their group by now."""
    asked = [_questions(each, row) for each, row in zip(settled, values, strict=True)]
    history = await queries.outcomes_before(
        conn, (question for some in asked for question in some if question[1])
    )
    services = {row["service"] for row in values if row["service"] is not None}
    criticalities = await queries.criticalities(conn, services) if services else {}
    for each, row, (of_service, of_group) in zip(settled, values, asked, strict=True):
        sent = each.after.sent
        assert isinstance(sent, ChangeIn)
        score, factors = risk.score(
            risk.Facts(
                emergency=row["emergency"],
                type=given(sent.type),
                impact=row["impact"],
                criticality=criticalities.get(row["service"]),
                opened_at=row["opened_at"],
                planned_start_at=row["planned_start_at"],
                test_plan=given(sent.test_plan),
                backout_plan=given(sent.backout_plan),
                of_service=history.get(of_service, risk.NO_HISTORY),
                of_group=history.get(of_group, risk.NO_HISTORY),
            )
        )
        row["risk_score"] = score
        row["risk_factors"] = [factor._asdict() for factor in factors]


def _questions(settled: Settled, row: Mapping[str, Any]) -> tuple[Question, Question]:
    """Which changes came before this one; by days, so that many changes ask few questions."""
    moment = row["opened_at"] or row["planned_start_at"] or settled.after.stamped_at
    before = moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return (
        ("service", row["service"] or "", before),
        ("assignment_group", row["assignment_group"] or "", before),
    )
