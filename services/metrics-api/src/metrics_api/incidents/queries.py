"""Every SQL statement of incidents: those of the ingest (on the driver), then the reads."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import orjson
import psycopg
from psycopg.rows import tuple_row
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from metrics_api.clocks.rules import Clocked
from metrics_api.copying import insert_rows, json_of
from metrics_api.incidents.rules import FoldedIncident, StoredIncident, Transition
from metrics_api.incidents.tables import Incident, IncidentTransition
from metrics_api.incidents.updates import Update, kept_update
from metrics_api.intake.updates import as_json
from metrics_api.readings.queries import standing
from metrics_api.sources.rules import SourceRules
from metrics_api.sources.tables import Source
from shared.errors import NotFound
from shared.kit.pagination import PageParams, keyset
from shared.schemas.metrics import RecordKind

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
INCIDENT_COLUMNS, TRANSITION_COLUMNS = _INCIDENT, _TRANSITION
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


async def incidents_named(
    conn: Connection, source_id: int, service_name: str, service: str | None, limit: int
) -> list[str]:
    """Ids of incidents that name a service so and are attributed so (None: not at all)."""
    present, values = ("IS NULL", []) if service is None else ("= %s", [service])
    statement = f"""
        SELECT external_id FROM metrics.incident
        WHERE source_id = %s AND service_name = %s AND service {present} AND NOT service_pinned
        ORDER BY external_id LIMIT %s
    """  # noqa: S608 - one of two fixed conditions
    async with conn.cursor(row_factory=tuple_row) as cursor:
        await cursor.execute(statement, [source_id, service_name, *values, limit])
        return [external_id async for (external_id,) in cursor]


async def incidents_after(
    conn: Connection, source_id: int, external_id: str, limit: int
) -> list[str]:
    """Ids of a source's incidents after this one, in order."""
    async with conn.cursor(row_factory=tuple_row) as cursor:
        await cursor.execute(
            "SELECT external_id FROM metrics.incident WHERE source_id = %s AND external_id > %s"
            " ORDER BY external_id LIMIT %s",
            [source_id, external_id, limit],
        )
        return [found async for (found,) in cursor]


async def incidents_of_service(
    conn: Connection, service: str, after: tuple[datetime, int, str] | None, limit: int
) -> list[tuple[datetime, int, str]]:
    """(opening, source, id) of a service's incidents after this one, in that order.

    Those without an opening are left out: nothing that a service promises concerns them.
    """
    beyond = "" if after is None else "AND (opened_at, source_id, external_id) > (%s, %s, %s)"
    statement = f"""
        SELECT opened_at, source_id, external_id FROM metrics.incident
        WHERE service = %s AND opened_at IS NOT NULL {beyond}
        ORDER BY opened_at, source_id, external_id LIMIT %s
    """  # noqa: S608 - one of two fixed conditions
    async with conn.cursor(row_factory=tuple_row) as cursor:
        await cursor.execute(statement, [service, *(after or ()), limit])
        return await cursor.fetchall()


_CONCLUDED = ("priority", "vendor_product", *Clocked._fields[1:])
_CONCLUDE = f"""
    UPDATE metrics.incident AS i SET ({", ".join(_CONCLUDED)}) =
        ROW ({", ".join("n." + name for name in _CONCLUDED)})
    FROM json_populate_recordset(NULL::metrics.incident, %s::json) AS n
    WHERE i.source_id = %s AND i.external_id = n.external_id
"""  # noqa: S608 - made of our own column names


async def update_conclusions(
    conn: Connection, source_id: int, incidents: Mapping[str, FoldedIncident]
) -> None:
    """Overwrite what (locked) incidents take from the catalog, their service apart."""
    if incidents:
        rows = [
            {"external_id": key, **{name: getattr(one, name) for name in _CONCLUDED}}
            for key, one in incidents.items()
        ]
        await conn.execute(_CONCLUDE, [orjson.dumps(rows).decode(), source_id])


async def move_incidents(
    conn: Connection, source_id: int, external_ids: Sequence[str], service: str | None, pin: bool
) -> None:
    """Attribute (locked) incidents and their transitions to another service."""
    async with conn.pipeline():
        await conn.execute(
            "UPDATE metrics.incident SET service = %s, service_pinned = service_pinned OR %s"
            " WHERE source_id = %s AND external_id = ANY(%s)",
            [service, pin, source_id, list(external_ids)],
        )
        await conn.execute(
            "UPDATE metrics.incident_transition SET service = %s"
            " WHERE source_id = %s AND external_id = ANY(%s)",
            [service, source_id, list(external_ids)],
        )


class Asked(NamedTuple):
    """Incidents that were asked for, and their transitions."""

    incidents: psycopg.AsyncCursor[Any]
    transitions: psycopg.AsyncCursor[Any]


async def ask_for_incidents(conn: Connection, source_id: int, external_ids: Iterable[str]) -> Asked:
    """Lock the stored among these incidents, in the order of their ids.

    In a pipeline the statements are one turn; the answers are there once it has ended.
    """
    ids = list(external_ids)
    asked = Asked(conn.cursor(row_factory=tuple_row), conn.cursor(row_factory=tuple_row))
    await asked.incidents.execute(_LOCK, [source_id, ids])
    # A statement of its own: its snapshot is taken after the locks were had.
    await asked.transitions.execute(_TRANSITIONS, [source_id, ids])
    return asked


async def lock_incidents(
    conn: Connection, source_id: int, external_ids: Iterable[str]
) -> dict[str, StoredIncident]:
    """The stored among these incidents, locked."""
    async with conn.pipeline():
        asked = await ask_for_incidents(conn, source_id, external_ids)
    return await locked_incidents(asked)


async def locked_incidents(asked: Asked) -> dict[str, StoredIncident]:
    rows, transitions = await asked.incidents.fetchall(), await asked.transitions.fetchall()
    by_incident: dict[str, list[Transition]] = {}
    for external_id, *move in transitions:
        by_incident.setdefault(external_id, []).append(Transition._make(move))
    return {row[0]: _stored(row, by_incident.get(row[0], ())) for row in rows}


def _stored(row: Row, transitions: Sequence[Transition]) -> StoredIncident:
    end = 2 + len(_FOLDED)
    return StoredIncident(
        row[1], FoldedIncident._make([*row[2:end], tuple(transitions)]), *row[end:]
    )


_KEPT = f"""
    SELECT external_id, digest, payload::text FROM metrics.incident_version AS v
    WHERE source_id = %s AND external_id = ANY(%s) AND received_at >= %s
      AND {standing(RecordKind.INCIDENT)}
"""  # noqa: S608 - made of our own words


async def read_versions(
    conn: Connection, source: SourceRules, external_ids: Sequence[str], since: datetime
) -> dict[str, list[Update]]:
    """All updates of these incidents that count; `since` (their first receipt) spares old
    partitions."""
    kept: dict[str, list[Update]] = {}
    async with conn.cursor(row_factory=tuple_row) as cursor:
        await cursor.execute(
            _KEPT,
            [source.id, list(external_ids), since],
        )
        async for external_id, digest, payload in cursor:
            update = kept_update(source, digest, payload.encode())
            kept.setdefault(external_id, []).append(update)
    return kept


def incident_row(source_id: int, external_id: str, incident: StoredIncident) -> list[Any]:
    """The columns of `incident`, in the order of `_INCIDENT`."""
    row = [source_id, external_id, incident.pinned, *incident.folded[:-1], *incident[2:]]
    row[_DIGEST] = _bytea(incident.digest)
    if row[_EXTRA] is not None:
        row[_EXTRA] = as_json(row[_EXTRA])
    return row


def version_row(update: Update, received_at: datetime, service: str | None) -> Row:
    return (
        update.source.id,
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
        await conn.execute(_UPDATE, [json_of(_INCIDENT, rows)])


async def delete_transitions(conn: Connection, source_id: int, external_ids: Sequence[str]) -> None:
    """Make room for the transitions of incidents that were folded again."""
    await conn.execute(
        "DELETE FROM metrics.incident_transition WHERE source_id = %s AND external_id = ANY(%s)",
        [source_id, list(external_ids)],
    )


async def delete_incidents(conn: Connection, source_id: int, external_ids: Sequence[str]) -> None:
    """Incidents of which no version counts any more are none; their versions stay."""
    await delete_transitions(conn, source_id, external_ids)
    await conn.execute(
        "DELETE FROM metrics.incident WHERE source_id = %s AND external_id = ANY(%s)",
        [source_id, list(external_ids)],
    )


async def get_incident(session: AsyncSession, source: str, external_id: str) -> Incident:
    """Raises NotFound."""
    statement = (
        select(Incident)
        .join(Source, Source.id == Incident.source_id)
        .where(Source.key == source, Incident.external_id == external_id)
    )
    found = (await session.scalars(statement)).one_or_none()
    if found is None:
        raise NotFound(f"The source {source} has no incident {external_id}")
    return found


async def get_whole_incident(
    session: AsyncSession, source: str, external_id: str
) -> FoldedIncident:
    """The end state with its transitions. Raises NotFound."""
    incident = await get_incident(session, source, external_id)
    move = IncidentTransition
    statement = (
        select(move.at, move.from_state, move.to_state)
        .where(move.source_id == incident.source_id, move.external_id == external_id)
        .order_by(move.seq)
    )
    moves = tuple(Transition(*row) for row in await session.execute(statement))
    return FoldedIncident._make([*(getattr(incident, name) for name in _FOLDED), moves])


async def list_transitions(
    session: AsyncSession, incident: Incident, page: PageParams
) -> Sequence[IncidentTransition]:
    statement = select(IncidentTransition).where(
        IncidentTransition.source_id == incident.source_id,
        IncidentTransition.external_id == incident.external_id,
    )
    order: list[Any] = [IncidentTransition.seq]
    return (await session.scalars(keyset(statement, order, page))).all()
