"""Every SQL statement of readings, and what others put into theirs to leave out versions."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import psycopg
from psycopg.rows import tuple_row
from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from metrics_api.copying import insert_rows
from metrics_api.readings.rules import PUSHED, Reading, Version
from metrics_api.readings.tables import SupersededVersion
from metrics_api.sources.tables import Source
from shared.errors import NotFound
from shared.schemas.metrics import RecordKind

Connection = psycopg.AsyncConnection[Any]

# -- versions that count --------------------------------------------------------------------------

_STANDING = """
    NOT EXISTS (
        SELECT FROM metrics.superseded_version s
        WHERE s.kind = '{kind}' AND s.source_id = v.source_id AND s.external_id = v.external_id
          AND s.digest = v.digest AND s.received_at = v.received_at {when}
    )
"""


def standing(kind: RecordKind) -> str:
    """SQL: that the version `v` of a kind of record is not superseded."""
    return _STANDING.format(kind=kind.value, when="")


def standing_then(kind: RecordKind) -> str:
    """SQL: that it was not yet superseded at the moment `%(then)s`."""
    return _STANDING.format(kind=kind.value, when="AND s.recorded_at <= %(then)s")


def is_superseded(kind: RecordKind, version: Any) -> ColumnElement[bool]:
    """The same turned round, of a mapped table of versions."""
    superseded = SupersededVersion
    return exists().where(
        superseded.kind == kind,
        superseded.source_id == version.source_id,
        superseded.external_id == version.external_id,
        superseded.digest == version.digest,
        superseded.received_at == version.received_at,
    )


class History(NamedTuple):
    """Where the versions of a record are found: its source, and since when there are any."""

    source_id: int
    since: datetime


async def history_of(
    session: AsyncSession, kind: RecordKind, table: Any, source: str, external_id: str
) -> History:
    """Also of a record that is none any more, all its versions being superseded.

    `table` holds the end states of the kind. Raises NotFound.
    """
    first = (
        select(table.first_received_at)
        .where(table.source_id == Source.id, table.external_id == external_id)
        .scalar_subquery()
    )
    superseded = (
        select(func.min(SupersededVersion.received_at))
        .where(
            SupersededVersion.kind == kind,
            SupersededVersion.source_id == Source.id,
            SupersededVersion.external_id == external_id,
        )
        .scalar_subquery()
    )
    statement = select(Source.id, func.least(first, superseded)).where(Source.key == source)
    row = (await session.execute(statement)).one_or_none()
    if row is None or row[1] is None:
        noun = kind.value.replace("_", " ")
        raise NotFound(f"The source {source} has no {noun} {external_id}")
    return History(*row)


# -- readings -------------------------------------------------------------------------------------

_ASKED = """
    unnest(%s::int[], %s::text[], %s::text[], %b::bytea[])
        AS v (source_id, kind, external_id, digest)
"""
_ALSO_PUSHED = f"""
    INSERT INTO metrics.reading (source_id, kind, external_id, digest, receipt_id)
    SELECT v.*, {PUSHED} FROM {_ASKED}
    WHERE EXISTS (SELECT FROM metrics.reading r WHERE r.source_id = ANY(%s))
      AND EXISTS (
        SELECT FROM metrics.reading r
        WHERE r.source_id = v.source_id AND r.kind = v.kind AND r.external_id = v.external_id
          AND r.digest = v.digest)
    ON CONFLICT DO NOTHING
"""  # noqa: S608 - made of our own words
_FIRST_PUSHED = f"""
    INSERT INTO metrics.reading (source_id, kind, external_id, digest, receipt_id)
    SELECT v.*, {PUSHED} FROM {_ASKED}
    WHERE NOT EXISTS (
        SELECT FROM metrics.reading r
        WHERE r.source_id = v.source_id AND r.kind = v.kind AND r.external_id = v.external_id
          AND r.digest = v.digest)
    ON CONFLICT DO NOTHING
"""  # noqa: S608 - made of our own words
_OF_RECEIPTS = """
    SELECT receipt_id, kind, source_id, external_id, digest FROM metrics.reading
    WHERE receipt_id = ANY(%s)
"""
_WITHDRAW = """
    DELETE FROM metrics.reading r
    USING unnest(%s::int[], %s::text[], %s::text[], %b::bytea[], %s::bigint[])
        AS v (source_id, kind, external_id, digest, receipt_id)
    WHERE r.source_id = v.source_id AND r.kind = v.kind AND r.external_id = v.external_id
      AND r.digest = v.digest AND r.receipt_id = v.receipt_id
"""
_COLUMNS = ("source_id", "kind", "external_id", "digest", "receipt_id")


def _arrays(versions: Collection[Version]) -> list[list[Any]]:
    return [
        [version.source_id for version in versions],
        [version.kind for version in versions],
        [version.external_id for version in versions],
        [version.digest for version in versions],
    ]


async def note_repeats(conn: Connection, versions: Sequence[Version]) -> None:
    """Remember of versions that were pushed again, of those that a receipt gave, that they were.

    For a source that delivers nothing in the tool's own form it is one look into the index.
    """
    if versions:
        sources = list({version.source_id for version in versions})
        await conn.execute(_ALSO_PUSHED, [*_arrays(versions), sources])


async def note_found(conn: Connection, versions: Sequence[Version]) -> None:
    """Remember of versions that receipts only repeated, no receipt having given them: others did.

    Before the readings of these receipts are added.
    """
    if versions:
        await conn.execute(_FIRST_PUSHED, _arrays(versions))


async def readings_of(conn: Connection, receipts: Sequence[int]) -> list[Reading]:
    async with conn.cursor(row_factory=tuple_row) as cursor:
        await cursor.execute(_OF_RECEIPTS, [list(receipts)])
        return [Reading(receipt, Version(*version)) async for receipt, *version in cursor]


async def add_readings(conn: Connection, readings: Iterable[Reading]) -> None:
    rows = [
        (
            version.source_id,
            version.kind,
            version.external_id,
            rf"\x{version.digest.hex()}",
            receipt,
        )
        for receipt, version in readings
    ]
    await insert_rows(conn, "metrics.reading", _COLUMNS, rows)


async def withdraw_readings(conn: Connection, readings: Sequence[Reading]) -> None:
    if readings:
        receipts = [reading.receipt_id for reading in readings]
        arrays = _arrays([reading.version for reading in readings])
        await conn.execute(_WITHDRAW, [*arrays, receipts])


_SUPERSEDE = """
    INSERT INTO metrics.superseded_version
        (kind, source_id, external_id, digest, received_at, receipt_id, recorded_at)
    SELECT DISTINCT ON (v.external_id, v.digest, v.received_at)
        %(kind)s, v.source_id, v.external_id, v.digest, v.received_at, w.receipt_id, %(at)s
    FROM unnest(%(ids)s::text[], %(digests)b::bytea[], %(receipts)s::bigint[])
        AS w (external_id, digest, receipt_id)
    JOIN {versions} v ON v.source_id = %(source)s AND v.external_id = w.external_id
        AND v.digest = w.digest AND v.received_at >= %(since)s
    WHERE {standing} AND NOT EXISTS (
        SELECT FROM metrics.reading r
        WHERE r.source_id = %(source)s AND r.kind = %(kind)s AND r.external_id = w.external_id
          AND r.digest = w.digest
    )
    RETURNING external_id
"""
_VERSIONS = "(SELECT * FROM metrics.record_version WHERE kind = %(kind)s)"


async def supersede(
    conn: Connection,
    place: tuple[RecordKind, int],
    withdrawn: Sequence[Reading],
    since: datetime,
    at: datetime,
) -> list[str]:
    """Note as superseded what no one says of (locked) records of a kind and source any more.

    Answers whose versions these are, in order. No one else can say so meanwhile: whoever pushes
    the same waits for the record's lock. `since` spares old partitions.
    """
    kind, source_id = place
    incident = kind is RecordKind.INCIDENT
    statement = _SUPERSEDE.format(
        versions="metrics.incident_version" if incident else _VERSIONS, standing=standing(kind)
    )
    parameters = {
        "kind": kind.value,
        "source": source_id,
        "ids": [reading.version.external_id for reading in withdrawn],
        "digests": [reading.version.digest for reading in withdrawn],
        "receipts": [reading.receipt_id for reading in withdrawn],
        "since": since,
        "at": at,
    }
    async with conn.cursor(row_factory=tuple_row) as cursor:
        await cursor.execute(statement, parameters)
        return sorted({external_id async for (external_id,) in cursor})
