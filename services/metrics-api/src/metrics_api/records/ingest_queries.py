"""SQL of the ingest of records, on the driver; the reads are in queries.py."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import psycopg
from psycopg.rows import tuple_row

from metrics_api.copying import insert_rows, json_of
from metrics_api.incidents.rules import Transition
from metrics_api.intake.updates import as_json, encoder
from metrics_api.readings.queries import standing
from metrics_api.records.kinds import Kind
from metrics_api.records.risk import HISTORY, NO_HISTORY, History
from metrics_api.records.rules import StoredRecord
from metrics_api.records.updates import RecordUpdate, kept_update
from metrics_api.sources.rules import SourceRules

Connection = psycopg.AsyncConnection[Any]
Row = Sequence[Any]

_NEWEST = (
    "version",
    "updated_at",
    "stamped_at",
    "digest",
    "versions",
    "first_received_at",
    "last_received_at",
)
_COMMON = (
    "service",
    "service_name",
    "service_pinned",
    "state",
    "raw_state",
    "title",
    "priority",
    "raw_priority",
    "impact",
    "urgency",
    "channel",
    "touchpoint",
    "customer",
    "vendor",
    "vendor_product",
    "assignment_group",
    "extra",
)
_JSON = frozenset({"extra", "steps", "risk_factors"})
_VERSION = (
    "kind",
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
_TRANSITION = (
    "kind",
    "source_id",
    "external_id",
    "seq",
    "at",
    "from_state",
    "to_state",
    "service",
)


def _changed(kind: Kind) -> tuple[str, ...]:
    return (*_COMMON, *kind.columns, "sent", *_NEWEST)


def columns_of(kind: Kind) -> tuple[str, ...]:
    return ("source_id", "external_id", *_changed(kind))


class Asked(NamedTuple):
    """Records that were asked for, and their transitions."""

    records: psycopg.AsyncCursor[Any]
    transitions: psycopg.AsyncCursor[Any]


async def ask_for_records(
    conn: Connection, kind: Kind, source_id: int, external_ids: Iterable[str]
) -> Asked:
    """Lock the stored among these records, in the order of their ids.

    In a pipeline the statements are one turn; the answers are there once it has ended.
    """
    ids = list(external_ids)
    asked = Asked(conn.cursor(row_factory=tuple_row), conn.cursor(row_factory=tuple_row))
    await asked.records.execute(
        f"""
        SELECT external_id, service_pinned, service, sent::text, state, {", ".join(_NEWEST)}
        FROM {kind.table} WHERE source_id = %s AND external_id = ANY(%s)
        ORDER BY external_id FOR NO KEY UPDATE
        """,  # noqa: S608 - made of our own names
        [source_id, ids],
    )
    # A statement of its own: its snapshot is taken after the locks were had.
    await asked.transitions.execute(
        "SELECT external_id, at, from_state, to_state FROM metrics.record_transition"
        " WHERE kind = %s AND source_id = %s AND external_id = ANY(%s) ORDER BY external_id, seq",
        [kind.kind, source_id, ids],
    )
    return asked


async def locked_records(asked: Asked, kind: Kind) -> dict[str, StoredRecord]:
    """The answers to `ask_for_records`."""
    rows, transitions = await asked.records.fetchall(), await asked.transitions.fetchall()
    by_record: dict[str, list[Transition]] = {}
    for external_id, *move in transitions:
        by_record.setdefault(external_id, []).append(Transition._make(move))
    return {
        external_id: StoredRecord(
            pinned,
            service,
            kind.decoder.decode(sent),
            state,
            tuple(by_record.get(external_id, ())),
            *newest,
        )
        for external_id, pinned, service, sent, state, *newest in rows
    }


async def lock_records(
    conn: Connection, kind: Kind, source_id: int, external_ids: Iterable[str]
) -> dict[str, StoredRecord]:
    """The stored among these records, locked."""
    async with conn.pipeline():
        asked = await ask_for_records(conn, kind, source_id, external_ids)
    return await locked_records(asked, kind)


async def read_versions(
    conn: Connection,
    kind: Kind,
    source: SourceRules,
    external_ids: Sequence[str],
    since: datetime,
) -> dict[str, list[RecordUpdate]]:
    """All updates of these records that count; `since` (their first receipt) spares old
    partitions."""
    kept: dict[str, list[RecordUpdate]] = {}
    async with conn.cursor(row_factory=tuple_row) as cursor:
        await cursor.execute(
            f"""
            SELECT external_id, digest, payload::text FROM metrics.record_version AS v
            WHERE kind = %s AND source_id = %s AND external_id = ANY(%s) AND received_at >= %s
              AND {standing(kind.kind)}
            """,  # noqa: S608 - made of our own words
            [kind.kind, source.id, list(external_ids), since],
        )
        async for external_id, digest, payload in cursor:
            update = kept_update(kind, source, digest, payload.encode())
            kept.setdefault(external_id, []).append(update)
    return kept


def record_row(
    kind: Kind, source_id: int, record: StoredRecord, values: Mapping[str, Any]
) -> list[Any]:
    """The columns of a record's table, in their order."""
    newest = (
        record.version,
        record.updated_at,
        record.stamped_at,
        _bytea(record.digest),
        record.versions,
        record.first_received_at,
        record.last_received_at,
    )
    own = [_plain(name, values[name]) for name in (*_COMMON, *kind.columns)]
    sent = encoder.encode(record.sent).decode()
    return [source_id, record.sent.external_id, *own, sent, *newest]


def _plain(name: str, value: Any) -> Any:
    return as_json(value) if name in _JSON and value is not None else value


def version_row(update: RecordUpdate, received_at: datetime, service: str | None) -> Row:
    """The columns of a version."""
    return (
        update.kind.kind.value,
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


async def insert_records(conn: Connection, kind: Kind, rows: Sequence[Row]) -> None:
    await insert_rows(conn, kind.table, columns_of(kind), rows)


async def insert_versions(conn: Connection, rows: Sequence[Row]) -> None:
    await insert_rows(conn, "metrics.record_version", _VERSION, rows)


async def insert_transitions(conn: Connection, rows: Sequence[Row]) -> None:
    await insert_rows(conn, "metrics.record_transition", _TRANSITION, rows)


async def update_records(conn: Connection, kind: Kind, rows: Sequence[Row]) -> None:
    """Overwrite known (and locked) records."""
    if not rows:
        return
    changed = _changed(kind)
    statement = f"""
        UPDATE {kind.table} AS r SET ({", ".join(changed)}) =
            ROW ({", ".join("n." + name for name in changed)})
        FROM json_populate_recordset(NULL::{kind.table}, %s::json) AS n
        WHERE r.source_id = n.source_id AND r.external_id = n.external_id
    """  # noqa: S608 - made of our own names
    await conn.execute(statement, [json_of(columns_of(kind), rows)])


async def delete_transitions(
    conn: Connection, kind: Kind, source_id: int, external_ids: Sequence[str]
) -> None:
    """Make room for the transitions of records that were folded again."""
    await conn.execute(
        "DELETE FROM metrics.record_transition"
        " WHERE kind = %s AND source_id = %s AND external_id = ANY(%s)",
        [kind.kind, source_id, list(external_ids)],
    )


async def delete_records(
    conn: Connection, kind: Kind, source_id: int, external_ids: Sequence[str]
) -> None:
    """Records of which no version counts any more are none; their versions stay."""
    await delete_transitions(conn, kind, source_id, external_ids)
    await conn.execute(
        f"DELETE FROM {kind.table} WHERE source_id = %s AND external_id = ANY(%s)",  # noqa: S608 - our own name
        [source_id, list(external_ids)],
    )


async def records_named(
    conn: Connection, kind: Kind, named: tuple[int, str], service: str | None, limit: int
) -> list[str]:
    """Ids of records of a (source, service name) that are attributed so (None: not at all)."""
    present, values = ("IS NULL", []) if service is None else ("= %s", [service])
    statement = f"""
        SELECT external_id FROM {kind.table}
        WHERE source_id = %s AND service_name = %s AND service {present} AND NOT service_pinned
        ORDER BY external_id LIMIT %s
    """  # noqa: S608 - our own name, one of two fixed conditions
    async with conn.cursor(row_factory=tuple_row) as cursor:
        await cursor.execute(statement, [*named, *values, limit])
        return [external_id async for (external_id,) in cursor]


async def records_after(
    conn: Connection, kind: Kind, source_id: int, external_id: str, limit: int
) -> list[str]:
    """Ids of a source's records after this one, in order."""
    statement = f"""
        SELECT external_id FROM {kind.table} WHERE source_id = %s AND external_id > %s
        ORDER BY external_id LIMIT %s
    """  # noqa: S608 - our own name
    async with conn.cursor(row_factory=tuple_row) as cursor:
        await cursor.execute(statement, [source_id, external_id, limit])
        return [found async for (found,) in cursor]


async def criticalities(conn: Connection, services: Iterable[str]) -> dict[str, str | None]:
    """Of the services that are known here."""
    async with conn.cursor(row_factory=tuple_row) as cursor:
        await cursor.execute(
            "SELECT key, criticality FROM metrics.service_copy WHERE key = ANY(%s)",
            [list(services)],
        )
        return {key: criticality async for key, criticality in cursor}


Question = tuple[str, str, datetime]
"""`service` or `assignment_group`, which one, and the moment before which changes count."""

_OUTCOMES = """
    SELECT asked.n, count(*), count(*) FILTER (WHERE c.outcome <> 'successful')
    FROM unnest(%(names)s::text[], %(moments)s::timestamptz[]) WITH ORDINALITY
        AS asked (name, before, n)
    JOIN metrics.change_record c ON c.{column} = asked.name AND c.outcome IS NOT NULL
        AND c.completed_at < asked.before AND c.completed_at >= asked.before - %(history)s
    GROUP BY asked.n
"""


async def outcomes_before(
    conn: Connection, questions: Iterable[Question]
) -> dict[Question, History]:
    """How the changes of services and groups ended in the time before these moments."""
    found = dict.fromkeys(questions, NO_HISTORY)
    asked: dict[str, list[Question]] = {}
    for question in found:
        asked.setdefault(question[0], []).append(question)
    for column, some in asked.items():
        names, moments = [name for _, name, _ in some], [moment for _, _, moment in some]
        async with conn.cursor(row_factory=tuple_row) as cursor:
            await cursor.execute(
                _OUTCOMES.format(column=column),
                {"names": names, "moments": moments, "history": HISTORY},
            )
            async for place, ended, failed in cursor:
                found[some[place - 1]] = History(ended, failed)
    return {
        question: found.get(question, NO_HISTORY) for some in asked.values() for question in some
    }
