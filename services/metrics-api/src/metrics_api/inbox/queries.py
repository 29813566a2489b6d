"""Every SQL statement of the inbox: storing deliveries (on the driver), processing, the reads."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import orjson
import psycopg
from psycopg.rows import dict_row, tuple_row
from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from metrics_api.inbox.rules import Inlet, inlet_of
from metrics_api.inbox.tables import Receipt, ReceivedBody
from metrics_api.readings.tables import Reading
from metrics_api.sources.schemas import SignatureSettings, signing_of
from metrics_api.sources.tools.registry import tool_of
from shared.errors import NotFound
from shared.kit.database import rows_of
from shared.kit.pagination import PageParams, keyset

Connection = psycopg.AsyncConnection[Any]

_INLETS = """
    SELECT s.id, s.key, s.kind, s.active, s.timezone, s.signature, s.field_mapping,
        s.kind_mapping, s.record_kind,
        (SELECT array_agg(x.secret ORDER BY x.created_at) FROM metrics.source_secret x
            WHERE x.source_id = s.id AND x.revoked_at IS NULL) AS secrets,
        (SELECT array_agg(x.expires_at ORDER BY x.created_at) FROM metrics.source_secret x
            WHERE x.source_id = s.id AND x.revoked_at IS NULL) AS expiries,
        (SELECT array_agg(k.id ORDER BY k.id) FROM metrics.api_key k
            WHERE k.source_id = s.id AND k.revoked_at IS NULL) AS key_ids,
        (SELECT array_agg(k.secret_hash ORDER BY k.id) FROM metrics.api_key k
            WHERE k.source_id = s.id AND k.revoked_at IS NULL) AS key_hashes
    FROM metrics.source s
"""
_REVISION = "SELECT value FROM metrics.revision WHERE name = 'inlets'"


async def read_inlets(conn: Connection) -> tuple[int, dict[str, Inlet]]:
    """All sources as deliveries need them, and the revision that they are of, or a later one."""
    async with conn.cursor(row_factory=tuple_row) as cursor:
        await cursor.execute(_REVISION)
        revision = _value(await cursor.fetchone())
    async with conn.cursor(row_factory=dict_row) as rows:
        await rows.execute(_INLETS)
        return revision, {row["key"]: _inlet(row) async for row in rows}


async def inlets_revision(conn: Connection) -> int:
    async with conn.cursor(row_factory=tuple_row) as cursor:
        await cursor.execute(_REVISION)
        return _value(await cursor.fetchone())


def _value(row: Sequence[Any] | None) -> int:
    return 0 if row is None else int(row[0])


def _inlet(row: Mapping[str, Any]) -> Inlet:
    own = row["signature"] and SignatureSettings.model_validate(row["signature"])
    return inlet_of(
        row,
        signing_of(own or None, tool_of(row["kind"]).signing),
        tuple(zip(row["secrets"] or (), row["expiries"] or (), strict=True)),
        dict(zip(row["key_ids"] or (), row["key_hashes"] or (), strict=True)),
    )


class Delivery(NamedTuple):
    """One delivery, as it is stored."""

    source_id: int
    repeat_key: str
    received_at: datetime
    headers: dict[str, str]
    body: bytes


# One statement: a group costs one round trip, and is stored by the sources of its revision or not
# at all.
_STORE = """
    WITH held AS (
        SELECT coalesce(max(value), 0) AS revision FROM metrics.revision WHERE name = 'inlets'
    ), sent AS (
        SELECT s.* FROM ROWS FROM (json_to_recordset(CAST(:sent AS json)) AS (
            source_id int, repeat_key text, received_at timestamptz, headers jsonb, body text
        )) WITH ORDINALITY AS s (source_id, repeat_key, received_at, headers, body, n)
        JOIN held ON held.revision = coalesce(CAST(:judged_by AS bigint), held.revision)
    ), stored AS (
        INSERT INTO metrics.receipt (source_id, repeat_key, received_at, size, state, attempts)
        SELECT source_id, repeat_key, received_at, octet_length(body), 'pending', 0
        FROM sent ORDER BY n
        ON CONFLICT (source_id, repeat_key) DO NOTHING
        RETURNING id, source_id, repeat_key, received_at
    ), bodies AS (
        INSERT INTO metrics.received_body (receipt_id, received_at, source_id, headers, body)
        SELECT r.id, r.received_at, r.source_id, s.headers, convert_to(s.body, 'UTF8')
        FROM stored r JOIN sent s USING (source_id, repeat_key)
    )
    SELECT held.revision, s.source_id, s.repeat_key, s.id FROM held LEFT JOIN stored s ON true
"""
_KNOWN = """
    SELECT r.source_id, r.repeat_key, r.id FROM metrics.receipt r
    JOIN unnest(CAST(:source_ids AS int[]), CAST(:repeat_keys AS text[]))
        AS s (source_id, repeat_key) USING (source_id, repeat_key)
"""
Identity = tuple[int, str]


class Stored(NamedTuple):
    """Receipts of a group by source and repeat key: new ones, and those that were there."""

    new: dict[Identity, int]
    known: dict[Identity, int]


async def store(
    session: AsyncSession, deliveries: Sequence[Delivery], judged_by: int | None = None
) -> Stored | None:
    """Store a group of deliveries that are all different.

    None, and nothing is stored, if the sources are not of the revision they were judged by.
    """
    # A body is text, or it would not have been read as JSON.
    rows = [each._asdict() | {"body": each.body.decode()} for each in deliveries]
    sent = {"judged_by": judged_by, "sent": orjson.dumps(rows).decode()}
    stored = await rows_of(session, _STORE, sent)
    if judged_by not in (None, stored[0].revision):
        return None
    new = {(row.source_id, row.repeat_key): row.id for row in stored if row.id is not None}
    repeated = [each[:2] for each in deliveries if each[:2] not in new]
    return Stored(new, await _known(session, repeated) if repeated else {})


async def _known(session: AsyncSession, identities: Sequence[Identity]) -> dict[Identity, int]:
    ids, keys = zip(*identities, strict=True)
    rows = await rows_of(session, _KNOWN, {"source_ids": list(ids), "repeat_keys": list(keys)})
    return {(row.source_id, row.repeat_key): row.id for row in rows}


class Pending(NamedTuple):
    id: int
    source_id: int
    received_at: datetime
    attempts: int
    headers: dict[str, str]
    body: bytes


_PENDING = """
    SELECT r.id, r.source_id, r.received_at, r.attempts, b.headers, b.body FROM (
        SELECT id, source_id, received_at, attempts, sum(size) OVER (ORDER BY id) - size AS before
        FROM (
            SELECT id, source_id, received_at, attempts, size FROM metrics.receipt
            WHERE state = 'pending' ORDER BY id LIMIT %s
        ) AS next
    ) AS r
    JOIN metrics.received_body b ON b.receipt_id = r.id AND b.received_at = r.received_at
    WHERE r.before < %s ORDER BY r.id
"""


async def pending(conn: Connection, at_most: int, bytes_at_most: int) -> list[Pending]:
    """The next receipts to process, in the order of receipt."""
    async with conn.cursor(row_factory=tuple_row) as cursor:
        await cursor.execute(_PENDING, [at_most, bytes_at_most])
        return [Pending._make(row) async for row in cursor]


async def newest_receipt(session: AsyncSession) -> int:
    """The number of the last receipt: what came in between two looks is their difference."""
    return await session.scalar(select(func.max(Receipt.id))) or 0


_SETTLE = """
    UPDATE metrics.receipt AS r
    SET state = n.state, outcome = n.outcome, processed_at = %s, attempts = r.attempts + 1
    FROM json_to_recordset(%s::json) AS n (id bigint, state text, outcome jsonb)
    WHERE r.id = n.id
"""


async def settle(conn: Connection, outcomes: Sequence[Mapping[str, Any]], at: datetime) -> None:
    """Write what became of receipts: each with id, state and outcome."""
    if outcomes:
        await conn.execute(_SETTLE, [at, orjson.dumps(list(outcomes)).decode()])


async def open_outage(conn: Connection, source_id: int, prefix: str, at: datetime) -> str | None:
    """The outage of a source whose id begins so that was open, or ended, at a moment."""
    async with conn.cursor(row_factory=tuple_row) as cursor:
        await cursor.execute(
            "SELECT external_id FROM metrics.outage WHERE source_id = %s"
            " AND starts_with(external_id, %s) AND started_at <= %s"
            " AND (ended_at IS NULL OR ended_at = %s) ORDER BY started_at DESC LIMIT 1",
            [source_id, prefix, at, at],
        )
        row = await cursor.fetchone()
        return None if row is None else str(row[0])


@dataclass(frozen=True)
class ReceiptFilter:
    """What a list of receipts is narrowed to; the range is [from, to)."""

    state: str | None = None
    received_from: datetime | None = None
    received_to: datetime | None = None
    external_id: str | None = None


async def list_receipts(
    session: AsyncSession, source_id: int, wanted: ReceiptFilter, page: PageParams
) -> Sequence[Receipt]:
    """The newest first."""
    statement = select(Receipt).where(*_conditions(source_id, wanted))
    order: list[Any] = [Receipt.id.desc()]
    return (await session.scalars(keyset(statement, order, page))).all()


def _conditions(source_id: int, wanted: ReceiptFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [Receipt.source_id == source_id]
    if wanted.state is not None:
        conditions.append(Receipt.state == wanted.state)
    if wanted.received_from is not None:
        conditions.append(Receipt.received_at >= wanted.received_from)
    if wanted.received_to is not None:
        conditions.append(Receipt.received_at < wanted.received_to)
    if wanted.external_id is not None:
        gave = select(Reading.receipt_id).where(
            Reading.source_id == source_id, Reading.external_id == wanted.external_id
        )
        conditions.append(Receipt.id.in_(gave))
    return conditions


async def get_receipt(session: AsyncSession, source_id: int, receipt_id: int) -> tuple[Any, Any]:
    """The receipt and its body; raises NotFound."""
    statement = (
        select(Receipt, ReceivedBody)
        .join(
            ReceivedBody,
            (ReceivedBody.receipt_id == Receipt.id)
            & (ReceivedBody.received_at == Receipt.received_at),
        )
        .where(Receipt.source_id == source_id, Receipt.id == receipt_id)
    )
    row = (await session.execute(statement)).one_or_none()
    if row is None:
        raise NotFound(f"The source has no receipt {receipt_id}; it may have been forgotten")
    return row[0], row[1]


async def replay(
    session: AsyncSession, source_id: int, states: Sequence[str], wanted: ReceiptFilter
) -> int:
    """Let receipts that ended in these states be processed again: how many."""
    statement = (
        update(Receipt)
        .where(*_conditions(source_id, wanted), Receipt.state.in_(states))
        .values(state="pending")
        .returning(Receipt.id)
    )
    return len((await session.scalars(statement)).all())


async def make_partitions(session: AsyncSession, months_ahead: int) -> None:
    await session.execute(select(func.metrics.make_body_partitions(months_ahead)))


async def forget_received(session: AsyncSession, at_most: int) -> int:
    """Delete receipts, with their bodies, that are older than their source keeps them."""
    forgotten: int = (
        await session.execute(select(func.metrics.forget_received(at_most)))
    ).scalar_one()
    return forgotten
