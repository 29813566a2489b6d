"""Laying out what was known at a moment, so that the KPIs' own SQL answers for it.

One transaction that sees one state of the database folds the updates that had come by then, by the
mappings, names, words and promises that held then, into temporary tables. Only the incidents that
the asked services could have had are folded, some at a time.
"""

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Final

from metrics_api.as_of import queries
from metrics_api.as_of.rules import Identity, Then, known_then, names_that_meant
from shared.errors import Invalid
from shared.kit.database import Engine, Session, driver

AT_ONCE: Final = 1_000


@asynccontextmanager
async def opened(engine: Engine, as_of: datetime, now: datetime) -> AsyncIterator[Session]:
    """A session that sees what is known now, with room for what was known `as_of`."""
    if as_of > now:
        raise Invalid("as_of lies in the future", pointer="/query/as_of")
    async with queries.snapshot(engine, as_of) as session:
        yield session


async def lay_out_incidents(
    session: Session, as_of: datetime, services: Collection[str] | None
) -> None:
    """Fill the tables with the incidents of these services as they were known; None: with all."""
    conn = await driver(session)
    directory = await queries.directory_then(conn, as_of)
    then = Then(directory, directory.knowledge(), await queries.pins_then(conn, as_of))
    if services is None:
        found = queries.every_incident(conn, as_of, AT_ONCE)
    else:
        named = names_that_meant(directory, await queries.names_sent(conn, as_of), services)
        pinned = [identity for identity, service in then.pins.items() if service in services]
        found = queries.candidates(conn, as_of, named, pinned, AT_ONCE)
    async for some in found:
        await _lay_out_some(session, as_of, some, then, services)
        await asyncio.sleep(0)
    await queries.close_tables(conn)


async def _lay_out_some(
    session: Session,
    as_of: datetime,
    some: Sequence[Identity],
    then: Then,
    services: Collection[str] | None,
) -> None:
    conn = await driver(session)
    for source_id, identities in groupby(some, key=itemgetter(0)):
        source = then.directory.by_id[source_id]
        ids = [external_id for _, external_id in identities]
        received = await queries.receipts(conn, source, ids, as_of)
        known = [
            (
                (source_id, external_id),
                known_then((source_id, external_id), received[external_id], then),
            )
            for external_id in ids
        ]
        wanted = [
            (identity, stored)
            for identity, stored in known
            if services is None or stored.folded.service in services
        ]
        await queries.lay_out(conn, wanted)
