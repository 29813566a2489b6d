"""Folding the incidents of a source again, after what its words mean has changed."""

from functools import partial

from metrics_api.attribution.queries import current_directory
from metrics_api.attribution.rules import Memory
from metrics_api.incidents import queries
from metrics_api.incidents.actions import Writes, collect, collect_breaches, write
from metrics_api.incidents.rules import settle
from shared.kit import clock
from shared.kit.database import Engine, Session, driver, transaction

AT_ONCE = 500


async def refold_source(engine: Engine, memory: Memory, source: str) -> int:
    """Bring all incidents of a source to the end state by its present rules: how many changed.

    Some at a time, each in a transaction of its own; broken off, it can simply begin again.
    """
    changed, after = 0, ""
    while True:
        async with transaction(engine) as session:
            some, last = await _refold_some(session, memory, source, after)
        changed += some
        if last is None:
            return changed
        after = last


async def _refold_some(
    session: Session, memory: Memory, source_key: str, after: str
) -> tuple[int, str | None]:
    """(incidents changed, the last id looked at or None at the end)."""
    conn = await driver(session)
    directory = await current_directory(conn, memory)
    source = directory.sources[source_key]
    ids = await queries.incidents_after(conn, source.id, after, AT_ONCE)
    if not ids:
        return 0, None
    stored = await queries.lock_incidents(conn, source.id, ids)
    since = min(incident.first_received_at for incident in stored.values())
    kept = await queries.read_versions(conn, source, ids, since)
    attribute = partial(directory.service_of, source.key)
    knowledge, writes = directory.knowledge(), Writes()
    for external_id, before in stored.items():
        versions, at = kept[external_id], before.last_received_at
        folded = settle(before, versions, [], source, attribute, at, knowledge)
        if folded != before:
            identity = (source.id, external_id)
            collect(writes, identity, before, folded)
            collect_breaches(writes, identity, before, folded, knowledge, clock.now())
    await write(conn, writes)
    return len(writes.changed), ids[-1]
