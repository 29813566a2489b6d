"""Every SQL statement of attribution."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

import orjson
import psycopg
from psycopg.rows import tuple_row
from sqlalchemy import (
    ColumnElement,
    Subquery,
    Text,
    delete,
    func,
    literal,
    select,
    union_all,
)
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncSession

from metrics_api.attribution.rules import Directory, Memory, Name, words_of
from metrics_api.attribution.tables import (
    Attribution,
    ReceivedEvent,
    ReferenceCopy,
    ServiceCopy,
)
from metrics_api.clocks.queries import read_terms
from metrics_api.copying import insert_rows
from metrics_api.incidents.tables import Incident
from metrics_api.records.tables import (
    ChangeRecord,
    InfrastructureEvent,
    Outage,
    RequestRecord,
    Survey,
)
from metrics_api.sources.queries import read_source_rules
from metrics_api.sources.rules import folded
from metrics_api.sources.tables import Source
from shared.kit.pagination import PageParams, keyset
from shared.schemas.metrics import RecordKind

Connection = psycopg.AsyncConnection[Any]
# Ingest holds it shared, a change of names takes it alone for a moment: so no record is stored
# under the old names after the change was applied to the records that were there.
_DIRECTORY_LOCK = 7_205_331_910


async def ask_for_revision(conn: Connection) -> psycopg.AsyncCursor[Any]:
    """Hold the directory still until the transaction ends, and ask for its revision.

    Two statements, so that the revision is read after the lock was had; in a pipeline they are
    one turn, and the answer is there once the pipeline has ended.
    """
    await conn.execute("SELECT pg_advisory_xact_lock_shared(%s)", [_DIRECTORY_LOCK])
    cursor = conn.cursor(row_factory=tuple_row)
    return await cursor.execute("SELECT value FROM metrics.revision WHERE name = 'directory'")


async def hold_directory_alone(conn: Connection) -> None:
    """Wait for the ingests in flight and keep others waiting until the transaction ends."""
    await conn.execute("SELECT pg_advisory_xact_lock(%s)", [_DIRECTORY_LOCK])


async def advance_directory_revision(conn: Connection) -> None:
    """Tell every process to read names and sources again; alone, as above."""
    await hold_directory_alone(conn)
    await conn.execute(
        "INSERT INTO metrics.revision AS r (name, value) VALUES ('directory', 1)"
        " ON CONFLICT (name) DO UPDATE SET value = r.value + 1"
    )


async def current_directory(conn: Connection, memory: Memory) -> Directory:
    """The directory as it stands; it cannot change before the transaction ends."""
    async with conn.pipeline():
        revision = await ask_for_revision(conn)
    return await directory_at(conn, memory, revision)


async def directory_at(
    conn: Connection, memory: Memory, asked: psycopg.AsyncCursor[Any]
) -> Directory:
    """The directory of the revision that was asked for, read again if it is not remembered."""
    row = await asked.fetchone()
    revision = 0 if row is None else row[0]
    if revision != memory.directory.revision:
        sources = {rules.key: rules for rules in await read_source_rules(conn)}
        memory.directory = Directory(
            revision,
            sources,
            await read_names(conn),
            await _read_words(conn, "vendor_product"),
            await _read_words(conn, "customer"),
            await read_terms(conn),
        )
    return memory.directory


async def _read_words(conn: Connection, kind: str) -> dict[str, str]:
    """What the keys and names of the copies of a kind mean."""
    async with conn.cursor(row_factory=tuple_row) as cursor:
        await cursor.execute(
            "SELECT key, data->>'name' FROM metrics.catalog_copy"
            " WHERE kind = %s AND ended_at IS NULL",
            [kind],
        )
        return words_of(await cursor.fetchall())


_NAMES = """
    SELECT source, words, service FROM (
        SELECT NULL AS source, key AS words, key AS service, 1 AS strength, 0 AS id
        FROM metrics.service_copy
        UNION ALL
        SELECT source, words, service, 2, id
        FROM metrics.reference_copy WHERE ended_at IS NULL
        UNION ALL
        SELECT s.key, a.words, a.service, 3, a.id
        FROM metrics.attribution a JOIN metrics.source s ON s.id = a.source_id
        WHERE a.words IS NOT NULL
    ) AS named {narrowed} ORDER BY strength, id
"""


async def read_names(conn: Connection, words: Iterable[str] | None = None) -> dict[Name, str]:
    """What all names mean, or these: an attribution stands above a reference, that above a key."""
    async with conn.cursor(row_factory=tuple_row) as cursor:
        if words is None:
            await cursor.execute(_NAMES.format(narrowed=""))
        else:
            narrowed = _NAMES.format(narrowed="WHERE words = ANY(%s)")
            await cursor.execute(narrowed, [list(words)])
        return {(source, name): service async for source, name, service in cursor}


async def known_services(conn: Connection) -> list[str]:
    """Keys of all services that are copied here."""
    async with conn.cursor(row_factory=tuple_row) as cursor:
        await cursor.execute("SELECT key FROM metrics.service_copy ORDER BY key")
        return [key async for (key,) in cursor]


async def revisions(session: AsyncSession, keys: Sequence[str]) -> dict[str, int]:
    """Revisions of the copies of these services, where there are copies."""
    statement = select(ServiceCopy.key, ServiceCopy.revision).where(
        ServiceCopy.key == func.any(literal(keys, ARRAY(Text)))
    )
    return {row.key: row.revision for row in await session.execute(statement)}


async def words_of_services(session: AsyncSession, keys: Sequence[str]) -> Sequence[str]:
    """Folded names that mean these services by their references."""
    statement = select(ReferenceCopy.words).where(
        ReferenceCopy.service == func.any(literal(keys, ARRAY(Text))),
        ReferenceCopy.ended_at.is_(None),
    )
    return (await session.scalars(statement)).all()


_UPSERT = """
    WITH taken AS (
    INSERT INTO metrics.service_copy AS old
    SELECT * FROM json_populate_recordset(NULL::metrics.service_copy, %s::json)
    ON CONFLICT (key) DO UPDATE SET (name, kind, portfolio, stage, criticality, revision,
        recorded_at) = ROW (excluded.name, excluded.kind, excluded.portfolio, excluded.stage,
        excluded.criticality, excluded.revision, excluded.recorded_at)
    WHERE old.revision < excluded.revision
    RETURNING key, revision, name, portfolio, recorded_at
    ), kept AS (
    INSERT INTO metrics.service_version (key, revision, name, portfolio, recorded_at)
    SELECT key, revision, name, portfolio, recorded_at FROM taken
    )
    SELECT key FROM taken
"""


async def upsert_services(conn: Connection, services: Sequence[Mapping[str, Any]]) -> set[str]:
    """Keys of the copies that are new or were of an older revision: they are taken over."""
    async with conn.cursor(row_factory=tuple_row) as cursor:
        await cursor.execute(_UPSERT, [orjson.dumps(services).decode()])
        return {key async for (key,) in cursor}


_PRESENT = """
    SELECT id, source, name, service FROM metrics.reference_copy
    WHERE service = ANY(%s) AND ended_at IS NULL
"""


async def replace_references(
    conn: Connection,
    services: Collection[str],
    references: Iterable[tuple[str | None, str, str]],
    at: datetime,
) -> None:
    """References (source, name, service) of these services are these from now on.

    What was valid before stays known.
    """
    wanted = set(references)
    async with conn.cursor(row_factory=tuple_row) as cursor:
        await cursor.execute(_PRESENT, [list(services)])
        present = {(source, name, key): row async for row, source, name, key in cursor}
    ended = [present[each] for each in present.keys() - wanted]
    if ended:
        await conn.execute(
            "UPDATE metrics.reference_copy SET ended_at = %s WHERE id = ANY(%s)", [at, ended]
        )
    columns = ("source", "name", "service", "words", "recorded_at")
    rows = [(*each, folded(each[1]), at) for each in wanted - present.keys()]
    await insert_rows(conn, "metrics.reference_copy", columns, rows)


async def insert_attributions(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> None:
    """Decisions made here, by name or record by record."""
    await session.execute(insert(Attribution), [dict(row) for row in rows])


async def take_events(session: AsyncSession, ids: Sequence[str], at: datetime) -> list[str]:
    """Remember events; the ids of those that were not taken in before."""
    if not ids:
        return []
    statement = insert(ReceivedEvent).values([{"id": each, "received_at": at} for each in ids])
    taken = statement.on_conflict_do_nothing().returning(ReceivedEvent.id)
    return list((await session.scalars(taken)).all())


async def forget_events(session: AsyncSession, before: datetime) -> None:
    await session.execute(delete(ReceivedEvent).where(ReceivedEvent.received_at < before))


class Named(NamedTuple):
    """Records of a kind and source that name a service so."""

    kind: RecordKind
    source_id: int
    name: str


OPENINGS: Final[Mapping[RecordKind, tuple[Any, Any]]] = {
    RecordKind.INCIDENT: (Incident, Incident.opened_at),
    RecordKind.REQUEST: (RequestRecord, RequestRecord.opened_at),
    RecordKind.CHANGE: (ChangeRecord, ChangeRecord.opened_at),
    RecordKind.OUTAGE: (Outage, Outage.started_at),
    RecordKind.SURVEY: (Survey, Survey.sent_at),
    RecordKind.INFRASTRUCTURE_EVENT: (InfrastructureEvent, InfrastructureEvent.occurred_at),
}
"""The table of each kind, and when a record of it began."""


async def unattributed_names(session: AsyncSession) -> Sequence[Named]:
    """Names of the records that belong to no service but name one."""
    return await _names(session, lambda table: [table.service.is_(None)])


async def names_of_service(session: AsyncSession, service: str) -> Sequence[Named]:
    """Names of the records that belong to a service by their name."""
    return await _names(
        session, lambda table: [table.service == service, table.service_pinned.is_(False)]
    )


async def _names(
    session: AsyncSession, conditions: Callable[[Any], list[ColumnElement[bool]]]
) -> Sequence[Named]:
    statement = union_all(
        *(
            select(_kind(kind), table.source_id, table.service_name)
            .where(table.service_name.is_not(None), *conditions(table))
            .distinct()
            for kind, (table, _) in OPENINGS.items()
        )
    )
    rows = await session.execute(statement)
    return [Named(RecordKind(kind), source_id, name) for kind, source_id, name in rows]


async def count_unattributed(session: AsyncSession) -> int:
    """Records of all kinds that belong to no service."""
    return (await session.scalars(select(func.count()).select_from(_unattributed(None)))).one()


def _unattributed(kind: RecordKind | None) -> Subquery:
    """What is shown of the records that belong to no service, of one kind or of all."""
    return union_all(
        *(
            select(
                _kind(of),
                table.source_id,
                table.external_id,
                table.service_name,
                table.title,
                table.state,
                opened_at.label("opened_at"),
                table.first_received_at,
                table.last_received_at,
            ).where(table.service.is_(None))
            for of, (table, opened_at) in OPENINGS.items()
            if kind in (None, of)
        )
    ).subquery()


def _kind(kind: RecordKind) -> ColumnElement[str]:
    return literal(kind.value, Text).label("kind")


class Unattributed(NamedTuple):
    """Which records without a service are asked for; an empty name asks for those without one."""

    kind: RecordKind | None
    source: str | None
    service_name: str | None = None


async def list_unattributed(
    session: AsyncSession, wanted: Unattributed, page: PageParams
) -> list[Any]:
    """Groups of unattributed records by source, name and kind."""
    rows = _unattributed(wanted.kind).c
    name = func.coalesce(rows.service_name, "", type_=Text)
    statement: Any = (
        select(
            rows.source_id,
            Source.key.label("source"),
            name.label("name"),
            rows.kind,
            func.count().label("count"),
            func.min(rows.first_received_at).label("first_seen"),
            func.max(rows.last_received_at).label("last_seen"),
        )
        .join(Source, Source.id == rows.source_id)
        .group_by(rows.source_id, Source.key, name, rows.kind)
    )
    if wanted.source is not None:
        statement = statement.where(Source.key == wanted.source)
    order: list[Any] = [rows.source_id, name, rows.kind]
    return list((await session.execute(keyset(statement, order, page))).all())


async def list_unattributed_records(
    session: AsyncSession, wanted: Unattributed, page: PageParams
) -> list[Any]:
    """Unattributed records, by source, id and kind."""
    rows = _unattributed(wanted.kind).c
    statement: Any = select(*rows, Source.key.label("source")).join(
        Source, Source.id == rows.source_id
    )
    if wanted.source is not None:
        statement = statement.where(Source.key == wanted.source)
    if wanted.service_name is not None:
        named = func.coalesce(rows.service_name, "") == wanted.service_name
        statement = statement.where(named)
    order: list[Any] = [rows.source_id, rows.external_id, rows.kind]
    return list((await session.execute(keyset(statement, order, page))).all())
