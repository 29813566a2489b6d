"""Records that are there already, brought to what their words mean by now."""

from collections.abc import Mapping

from metrics_api.attribution.queries import current_directory
from metrics_api.attribution.rules import Memory
from metrics_api.records import ingest_queries as queries
from metrics_api.records.actions import Settled, Writes, collect, versions_of, write
from metrics_api.records.kinds import KINDS, Kind
from metrics_api.records.rules import StoredRecord, settle
from shared.kit.database import Engine, Session, driver, transaction

AT_ONCE = 500


async def move_settled(
    session: Session,
    memory: Memory,
    kind: Kind,
    source_id: int,
    moving: Mapping[str, tuple[StoredRecord, str | None, bool]],
) -> None:
    """Give locked records to a service: (record, service, whether whatever their names say).

    They are concluded anew, since what follows from the service (a change's risk) moves as well.
    """
    conn = await driver(session)
    directory = await current_directory(conn, memory)
    source, writes = directory.by_id[source_id], Writes()
    settled = [
        Settled(source, before, before._replace(service=service, pinned=before.pinned or pin))
        for before, service, pin in moving.values()
    ]
    await collect(conn, directory, kind, settled, writes)
    await write(conn, writes)


async def refold_source(engine: Engine, memory: Memory, source: str) -> int:
    """Bring all records of a source to the end state by its present rules: how many there are.

    Some at a time, each in a transaction of its own; broken off, it can simply begin again.
    """
    folded = 0
    for kind in KINDS.values():
        after: str | None = ""
        while after is not None:
            async with transaction(engine) as session:
                some, after = await _refold_some(session, memory, kind, (source, after))
            folded += some
    return folded


async def _refold_some(
    session: Session, memory: Memory, kind: Kind, place: tuple[str, str]
) -> tuple[int, str | None]:
    """(how many records, the last id or None at the end)."""
    conn = await driver(session)
    directory = await current_directory(conn, memory)
    source = directory.sources[place[0]]
    ids = await queries.records_after(conn, kind, source.id, place[1], AT_ONCE)
    stored = await queries.lock_records(conn, kind, source.id, ids)
    kept = await versions_of(conn, kind, source, stored)
    settled = [
        Settled(source, before, settle(before, kept[each], [], source, before.last_received_at))
        for each, before in stored.items()
    ]
    writes = Writes()
    await collect(conn, directory, kind, settled, writes)
    await write(conn, writes)
    return len(settled), ids[-1] if ids else None
