"""Every SQL statement of attribution."""

from typing import Any

import psycopg
from psycopg.rows import tuple_row

from metrics_api.attribution.rules import Directory, Memory
from metrics_api.sources.queries import read_source_rules
from metrics_api.sources.rules import folded

Connection = psycopg.AsyncConnection[Any]
# Ingest holds it shared, a change of names takes it alone for a moment: so no record is stored
# under the old names after the change was applied to the records that were there.
_DIRECTORY_LOCK = 7_205_331_910


async def read_directory_revision(conn: Connection) -> int:
    """The revision, held stable until the transaction ends."""
    async with conn.pipeline(), conn.cursor(row_factory=tuple_row) as cursor:
        await conn.execute("SELECT pg_advisory_xact_lock_shared(%s)", [_DIRECTORY_LOCK])
        await cursor.execute("SELECT value FROM metrics.revision WHERE name = 'directory'")
        row = await cursor.fetchone()
    return 0 if row is None else int(row[0])


async def advance_directory_revision(conn: Connection) -> None:
    """Tell every process to read names and sources again; waits for the ingests in flight."""
    await conn.execute("SELECT pg_advisory_xact_lock(%s)", [_DIRECTORY_LOCK])
    await conn.execute(
        "INSERT INTO metrics.revision AS r (name, value) VALUES ('directory', 1)"
        " ON CONFLICT (name) DO UPDATE SET value = r.value + 1"
    )


async def current_directory(conn: Connection, memory: Memory) -> Directory:
    """The directory as it stands; it cannot change before the transaction ends."""
    revision = await read_directory_revision(conn)
    if revision != memory.directory.revision:
        sources = {rules.key: rules for rules in await read_source_rules(conn)}
        names = {(source, folded(name)): key for source, name, key in await read_names(conn)}
        memory.directory = Directory(revision, sources, names)
    return memory.directory


async def read_names(conn: Connection) -> list[tuple[str | None, str, str]]:
    """(source key, name, service), the weakest first: a later one stands above an earlier."""
    async with conn.cursor(row_factory=tuple_row) as cursor:
        await cursor.execute(
            """
            SELECT source, name, service FROM (
                SELECT NULL AS source, key AS name, key AS service, 1 AS strength, 0 AS id
                FROM metrics.service_copy
                UNION ALL
                SELECT source, name, service, 2, id
                FROM metrics.reference_copy WHERE ended_at IS NULL
                UNION ALL
                SELECT s.key, a.service_name, a.service, 3, a.id
                FROM metrics.attribution a JOIN metrics.source s ON s.id = a.source_id
                WHERE a.external_id IS NULL AND a.service_name IS NOT NULL
            ) AS named ORDER BY strength, id
            """
        )
        return await cursor.fetchall()
