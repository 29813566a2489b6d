"""SQL of the words for vendor products and customers: what records say, and what it is to mean."""

from typing import Any, NamedTuple

import psycopg
from psycopg.rows import tuple_row

from metrics_api.incidents.tables import Incident
from metrics_api.records.queries import TABLES

Connection = psycopg.AsyncConnection[Any]
WORDS = "words"
"""Name of the revision of the copies whose words the records follow."""


class Column(NamedTuple):
    """Where records keep words, and the key that these mean; our own names, never a caller's."""

    table: str
    words: str
    key: str


VENDOR_PRODUCTS = tuple(
    Column(f"metrics.{table.__tablename__}", "vendor", "vendor_product")
    for table in (Incident, *TABLES.values())
)
# The catalog names customers by their keys: what the records of its source, 0, say is no words.
CUSTOMERS = tuple(
    Column(
        f"metrics.{table.__tablename__}",
        "CASE WHEN source_id <> 0 THEN sent->>'customer' END",
        "customer",
    )
    for table in TABLES.values()
)


async def copies_seen(conn: Connection) -> int:
    """A number that grows with each change of the copies of vendor products and customers."""
    async with conn.cursor(row_factory=tuple_row) as cursor:
        await cursor.execute(
            "SELECT coalesce(max(id), 0) + count(ended_at) FROM metrics.catalog_copy"
            " WHERE kind IN ('vendor_product', 'customer')"
        )
        row = await cursor.fetchone()
        return 0 if row is None else int(row[0])


async def copies_followed(conn: Connection) -> int:
    """The number of the copies whose words the records follow already."""
    async with conn.cursor(row_factory=tuple_row) as cursor:
        await cursor.execute("SELECT value FROM metrics.revision WHERE name = %s", [WORDS])
        row = await cursor.fetchone()
        return 0 if row is None else int(row[0])


async def set_copies_followed(conn: Connection, number: int) -> None:
    await conn.execute(
        "INSERT INTO metrics.revision AS r (name, value) VALUES (%s, %s)"
        " ON CONFLICT (name) DO UPDATE SET value = greatest(r.value, excluded.value)",
        [WORDS, number],
    )


async def words_told(conn: Connection, column: Column) -> list[tuple[str, str | None]]:
    """(words, the key they are taken for) of the records of a table."""
    async with conn.cursor(row_factory=tuple_row) as cursor:
        await cursor.execute(
            f"SELECT DISTINCT {column.words}, {column.key} FROM {column.table}"  # noqa: S608
            f" WHERE {column.words} IS NOT NULL"
        )
        return [(words, key) async for words, key in cursor]


async def give_key(
    conn: Connection, column: Column, told: tuple[str, str | None], key: str | None, limit: int
) -> int:
    """Let up to so many records with these words and that key mean another one: how many did."""
    changed = await conn.execute(
        f"""
        UPDATE {column.table} SET {column.key} = %s WHERE (source_id, external_id) IN (
            SELECT source_id, external_id FROM {column.table}
            WHERE {column.words} = %s AND {column.key} IS NOT DISTINCT FROM %s
            ORDER BY source_id, external_id LIMIT %s FOR NO KEY UPDATE
        )
        """,  # noqa: S608 - made of our own names
        [key, *told, limit],
    )
    return changed.rowcount
