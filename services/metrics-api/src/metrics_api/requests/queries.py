"""Every SQL statement about request records."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Text, case, func, select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from metrics_api.requests.rules import Identity, Order
from metrics_api.requests.tables import RequestRecord, RequestRecordVersion
from shared.errors import NotFound
from shared.kit.pagination import PageParams, keyset


@dataclass(frozen=True)
class RequestFilter:
    """What a list of requests is narrowed to; ranges are [from, to)."""

    source: str | None = None
    service: str | None = None
    offering: str | None = None
    customer: str | None = None
    state: str | None = None
    opened_from: datetime | None = None
    opened_to: datetime | None = None
    fulfilled_from: datetime | None = None
    fulfilled_to: datetime | None = None


async def keep_version(
    session: AsyncSession, of: Identity, order: Order, payload: Mapping[str, Any], at: datetime
) -> bool:
    """Keep an update; False when it is kept already."""
    values = {**of._asdict(), **order._asdict(), "payload": payload, "received_at": at}
    statement = insert(RequestRecordVersion).values(**values).on_conflict_do_nothing()
    kept = await session.execute(statement.returning(RequestRecordVersion.version))
    return kept.first() is not None


async def upsert_record(
    session: AsyncSession, of: Identity, order: Order, record: Mapping[str, Any], at: datetime
) -> None:
    """Count a version that was not known; its record stands if it is the newest so far."""
    told = {**record, **order._asdict()}
    first = {"versions": 1, "first_received_at": at, "last_received_at": at}
    statement = insert(RequestRecord).values(**of._asdict(), **told, **first)
    new, old = statement.excluded, RequestRecord.__table__.c
    names = ("version", "updated_at", "digest")
    newer = tuple_(*(new[name] for name in names)) > tuple_(*(old[name] for name in names))
    fields = {name: case((newer, new[name]), else_=old[name]) for name in told}
    counted = {"versions": old.versions + 1, "last_received_at": at}
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["source", "external_id"], set_=fields | counted
        )
    )


async def list_requests(
    session: AsyncSession, wanted: RequestFilter, page: PageParams
) -> Sequence[RequestRecord]:
    """Requests by source and id, one more than the page holds."""
    statement = select(RequestRecord).where(*_conditions(wanted))
    order: list[Any] = [RequestRecord.source, RequestRecord.external_id]
    return (await session.scalars(keyset(statement, order, page))).all()


async def get_request(session: AsyncSession, source: str, external_id: str) -> RequestRecord:
    """Raises NotFound."""
    found = await session.get(RequestRecord, (source, external_id))
    if found is None:
        raise NotFound(f"The source {source} has no request {external_id}")
    return found


async def list_versions(
    session: AsyncSession, request: RequestRecord, page: PageParams
) -> Sequence[Any]:
    """In the order of receipt."""
    digest = func.encode(RequestRecordVersion.digest, "hex", type_=Text).label("digest")
    statement = select(
        digest,
        RequestRecordVersion.version,
        RequestRecordVersion.updated_at,
        RequestRecordVersion.received_at,
        RequestRecordVersion.payload,
    ).where(
        RequestRecordVersion.source == request.source,
        RequestRecordVersion.external_id == request.external_id,
    )
    order: list[Any] = [RequestRecordVersion.received_at, digest.element]
    return list((await session.execute(keyset(statement, order, page))).all())


def _conditions(wanted: RequestFilter) -> Iterator[ColumnElement[bool]]:
    equal = (
        (RequestRecord.source, wanted.source),
        (RequestRecord.service, wanted.service),
        (RequestRecord.offering, wanted.offering),
        (RequestRecord.customer, wanted.customer),
        (RequestRecord.state, wanted.state),
    )
    yield from (column == value for column, value in equal if value is not None)
    ranges = (
        (RequestRecord.opened_at, wanted.opened_from, wanted.opened_to),
        (RequestRecord.fulfilled_at, wanted.fulfilled_from, wanted.fulfilled_to),
    )
    for stamp, start, end in ranges:
        if start is not None:
            yield stamp >= start
        if end is not None:
            yield stamp < end
