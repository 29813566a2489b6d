"""Ten times the incidents, made inside PostgreSQL: what reads cost must not depend on how many."""

import time

import psycopg
from psycopg import sql

Connection = psycopg.Connection[tuple[object, ...]]
# Tables of sums: ten times the records are ten times each sum.
SUMMED = {"cell": ("service", "grain", "start")}


def grow(connection: Connection, times: int) -> float:
    """Copy every incident `times` - 1 times under ids of its own, and its sums; seconds it took.

    Indexes are made anew afterwards, as one does with a bulk load. Transitions and versions are
    not copied: no read that is measured after this looks at them.
    """
    started = time.perf_counter()
    connection.execute("SET synchronous_commit = off")
    indexes = _secondary_indexes(connection, "incident")
    for name, _ in indexes:
        connection.execute(sql.SQL("DROP INDEX metrics.{}").format(sql.Identifier(name)))
    columns = _columns(connection, "incident")
    copied = [
        sql.SQL("external_id || '-' || n") if name == "external_id" else sql.Identifier(name)
        for name in columns
    ]
    connection.execute(
        sql.SQL(
            "INSERT INTO metrics.incident ({}) SELECT {} FROM metrics.incident"
            " CROSS JOIN generate_series(2, {}) AS n"
        ).format(
            sql.SQL(", ").join(map(sql.Identifier, columns)),
            sql.SQL(", ").join(copied),
            sql.Literal(times),
        )
    )
    for _, definition in indexes:
        connection.execute(definition.encode())
    for table, keys in SUMMED.items():
        _multiply(connection, table, keys, times)
    connection.execute("VACUUM ANALYZE metrics.incident")
    return time.perf_counter() - started


def _secondary_indexes(connection: Connection, table: str) -> list[tuple[str, str]]:
    rows = connection.execute(
        "SELECT c.relname, pg_get_indexdef(i.indexrelid) FROM pg_index i"
        " JOIN pg_class c ON c.oid = i.indexrelid"
        " WHERE i.indrelid = %s::regclass AND NOT i.indisprimary",
        [f"metrics.{table}"],
    ).fetchall()
    return [(str(name), str(definition)) for name, definition in rows]


def _columns(connection: Connection, table: str) -> list[str]:
    rows = connection.execute(
        "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass"
        " AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
        [f"metrics.{table}"],
    ).fetchall()
    return [str(name) for (name,) in rows]


def _multiply(connection: Connection, table: str, keys: tuple[str, ...], times: int) -> None:
    sums = [name for name in _columns(connection, table) if name not in keys]
    grown = [
        sql.SQL("{0} = {0} * {1}").format(sql.Identifier(name), sql.Literal(times)) for name in sums
    ]
    connection.execute(
        sql.SQL("UPDATE metrics.{} SET {}").format(sql.Identifier(table), sql.SQL(", ").join(grown))
    )
