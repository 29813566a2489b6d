"""Incidents without the versions that no receipt gives any more, and that no one pushed."""

from collections.abc import Sequence
from functools import partial

from metrics_api.attribution.queries import current_directory
from metrics_api.attribution.rules import Memory
from metrics_api.incidents import queries
from metrics_api.incidents.actions import (
    Writes,
    collect,
    collect_breaches,
    collect_removal,
    write,
)
from metrics_api.incidents.rules import settle
from metrics_api.readings.queries import supersede
from metrics_api.readings.rules import Reading
from shared.kit import clock
from shared.kit.database import Session, driver
from shared.schemas.metrics import RecordKind


async def leave_out(
    session: Session, memory: Memory, source_id: int, withdrawn: Sequence[Reading]
) -> None:
    """Fold the incidents of a source again without these versions, where no one else gave them.

    An incident that has no other version is none any more.
    """
    conn = await driver(session)
    directory = await current_directory(conn, memory)
    source, ids = directory.by_id[source_id], {each.version.external_id for each in withdrawn}
    stored = await queries.lock_incidents(conn, source_id, ids)
    if not stored:
        return
    since, now = min(one.first_received_at for one in stored.values()), clock.now()
    changed = await supersede(conn, (RecordKind.INCIDENT, source_id), withdrawn, since, now)
    kept = await queries.read_versions(conn, source, changed, since)
    attribute, knowledge = partial(directory.service_of, source.key), directory.knowledge()
    writes = Writes()
    for external_id in changed:
        identity, before = (source_id, external_id), stored[external_id]
        versions = kept.get(external_id)
        if versions is None:
            collect_removal(writes, identity, before, now)
            continue
        at = before.last_received_at
        folded = settle(before, versions, [], source, attribute, at, knowledge)
        after = folded._replace(versions=len(versions))
        collect(writes, identity, before, after)
        collect_breaches(writes, identity, before, after, knowledge, now)
    await write(conn, writes)
