"""Watching clocks: those that ran out, those about to, and telling of both, each once.

A transaction a batch; what is told is marked in the transaction that tells it, so that breaking it
off neither loses nor repeats anything.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from metrics_api.attribution.queries import current_directory
from metrics_api.attribution.rules import Memory
from metrics_api.breaches import queries
from metrics_api.breaches.queries import Place, RunningClock
from metrics_api.breaches.rules import (
    about_to_breach,
    as_row,
    breaches_of,
    running_event,
    told_event,
    watched_until,
)
from metrics_api.clocks.counting import micros, moment_of
from metrics_api.clocks.promises import Terms
from metrics_api.clocks.standing import Clock
from metrics_api.incidents.queries import lock_incidents
from shared.kit import clock
from shared.kit.database import Engine, Session, driver, transaction
from shared.kit.events import Event, emit_all

AT_ONCE = 1_000
WATCHED_AT_ONCE = 100_000


_BEFORE_ALL = (datetime(1, 1, 1, tzinfo=UTC), 0, "")


async def detect_breaches(engine: Engine, memory: Memory) -> int:
    """Keep the breaches of running clocks whose time has run out: how many."""
    found = 0
    for each in Clock:
        after: Place | None = _BEFORE_ALL
        while after is not None:
            async with transaction(engine) as session:
                breached, after = await _detect_some(session, memory, each, after)
            found += breached
    return found


async def _detect_some(
    session: Session, memory: Memory, watched: Clock, after: Place
) -> tuple[int, Place | None]:
    """(breaches kept, the last clock looked at or None at the end)."""
    await queries.lock_watch(session)
    conn, now = await driver(session), clock.now()
    terms = (await current_directory(conn, memory)).terms
    overdue = await queries.overdue(conn, watched, after, now, AT_ONCE)
    rows: list[dict[str, Any]] = []
    for source_id, ids in _by_source(each[1:] for each in overdue).items():
        for external_id, stored in (await lock_incidents(conn, source_id, ids)).items():
            incident = stored.folded
            breaches = breaches_of(
                (source_id, external_id), incident, terms.of(incident.service), now
            )
            rows += [as_row(breach, now) for breach in breaches]
    await queries.record_breaches(conn, rows)
    return len(rows), overdue[-1] if len(overdue) == AT_ONCE else None


def _by_source(found: Iterable[tuple[int, str]]) -> dict[int, list[str]]:
    by_source: dict[int, list[str]] = {}
    for source_id, external_id in sorted(found):
        by_source.setdefault(source_id, []).append(external_id)
    return by_source


async def predict_breaches(engine: Engine, memory: Memory, share: float) -> int:
    """Tell of running clocks with less than this share of their time left: how many."""
    told = 0
    for watched in Clock:
        async with transaction(engine) as session:
            await queries.lock_watch(session)
            conn, now = await driver(session), clock.now()
            terms = (await current_directory(conn, memory)).terms
            until = watched_until(terms, watched, share, micros(now))
            if until is None:
                continue
            soon = await queries.due_soon(conn, watched, now, moment_of(until), WATCHED_AT_ONCE)
            for some in _batches(_predicted(soon, terms, watched, share, now)):
                await queries.insert_predictions(session, [row for row, _ in some])
                await emit_all(session, [event for _, event in some])
                told += len(some)
    return told


def _predicted(
    soon: Sequence[RunningClock], terms: Terms, watched: Clock, share: float, now: datetime
) -> list[tuple[dict[str, Any], Event]]:
    """Rows and events of those that are about to run out."""
    found = []
    for each in soon:
        reading = about_to_breach(each, terms.of(each.service), watched, share, micros(now))
        if reading is not None:
            row = {
                "source_id": each.source_id,
                "external_id": each.external_id,
                "clock": watched.value,
                "due_at": each.due_at,
                "predicted_at": now,
            }
            data = running_event(each, reading, watched)
            found.append((row, Event("clock.breach_predicted", each.service, data)))
    return found


def _batches(items: Sequence[Any]) -> Iterable[Sequence[Any]]:
    return (items[start : start + AT_ONCE] for start in range(0, len(items), AT_ONCE))


async def tell_breaches(engine: Engine, within: timedelta) -> int:
    """Tell of breaches that were not told yet, in order for each service: how many.

    One that lay further back when it was detected is kept and not told, so that an import of
    history floods nobody.
    """
    told = 0
    async with transaction(engine) as session:
        await queries.lock_watch(session)
        await queries.leave_out_old(session, within)
    while True:
        async with transaction(engine) as session:
            await queries.lock_watch(session)
            some = await queries.untold(session, AT_ONCE)
            if not some:
                return told
            events = [
                Event("clock.breached", breach.service, told_event(breach, source))
                for breach, source in some
            ]
            await queries.mark_told(session, [breach for breach, _ in some], clock.now())
            await emit_all(session, events)
        told += len(some)
