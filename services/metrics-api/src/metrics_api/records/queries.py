"""SQL of the reads of records; that of the ingest is in ingest_queries.py."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Text, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from metrics_api.readings.queries import history_of, is_superseded
from metrics_api.records.tables import (
    ChangeRecord,
    InfrastructureEvent,
    Outage,
    RecordTransition,
    RecordVersion,
    RequestRecord,
    Survey,
)
from metrics_api.sources.tables import Source
from shared.errors import NotFound
from shared.kit.pagination import PageParams, keyset
from shared.schemas.metrics import RecordKind

AnyRecord = RequestRecord | ChangeRecord | Outage | Survey | InfrastructureEvent
Range = tuple[datetime | None, datetime | None]

TABLES: Final[Mapping[RecordKind, type[AnyRecord]]] = {
    RecordKind.REQUEST: RequestRecord,
    RecordKind.CHANGE: ChangeRecord,
    RecordKind.OUTAGE: Outage,
    RecordKind.SURVEY: Survey,
    RecordKind.INFRASTRUCTURE_EVENT: InfrastructureEvent,
}


@dataclass(frozen=True)
class RecordFilter:
    """What a list of records is narrowed to.

    `equal` and `ranges` ([from, to)) are by column, None where it does not matter; `lasting`
    names the column that is null while a record is open, `is_open` which of the two is asked for.
    """

    source: str | None = None
    equal: Mapping[str, Any] = field(default_factory=dict)
    ranges: Mapping[str, Range] = field(default_factory=dict)
    lasting: str | None = None
    is_open: bool | None = None


async def list_records(
    session: AsyncSession, kind: RecordKind, wanted: RecordFilter, page: PageParams
) -> Sequence[Any]:
    """Records with the keys of their sources, by source and id."""
    table: Any = TABLES[kind]
    statement: Any = select(table, Source.key).join(Source, Source.id == table.source_id)
    statement = statement.where(*_conditions(table, wanted))
    order: list[Any] = [table.source_id, table.external_id]
    return list((await session.execute(keyset(statement, order, page))).all())


def _conditions(table: Any, wanted: RecordFilter) -> Iterator[ColumnElement[bool]]:
    if wanted.source is not None:
        yield Source.key == wanted.source
    for name, value in wanted.equal.items():
        if value is not None:
            yield getattr(table, name) == value
    for name, (start, end) in wanted.ranges.items():
        if start is not None:
            yield getattr(table, name) >= start
        if end is not None:
            yield getattr(table, name) < end
    if wanted.lasting is not None and wanted.is_open is not None:
        column = getattr(table, wanted.lasting)
        yield column.is_(None) if wanted.is_open else column.is_not(None)


async def get_record(
    session: AsyncSession, kind: RecordKind, source: str, external_id: str
) -> AnyRecord:
    """Raises NotFound."""
    table: Any = TABLES[kind]
    statement = (
        select(table)
        .join(Source, Source.id == table.source_id)
        .where(Source.key == source, table.external_id == external_id)
    )
    found: AnyRecord | None = (await session.scalars(statement)).one_or_none()
    if found is None:
        noun = kind.value.replace("_", " ")
        raise NotFound(f"The source {source} has no {noun} {external_id}")
    return found


async def list_versions(
    session: AsyncSession, kind: RecordKind, named: tuple[str, str], page: PageParams
) -> Sequence[Any]:
    """Of a (source, id), in the order of receipt, also superseded ones. Raises NotFound."""
    history = await history_of(session, kind, TABLES[kind], *named)
    digest = func.encode(RecordVersion.digest, "hex", type_=Text).label("digest")
    columns = (
        RecordVersion.version,
        RecordVersion.updated_at,
        RecordVersion.stamped_at,
        RecordVersion.received_at,
        RecordVersion.service,
        RecordVersion.payload,
        is_superseded(kind, RecordVersion).label("superseded"),
    )
    statement = select(digest, *columns).where(
        RecordVersion.kind == kind,
        RecordVersion.source_id == history.source_id,
        RecordVersion.external_id == named[1],
        RecordVersion.received_at >= history.since,
    )
    order: list[Any] = [RecordVersion.received_at, digest.element]
    return list((await session.execute(keyset(statement, order, page))).all())


async def list_transitions(
    session: AsyncSession, kind: RecordKind, record: AnyRecord, page: PageParams
) -> Sequence[RecordTransition]:
    statement = select(RecordTransition).where(
        RecordTransition.kind == kind,
        RecordTransition.source_id == record.source_id,
        RecordTransition.external_id == record.external_id,
    )
    order: list[Any] = [RecordTransition.seq]
    return (await session.scalars(keyset(statement, order, page))).all()
