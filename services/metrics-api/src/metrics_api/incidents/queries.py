"""Every SQL statement of the ingest: lock, read what is stored, write what changed."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import orjson
import psycopg
from psycopg.rows import tuple_row

from metrics_api.copying import insert_rows
from metrics_api.incidents.rules import FoldedIncident, StoredIncident, Transition
from metrics_api.incidents.updates import Update, kept_update

Connection = psycopg.AsyncConnection[Any]
Row = Sequence[Any]

_FOLDED = FoldedIncident._fields[:-1]  # all but the transitions, which have a table
_NEWEST = (
    "version",
    "updated_at",
    "stamped_at",
    "digest",
    "versions",
    "first_received_at",
    "last_received_at",
)
_INCIDENT = ("source_id", "external_id", "service_pinned", *_FOLDED, *_NEWEST)
_VERSION = (
    "source_id",
    "external_id",
    "digest",
    "version",
    "updated_at",
    "stamped_at",
    "received_at",
    "service",
    "payload",
)
_TRANSITION = ("source_id", "external_id", "seq", "at", "from_state", "to_state", "service")
_EXTRA = _INCIDENT.index("extra")
_DIGEST = _INCIDENT.index("digest")


_LOCK = f"""
    SELECT external_id, service_pinned, {", ".join(_FOLDED + _NEWEST)} FROM metrics.incident
    WHERE source_id = %s AND external_id = ANY(%s) ORDER BY external_id FOR NO KEY UPDATE
"""  # noqa: S608 - made of our own column names
_TRANSITIONS = """
    SELECT external_id, at, from_state, to_state FROM metrics.incident_transition
    WHERE source_id = %s AND external_id = ANY(%s) ORDER BY external_id, seq
"""


async def lock_incidents(
    conn: Connection, source_id: int, external_ids: Iterable[str]
) -> dict[str, StoredIncident]:
    """The stored among these incidents, locked in the order of their ids."""
    ids = list(external_ids)
    async with conn.pipeline(), conn.cursor(row_factory=tuple_row) as cursor:
        moves = conn.cursor(row_factory=tuple_row)
        await cursor.execute(_LOCK, [source_id, ids])
        # A statement of its own: its snapshot is taken after the locks were had.
        await moves.execute(_TRANSITIONS, [source_id, ids])
        rows, transitions = await cursor.fetchall(), await moves.fetchall()
    by_incident: dict[str, list[Transition]] = {}
    for external_id, *move in transitions:
        by_incident.setdefault(external_id, []).append(Transition._make(move))
    return {row[0]: _stored(row, by_incident.get(row[0], ())) for row in rows}


def _stored(row: Row, transitions: Sequence[Transition]) -> StoredIncident:
    end = 2 + len(_FOLDED)
    return StoredIncident(
        row[1], FoldedIncident._make([*row[2:end], tuple(transitions)]), *row[end:]
    )


async def read_versions(
    conn: Connection, source_id: int, external_ids: Sequence[str], since: datetime
) -> dict[str, list[Update]]:
    """All kept updates of these incidents; `since` (their first receipt) spares old partitions."""
    kept: dict[str, list[Update]] = {}
    async with conn.cursor(row_factory=tuple_row) as cursor:
        await cursor.execute(
            "SELECT external_id, digest, payload::text FROM metrics.incident_version"
            " WHERE source_id = %s AND external_id = ANY(%s) AND received_at >= %s",
            [source_id, list(external_ids), since],
        )
        async for external_id, digest, payload in cursor:
            update = kept_update(source_id, digest, payload.encode())
            kept.setdefault(external_id, []).append(update)
    return kept


def incident_row(source_id: int, external_id: str, incident: StoredIncident) -> list[Any]:
    """The columns of `incident`, in the order of `_INCIDENT`."""
    row = [source_id, external_id, incident.pinned, *incident.folded[:-1], *incident[2:]]
    row[_DIGEST] = _bytea(incident.digest)
    if row[_EXTRA] is not None:
        row[_EXTRA] = orjson.dumps(row[_EXTRA]).decode()
    return row


def version_row(update: Update, received_at: datetime, service: str | None) -> Row:
    return (
        update.source_id,
        update.fields.external_id,
        _bytea(update.digest),
        update.version,
        update.updated_at,
        update.stamped_at,
        received_at,
        service,
        update.payload.decode(),
    )


def _bytea(value: bytes) -> str:
    return rf"\x{value.hex()}"


async def insert_incidents(conn: Connection, rows: Sequence[Row]) -> None:
    await insert_rows(conn, "metrics.incident", _INCIDENT, rows)


async def insert_versions(conn: Connection, rows: Sequence[Row]) -> None:
    await insert_rows(conn, "metrics.incident_version", _VERSION, rows)


async def insert_transitions(conn: Connection, rows: Sequence[Row]) -> None:
    await insert_rows(conn, "metrics.incident_transition", _TRANSITION, rows)


_CHANGED = _INCIDENT[2:]
_UPDATE = f"""
    UPDATE metrics.incident AS i SET ({", ".join(_CHANGED)}) =
        ROW ({", ".join("n." + name for name in _CHANGED)})
    FROM json_populate_recordset(NULL::metrics.incident, %s::json) AS n
    WHERE i.source_id = n.source_id AND i.external_id = n.external_id
"""  # noqa: S608 - made of our own column names


async def update_incidents(conn: Connection, rows: Sequence[list[Any]]) -> None:
    """Overwrite known (and locked) incidents."""
    if rows:
        await conn.execute(_UPDATE, [orjson.dumps([_named(row) for row in rows]).decode()])


def _named(row: list[Any]) -> dict[str, Any]:
    named = dict(zip(_INCIDENT, row, strict=True))
    if named["extra"] is not None:
        named["extra"] = orjson.Fragment(named["extra"])
    return named


async def delete_transitions(conn: Connection, source_id: int, external_ids: Sequence[str]) -> None:
    """Make room for the transitions of incidents that were folded again."""
    await conn.execute(
        "DELETE FROM metrics.incident_transition WHERE source_id = %s AND external_id = ANY(%s)",
        [source_id, list(external_ids)],
    )
