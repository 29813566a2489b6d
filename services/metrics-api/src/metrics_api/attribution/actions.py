"""Attributing records: by the catalog's references, by names, and record by record.

A change of names is one transaction that every ingest waits for; it also enqueues the jobs that
move the records there are. So a record is attributed by the old names and moved, or by the new.
"""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from metrics_api.attribution import queries
from metrics_api.attribution.queries import Named
from metrics_api.attribution.rules import Memory, moved_services
from metrics_api.attribution.schemas import AttributionCreate, ServiceData
from metrics_api.attribution.service_queries import require_service
from metrics_api.incidents import queries as incidents
from metrics_api.incidents.reclock import conclude
from metrics_api.incidents.rules import StoredIncident
from metrics_api.records import ingest_queries as records
from metrics_api.records.kinds import KINDS
from metrics_api.records.moving import move_settled
from metrics_api.sources.queries import get_source
from metrics_api.sources.rules import CATALOG_SOURCE, folded
from shared.errors import Invalid
from shared.kit import audit, clock
from shared.kit.auth import Principal
from shared.kit.database import Engine, Session, driver, transaction
from shared.kit.jobs import enqueue
from shared.schemas.catalog import Reference, ResolvedReference, ServiceOut
from shared.schemas.metrics import RecordKind

MOVED_AT_ONCE = 2_000
ATTRIBUTE_JOB = "attribute_records"
MOVE_JOB = "move_records"
COPIED = ("key", "name", "kind", "portfolio", "stage", "criticality", "revision")


class Changes(NamedTuple):
    """Services whose copies changed, and services that may lose records by that."""

    newer: Sequence[str]
    moved: Sequence[str]


class Catalog(Protocol):
    """What is asked of the catalog: its client, or that client over another transport."""

    def iterate_services(self) -> AsyncIterator[ServiceOut]: ...

    async def resolve_references(
        self, references: Sequence[Reference]
    ) -> list[ResolvedReference]: ...


async def take_over(session: Session, services: Sequence[ServiceData]) -> Changes:
    """Copy services that are newer than their copies."""
    by_key = {service.key: service for service in sorted(services, key=lambda each: each.revision)}
    known = await queries.revisions(session, list(by_key))
    newer = [key for key in sorted(by_key) if by_key[key].revision > known.get(key, -1)]
    if not newer:
        return Changes([], [])
    words = set(newer) | set(await queries.words_of_services(session, newer))
    words |= {folded(each.name) for key in newer for each in by_key[key].references}
    async with _changing_names(session, words) as moved:
        await _copy(session, [by_key[key] for key in newer])
    return Changes(newer, moved)


async def _copy(session: Session, services: Sequence[ServiceData]) -> None:
    at, conn = clock.now(), await driver(session)
    rows = [service.model_dump(include=set(COPIED)) | {"recorded_at": at} for service in services]
    taken = await queries.upsert_services(conn, rows)
    references = [
        (reference.source, reference.name, service.key)
        for service in services
        if service.key in taken
        for reference in service.references
    ]
    await queries.replace_references(conn, taken, references, at)


@asynccontextmanager
async def _changing_names(session: Session, words: Collection[str]) -> AsyncIterator[list[str]]:
    """Change what these words mean; afterwards the list holds who may lose records by it.

    The records there are move in jobs; whoever changes the names may move them at once as well.
    """
    conn = await driver(session)
    await queries.hold_directory_alone(conn)
    before = await queries.read_names(conn, words)
    moved: list[str] = []
    yield moved
    after = await queries.read_names(conn, words)
    if after == before:
        return
    await queries.advance_directory_revision(conn)
    moved += sorted(moved_services(before, after))
    for service in moved:
        lock = f"{MOVE_JOB}:{service}"
        await enqueue(session, MOVE_JOB, {"service": service}, queueing_lock=lock)
    await enqueue(session, ATTRIBUTE_JOB, {}, queueing_lock=ATTRIBUTE_JOB)


async def refresh(engine: Engine, memory: Memory, catalog: Catalog) -> tuple[int, int]:
    """Copy all services from the catalog and move records: how many (services, records).

    The catalog is asked before any transaction is open; Unavailable when it cannot be reached.
    """
    services = [_service_data(service) async for service in catalog.iterate_services()]
    async with transaction(engine) as session:
        changes = await take_over(session, services)
    return len(changes.newer), await _move_all(engine, memory, changes.moved)


async def _move_all(engine: Engine, memory: Memory, services: Sequence[str]) -> int:
    """Move the records of these services and the unattributed ones to where they belong."""
    moved = 0
    for service in services:
        moved += await move_records(engine, memory, service)
    return moved + await attribute_records(engine, memory)


def _service_data(service: ServiceOut) -> ServiceData:
    references = [reference.model_dump() for reference in service.external_references]
    return ServiceData.model_validate({**service.model_dump(), "references": references})


async def resolve(engine: Engine, memory: Memory, catalog: Catalog) -> None:
    """Ask the catalog for the names that mean nothing here; copy its services if it knows some."""
    async with transaction(engine) as session:
        names = await queries.unattributed_names(session)
        directory = await queries.current_directory(await driver(session), memory)
    asked = [
        Reference(source=directory.by_id[source_id].key, name=name)
        for source_id, name in sorted({(each.source_id, each.name) for each in names})
    ]
    if asked and any(answer.service for answer in await catalog.resolve_references(asked)):
        await refresh(engine, memory, catalog)


async def attribute_records(engine: Engine, memory: Memory) -> int:
    """Attribute the unattributed records whose names mean a service by now."""
    async with transaction(engine) as session:
        names = await queries.unattributed_names(session)
    return sum([await _move_named(engine, memory, named, None) for named in names])


async def move_records(engine: Engine, memory: Memory, service: str) -> int:
    """Move the records of a service whose names mean another one, or none, by now."""
    async with transaction(engine) as session:
        names = await queries.names_of_service(session, service)
    return sum([await _move_named(engine, memory, named, service) for named in names])


async def _move_named(engine: Engine, memory: Memory, named: Named, present: str | None) -> int:
    """Move records of one name that are at `present`, some at a time."""
    moved = 0
    while True:
        async with transaction(engine) as session:
            conn = await driver(session)
            directory = await queries.current_directory(conn, memory)
            source = directory.by_id[named.source_id].key
            meant = directory.service_of(source, named.name)
            if meant == present:
                return moved
            ids = await _ids_named(conn, named, present)
            stored = await _locked(conn, named.kind, named.source_id, ids)
            # What changed between the look and the lock is met again by the next look.
            still = {
                external_id: record
                for external_id, record in stored.items()
                if record.service == present and not record.pinned
            }
            await _give(session, memory, Records(named.kind, named.source_id, still), meant)
        moved += len(still)
        if len(ids) < MOVED_AT_ONCE:
            return moved


class Located(NamedTuple):
    """A stored record of any kind, and where it is."""

    service: str | None
    pinned: bool
    stored: Any


class Records(NamedTuple):
    """Locked records of one kind and source."""

    kind: RecordKind
    source_id: int
    located: Mapping[str, Located]


async def _ids_named(
    conn: incidents.Connection, named: Named, present: str | None
) -> Sequence[str]:
    kind, source_id, name = named
    if kind is RecordKind.INCIDENT:
        return await incidents.incidents_named(conn, source_id, name, present, MOVED_AT_ONCE)
    of_kind = KINDS[kind]
    return await records.records_named(conn, of_kind, (source_id, name), present, MOVED_AT_ONCE)


async def _locked(
    conn: incidents.Connection, kind: RecordKind, source_id: int, ids: Sequence[str]
) -> dict[str, Located]:
    if kind is RecordKind.INCIDENT:
        found = await incidents.lock_incidents(conn, source_id, ids)
        return {
            key: Located(incident.folded.service, incident.pinned, incident)
            for key, incident in found.items()
        }
    stored = await records.lock_records(conn, KINDS[kind], source_id, ids)
    return {key: Located(record.service, record.pinned, record) for key, record in stored.items()}


async def _give(
    session: Session, memory: Memory, to_move: Records, service: str | None, *, pin: bool = False
) -> None:
    """Give locked records to a service: its clocks, and what they add to the cells with them."""
    kind, source_id, located = to_move
    if kind is RecordKind.INCIDENT:
        stored: dict[str, StoredIncident] = {key: each.stored for key, each in located.items()}
        conn = await driver(session)
        knowledge = (await queries.current_directory(conn, memory)).knowledge()
        await incidents.move_incidents(conn, source_id, list(stored), service, pin)
        await conclude(conn, source_id, stored, service, knowledge)
    else:
        moving = {key: (each.stored, service, pin) for key, each in located.items()}
        await move_settled(session, memory, KINDS[kind], source_id, moving)


async def attribute(
    engine: Engine, memory: Memory, body: AttributionCreate, caller: Principal
) -> tuple[int, datetime]:
    """Record a decision and move what it concerns: (records moved, when it was recorded).

    Transactions of its own: the decision first, then the records some thousand at a time.
    """
    at = clock.now()
    if body.records is not None:
        async with transaction(engine) as session:
            return await _attribute_each(session, memory, body, caller, at), at
    assert body.source is not None
    assert body.service_name is not None
    async with transaction(engine) as session:
        moved = await _decide_name(session, body, caller, at)
    return await _move_all(engine, memory, moved), at


async def _decide_name(
    session: Session, body: AttributionCreate, caller: Principal, at: datetime
) -> list[str]:
    """Services that may lose records by what the name means from now on."""
    await require_service(session, body.service)
    if body.source == CATALOG_SOURCE:
        raise Invalid("The catalog names its services by their keys", pointer="/source")
    source = await get_source(session, str(body.source), pointer="/source")
    words = folded(str(body.service_name))
    row = {"source_id": source.id, "service_name": body.service_name, "words": words}
    async with _changing_names(session, [words]) as moved:
        await _record(session, body, caller, at, [row])
    return moved


async def _attribute_each(
    session: Session,
    memory: Memory,
    body: AttributionCreate,
    caller: Principal,
    at: datetime,
) -> int:
    await require_service(session, body.service)
    conn = await driver(session)
    directory = await queries.current_directory(conn, memory)
    wanted: dict[tuple[RecordKind, int], list[str]] = {}
    for place, record in enumerate(body.records or ()):
        source = directory.sources.get(record.source)
        if source is None:
            raise Invalid(f"There is no source {record.source}", pointer=f"/records/{place}/source")
        wanted.setdefault((record.kind, source.id), []).append(record.external_id)
    moved = 0
    for (kind, source_id), ids in sorted(wanted.items()):
        located = await _locked(conn, kind, source_id, ids)
        missing = next((each for each in ids if each not in located), None)
        if missing is not None:
            noun = kind.value.replace("_", " ")
            raise Invalid(f"There is no {noun} {missing} of this source", pointer="/records")
        to_move = Records(kind, source_id, located)
        await _give(session, memory, to_move, body.service, pin=True)
        moved += sum(each.service != body.service for each in located.values())
        one = {"source_id": source_id, "kind": kind.value}
        rows = [one | {"external_id": each} for each in located]
        await _record(session, body, caller, at, rows)
    return moved


async def _record(
    session: Session,
    body: AttributionCreate,
    caller: Principal,
    at: datetime,
    rows: Sequence[dict[str, Any]],
) -> None:
    """The decision, for as-of answers, and who made it."""
    made = {"service": body.service, "recorded_at": at, "recorded_by": caller.person}
    await queries.insert_attributions(session, [row | made for row in rows])
    for row in rows[:1]:
        subject = ("attribution", row.get("service_name") or row["external_id"])
        after = {"service": body.service, "records": len(rows), **row}
        await audit.record(session, caller, "attributed", subject, after=after)
