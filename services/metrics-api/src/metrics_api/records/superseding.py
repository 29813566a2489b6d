"""Records without the versions that no receipt gives any more, and that no one pushed."""

from collections.abc import Sequence

from metrics_api.attribution.queries import current_directory
from metrics_api.attribution.rules import Memory
from metrics_api.readings.queries import supersede
from metrics_api.readings.rules import Reading
from metrics_api.records import ingest_queries as queries
from metrics_api.records.actions import Settled, Writes, collect, versions_of, write
from metrics_api.records.kinds import Kind
from metrics_api.records.rules import settle
from shared.kit import clock
from shared.kit.database import Session, driver


async def leave_out(
    session: Session, memory: Memory, kind: Kind, source_id: int, withdrawn: Sequence[Reading]
) -> None:
    """Fold the records of a kind and source again without these versions, where no one else gave
    them. A record that has no other version is none any more."""
    conn = await driver(session)
    directory = await current_directory(conn, memory)
    source, ids = directory.by_id[source_id], {each.version.external_id for each in withdrawn}
    stored = await queries.lock_records(conn, kind, source_id, ids)
    if not stored:
        return
    since = min(record.first_received_at for record in stored.values())
    changed = await supersede(conn, (kind.kind, source_id), withdrawn, since, clock.now())
    kept = await versions_of(conn, kind, source, {each: stored[each] for each in changed})
    settled = [
        Settled(
            source,
            stored[each],
            settle(stored[each], versions, [], source, stored[each].last_received_at)._replace(
                versions=len(versions)
            ),
        )
        for each, versions in kept.items()
    ]
    writes = Writes()
    gone = [each for each in changed if each not in kept]
    if gone:
        writes.removed[kind.kind, source_id] = gone
    await collect(conn, directory, kind, settled, writes)
    await write(conn, writes)
