"""Concluding incidents again, after what holds for their service has changed, or their service.

No version is read: what is concluded follows from the fields, the transitions and the service.
"""

from collections.abc import Mapping
from datetime import datetime

from metrics_api.attribution.queries import current_directory
from metrics_api.attribution.rules import Memory
from metrics_api.breaches.queries import record_breaches, retract_breaches
from metrics_api.breaches.rules import after_change, as_row
from metrics_api.incidents import queries
from metrics_api.incidents.rules import FoldedIncident, Knowledge, StoredIncident, concluded
from metrics_api.indicators.queries import insert_deltas
from metrics_api.indicators.rules import Contributions, accumulate, contributions
from shared.kit import clock
from shared.kit.database import Engine, driver, transaction

AT_ONCE = 1_000


async def reclock_service(engine: Engine, memory: Memory, service: str) -> int:
    """Conclude all incidents of a service by what holds now: how many changed.

    Some at a time, each in a transaction of its own; broken off, it can simply begin again.
    """
    changed, after = 0, None
    while True:
        async with transaction(engine) as session:
            conn = await driver(session)
            directory = await current_directory(conn, memory)
            found = await queries.incidents_of_service(conn, service, after, AT_ONCE)
            by_source: dict[int, list[str]] = {}
            for _, source_id, external_id in found:
                by_source.setdefault(source_id, []).append(external_id)
            for source_id, ids in sorted(by_source.items()):
                stored = await queries.lock_incidents(conn, source_id, ids)
                still = {key: one for key, one in stored.items() if one.folded.service == service}
                changed += await conclude(conn, source_id, still, service, directory.knowledge())
        if len(found) < AT_ONCE:
            return changed
        after = found[-1]


async def conclude(
    conn: queries.Connection,
    source_id: int,
    stored: Mapping[str, StoredIncident],
    service: str | None,
    knowledge: Knowledge,
) -> int:
    """Conclude locked incidents anew as those of a service, and write what differs: how many.

    Their service itself is written by `queries.move_incidents`.
    """
    after = {
        external_id: concluded(incident.folded, service, knowledge, incident.folded.transitions)
        for external_id, incident in stored.items()
    }
    differing = {key: one for key, one in after.items() if one != stored[key].folded}
    deltas: Contributions = {}
    for external_id, incident in differing.items():
        accumulate(deltas, contributions(stored[external_id].folded), -1)
        accumulate(deltas, contributions(incident))
    await queries.update_conclusions(conn, source_id, differing)
    await _follow_breaches(conn, source_id, stored, differing, knowledge, clock.now())
    await insert_deltas(conn, deltas)
    return len(differing)


async def _follow_breaches(
    conn: queries.Connection,
    source_id: int,
    before: Mapping[str, StoredIncident],
    after: Mapping[str, FoldedIncident],
    knowledge: Knowledge,
    now: datetime,
) -> None:
    changes = [
        after_change(
            (source_id, key), before[key].folded, one, knowledge.terms.of(one.service), now
        )
        for key, one in after.items()
    ]
    rows = [as_row(breach, now) for change in changes for breach in change.breached]
    await record_breaches(conn, rows)
    await retract_breaches(conn, [each for change in changes for each in change.retracted], now)
