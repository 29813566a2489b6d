"""Laying out what was known at a moment, so that the KPIs' own SQL answers for it.

One transaction that sees one state of the database folds the updates that had come by then, by the
mappings, names, words and promises that held then, into temporary tables. Only the records that
the asked services could have had are folded, some at a time; what is counted across services (the
incidents and outages that changes caused, the recurrence of problems) is folded whole.
"""

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Final

from metrics_api.as_of import queries
from metrics_api.as_of.rules import (
    Identity,
    Then,
    Wanted,
    incident_then,
    names_that_meant,
    record_then,
    wanted_for,
)
from metrics_api.records.kinds import KINDS
from shared.errors import Invalid
from shared.kit import clock
from shared.kit.database import Engine, Session, driver
from shared.schemas.metrics import KpiId, RecordKind

AT_ONCE: Final = 1_000


@asynccontextmanager
async def known(session: Session, engine: Engine, as_of: datetime | None) -> AsyncIterator[Session]:
    """Where to read: this session for things as they are, or one that sees what was known then."""
    if as_of is None:
        yield session
        return
    async with opened(engine, as_of, clock.now()) as then:
        yield then


@asynccontextmanager
async def opened(engine: Engine, as_of: datetime, now: datetime) -> AsyncIterator[Session]:
    """A session that sees what is known now, with room for what was known `as_of`."""
    if as_of > now:
        raise Invalid("as_of lies in the future", pointer="/query/as_of")
    async with queries.snapshot(engine, as_of) as session:
        yield session


async def lay_out(
    session: Session, as_of: datetime, kpis: Collection[KpiId], services: Collection[str] | None
) -> None:
    """Fill the tables with what these KPIs of these services are counted from; None: of all."""
    await lay_out_records(session, as_of, wanted_for(kpis, services))


async def lay_out_records(session: Session, as_of: datetime, wanted: Wanted) -> None:
    """Fill the tables with the records that are wanted; from then on the session only reads."""
    conn = await driver(session)
    directory = await queries.directory_then(conn, as_of)
    for kind, services in wanted.items():
        pins = await queries.pins_then(conn, kind, as_of)
        then = Then(directory, directory.knowledge(), pins)
        found = await _found(session, kind, as_of, then, services)
        async for some in found:
            await _lay_out_some(session, kind, as_of, some, then, services)
            await asyncio.sleep(0)
    await queries.close_tables(conn)


async def _found(
    session: Session,
    kind: RecordKind,
    as_of: datetime,
    then: Then,
    services: Collection[str] | None,
) -> AsyncIterator[list[Identity]]:
    conn = await driver(session)
    if services is None:
        return queries.every_record(conn, kind, as_of, AT_ONCE)
    sent = await queries.names_sent(conn, kind, as_of)
    named = names_that_meant(then.directory, sent, services)
    pinned = [identity for identity, service in then.pins.items() if service in services]
    return queries.candidates(conn, kind, as_of, (named, pinned), AT_ONCE)


async def _lay_out_some(
    session: Session,
    kind: RecordKind,
    as_of: datetime,
    some: Sequence[Identity],
    then: Then,
    services: Collection[str] | None,
) -> None:
    conn = await driver(session)
    for source_id, identities in groupby(some, key=itemgetter(0)):
        source = then.directory.by_id[source_id]
        ids = [external_id for _, external_id in identities]
        received = await queries.receipts(conn, kind, source, ids, as_of)
        # One of which every version was superseded by then was none.
        each = [((source_id, one), received[one]) for one in ids if one in received]
        if kind is RecordKind.INCIDENT:
            incidents = [(one, incident_then(one, came, then)) for one, came in each]
            wanted = [row for row in incidents if _is_of(row[1].folded.service, services)]
            await queries.lay_out_incidents(conn, wanted)
        else:
            records = [(one, record_then(KINDS[kind], one, came, then)) for one, came in each]
            chosen = [row for row in records if _is_of(row[1][1]["service"], services)]
            await queries.lay_out_records(conn, KINDS[kind], chosen)


def _is_of(service: str | None, services: Collection[str] | None) -> bool:
    return services is None or service in services
