"""Every SQL statement of as-of answers; what the KPIs read afterwards is their own SQL."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import tuple_row
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from metrics_api.as_of.relations import LAID_OUT, THEN
from metrics_api.as_of.rules import Identity, Named, Receipt
from metrics_api.attribution.rules import Directory, Name, words_of
from metrics_api.clocks.queries import read_terms
from metrics_api.copying import insert_rows
from metrics_api.incidents import queries as incidents
from metrics_api.incidents.rules import StoredIncident
from metrics_api.incidents.updates import kept_update
from metrics_api.readings.queries import standing_then
from metrics_api.records import ingest_queries as records
from metrics_api.records.kinds import KINDS, Kind
from metrics_api.records.rules import StoredRecord
from metrics_api.records.updates import kept_update as kept_record_update
from metrics_api.sources.rules import SourceRules, source_rules
from shared.errors import Unavailable
from shared.kit.database import driver, transaction
from shared.schemas.metrics import RecordKind

Connection = psycopg.AsyncConnection[Any]
LONGEST = "10min"
AT_ONCE = 4
"""Answers made at the same time, of all processes: each fills tables of its own for minutes."""

# Row by row until one is free; the lock ends with the transaction, whatever ends that.
_PLACE = """
    SELECT place FROM generate_series(1, %(places)s) AS place
    WHERE pg_try_advisory_xact_lock(hashtext('metrics.as_of'), place) LIMIT 1
"""

_CREATE = (
    *(
        f"CREATE TEMPORARY TABLE as_of_{name} (LIKE metrics.{name} INCLUDING INDEXES)"
        " ON COMMIT DROP"
        for name in LAID_OUT
    ),
    """CREATE TEMPORARY TABLE as_of_service ON COMMIT DROP AS
       SELECT DISTINCT ON (key) key, name, portfolio FROM metrics.service_version
       WHERE recorded_at <= %(then)s ORDER BY key, revision DESC""",
    """CREATE TEMPORARY TABLE as_of_target ON COMMIT DROP AS
       SELECT DISTINCT ON (target_id) target_id AS id, service, kpi, comparator, value, valid_from,
           valid_to
       FROM metrics.target_version
       WHERE recorded_at <= %(then)s ORDER BY target_id, version DESC""",
    """CREATE TEMPORARY TABLE as_of_initiative ON COMMIT DROP AS
       SELECT DISTINCT ON (id) * FROM metrics.initiative_version
       WHERE recorded_at <= %(then)s ORDER BY id, revision DESC""",
)
_ANALYZE = tuple(f"ANALYZE pg_temp.as_of_{name}" for name in LAID_OUT)


@asynccontextmanager
async def snapshot(engine: AsyncEngine, then: datetime) -> AsyncIterator[AsyncSession]:
    """A transaction that sees the database as it is now and stays, with empty temporary tables.

    Raises Unavailable where the service's role may not have any, and while others are enough.
    """
    async with transaction(engine.execution_options(isolation_level="REPEATABLE READ")) as session:
        conn = await driver(session)
        taken = await conn.execute(_PLACE, {"places": AT_ONCE})
        if await taken.fetchone() is None:
            raise Unavailable(
                f"{AT_ONCE} other figures as of a moment are being made: repeat this later",
                code="too_many_as_of",
                headers={"Retry-After": "10"},
            )
        await conn.execute(f"SET LOCAL statement_timeout = '{LONGEST}'")
        try:
            for statement in _CREATE:
                await conn.execute(statement, {"then": then})
        except psycopg.errors.InsufficientPrivilege as missing:
            raise Unavailable(
                "Figures as of a moment need temporary tables, which the database refuses to this"
                f" service's role ({str(missing).splitlines()[0]}): GRANT TEMPORARY ON DATABASE"
                " to it, as `migrate` does",
                code="no_temporary_tables",
            ) from missing
        yield session


async def close_tables(conn: Connection) -> None:
    """Tell the planner what is in the temporary tables; from here on nothing can be written."""
    for statement in _ANALYZE:
        await conn.execute(statement)
    await conn.execute("SET TRANSACTION READ ONLY")


# -- what decided end states ----------------------------------------------------------------------

_SOURCES = """
    SELECT s.id, s.key, s.kind, s.active, s.delivery, s.timezone, s.state_mapping,
           s.priority_mapping, v.settings
    FROM metrics.source s LEFT JOIN LATERAL (
        SELECT settings FROM metrics.source_version
        WHERE source_id = s.id AND recorded_at <= %s ORDER BY version DESC LIMIT 1
    ) AS v ON true
"""
_OF_SOURCE = ("kind", "active", "delivery", "timezone", "state_mapping", "priority_mapping")
_NAMES = """
    SELECT source, words, service FROM (
        SELECT NULL AS source, key AS words, key AS service, 1 AS strength, 0 AS id
        FROM metrics.service_version WHERE recorded_at <= %(then)s
        UNION ALL
        SELECT source, words, service, 2, id FROM metrics.reference_copy
        WHERE recorded_at <= %(then)s AND (ended_at IS NULL OR ended_at > %(then)s)
        UNION ALL
        SELECT s.key, a.words, a.service, 3, a.id
        FROM metrics.attribution a JOIN metrics.source s ON s.id = a.source_id
        WHERE a.words IS NOT NULL AND a.recorded_at <= %(then)s
    ) AS named ORDER BY strength, id
"""
_WORDS = """
    SELECT key, data->>'name' FROM metrics.catalog_copy
    WHERE kind = %(kind)s AND recorded_at <= %(then)s
      AND (ended_at IS NULL OR ended_at > %(then)s)
"""
_PINS = """
    SELECT DISTINCT ON (source_id, external_id) source_id, external_id, service
    FROM metrics.attribution
    WHERE external_id IS NOT NULL AND coalesce(kind, 'incident') = %(kind)s
      AND recorded_at <= %(then)s
    ORDER BY source_id, external_id, id DESC
"""


async def directory_then(conn: Connection, then: datetime) -> Directory:
    """The sources with their mappings, what names and words meant, what was promised.

    A source of which no version is kept from then is read by what it is now.
    """
    return Directory(
        0,
        {rules.key: rules for rules in await _sources_then(conn, then)},
        await _names_then(conn, then),
        await _words_then(conn, "vendor_product", then),
        await _words_then(conn, "customer", then),
        await read_terms(conn, then),
    )


async def _sources_then(conn: Connection, then: datetime) -> list[SourceRules]:
    found = []
    for id_, key, *now, settings in await _rows(conn, _SOURCES, [then]):
        present = dict(zip(_OF_SOURCE, now, strict=True))
        told = {name: settings[name] for name in _OF_SOURCE if name in settings} if settings else {}
        found.append(source_rules(id=id_, key=key, **{**present, **told}))
    return found


async def _names_then(conn: Connection, then: datetime) -> dict[Name, str]:
    rows = await _rows(conn, _NAMES, {"then": then})
    return {(source, words): service for source, words, service in rows}


async def _words_then(conn: Connection, kind: str, then: datetime) -> dict[str, str]:
    return words_of(await _rows(conn, _WORDS, {"kind": kind, "then": then}))


async def pins_then(conn: Connection, kind: RecordKind, then: datetime) -> dict[Identity, str]:
    """The services of the records of a kind that were attributed by hand."""
    rows = await _rows(conn, _PINS, {"kind": kind.value, "then": then})
    return {(source_id, external_id): service for source_id, external_id, service in rows}


# -- which records -------------------------------------------------------------------------------

_NAMED = """
    SELECT DISTINCT source_id, payload->>'service' FROM {versions}
    WHERE received_at <= %(then)s AND payload->>'service' IS NOT NULL
"""
_EVERY = """
    SELECT DISTINCT source_id, external_id FROM {versions}
    WHERE received_at <= %(then)s ORDER BY source_id, external_id
"""
_CANDIDATES = """
    SELECT DISTINCT source_id, external_id FROM {versions}
    WHERE received_at <= %(then)s AND (
        (source_id, payload->>'service') IN (
            SELECT * FROM unnest(%(sources)s::int[], %(names)s::text[]))
        OR (source_id, external_id) IN (
            SELECT * FROM unnest(%(pinned_sources)s::int[], %(pinned)s::text[])))
    ORDER BY source_id, external_id
"""
_RECEIPTS = """
    SELECT external_id, digest, payload::text, received_at FROM {versions}
    WHERE source_id = %(source)s AND external_id = ANY(%(ids)s) AND received_at <= %(then)s
      AND {standing}
"""


def _of(statement: str, kind: RecordKind) -> str:
    """A statement over the versions of a kind."""
    counts = standing_then(kind)
    if kind is RecordKind.INCIDENT:
        return statement.format(versions="metrics.incident_version AS v", standing=counts)
    of_kind = f"(SELECT * FROM metrics.record_version WHERE kind = '{kind.value}') AS v"  # noqa: S608 - a word of our own
    return statement.format(versions=of_kind, standing=counts)


async def names_sent(conn: Connection, kind: RecordKind, then: datetime) -> list[Named]:
    """Every name that a service was called in an update that had come by then."""
    rows = await _rows(conn, _of(_NAMED, kind), {"then": then})
    return [(source_id, name) for source_id, name in rows]


async def every_record(
    conn: Connection, kind: RecordKind, then: datetime, at_once: int
) -> AsyncIterator[list[Identity]]:
    """The records of which an update had come by then, some at a time, by source."""
    async for some in _streamed(conn, _of(_EVERY, kind), {"then": then}, at_once):
        yield some


async def candidates(
    conn: Connection,
    kind: RecordKind,
    then: datetime,
    chosen: tuple[Sequence[Named], Collection[Identity]],
    at_once: int,
) -> AsyncIterator[list[Identity]]:
    """Those of them that were ever called by one of the names, or are among the pinned ones: the
    rest cannot concern us."""
    named, pinned = chosen
    parameters = {
        "then": then,
        "sources": [source_id for source_id, _ in named],
        "names": [name for _, name in named],
        "pinned_sources": [source_id for source_id, _ in pinned],
        "pinned": [external_id for _, external_id in pinned],
    }
    async for some in _streamed(conn, _of(_CANDIDATES, kind), parameters, at_once):
        yield some


async def _streamed(
    conn: Connection, statement: str, parameters: dict[str, Any], at_once: int
) -> AsyncIterator[list[Identity]]:
    """A cursor in the server, so that memory does not grow with the number of incidents."""
    async with conn.cursor("as_of_incidents", row_factory=tuple_row) as cursor:
        await cursor.execute(statement, parameters)
        while rows := await cursor.fetchmany(at_once):
            yield rows


async def receipts(
    conn: Connection,
    kind: RecordKind,
    source: SourceRules,
    external_ids: Sequence[str],
    then: datetime,
) -> dict[str, list[Receipt]]:
    """The updates of these records that had come by then, and were not superseded yet."""
    asked = {"source": source.id, "ids": list(external_ids), "then": then}
    found: dict[str, list[Receipt]] = {}
    for external_id, digest, payload, received_at in await _rows(conn, _of(_RECEIPTS, kind), asked):
        update = _kept_update(kind, source, digest, payload.encode())
        found.setdefault(external_id, []).append(Receipt(update, received_at))
    return found


def _kept_update(kind: RecordKind, source: SourceRules, digest: bytes, payload: bytes) -> Any:
    if kind is RecordKind.INCIDENT:
        return kept_update(source, digest, payload)
    return kept_record_update(KINDS[kind], source, digest, payload)


async def lay_out_incidents(
    conn: Connection, known: Sequence[tuple[Identity, StoredIncident]]
) -> None:
    """Put end states and their transitions into the temporary tables."""
    rows = [incidents.incident_row(*identity, stored) for identity, stored in known]
    await insert_rows(conn, THEN.incident, incidents.INCIDENT_COLUMNS, rows)
    moves = [
        (*identity, seq, *move, stored.folded.service)
        for identity, stored in known
        for seq, move in enumerate(stored.folded.transitions, 1)
    ]
    await insert_rows(conn, THEN.incident_transition, incidents.TRANSITION_COLUMNS, moves)


async def lay_out_records(
    conn: Connection,
    kind: Kind,
    known: Sequence[tuple[Identity, tuple[StoredRecord, Mapping[str, Any]]]],
) -> None:
    """Put end states of another kind into its temporary table."""
    rows = [
        records.record_row(kind, source_id, stored, columns)
        for (source_id, _), (stored, columns) in known
    ]
    table = getattr(THEN, kind.table.removeprefix("metrics."))
    await insert_rows(conn, table, records.columns_of(kind), rows)


async def _rows(conn: Connection, statement: str, parameters: Any) -> list[Any]:
    async with conn.cursor(row_factory=tuple_row) as cursor:
        await cursor.execute(statement, parameters)
        return await cursor.fetchall()
