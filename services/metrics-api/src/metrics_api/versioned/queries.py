"""Every SQL statement that definitions with kept versions have in common."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, Subquery, cast, select, update
from sqlalchemy.dialects.postgresql import JSONB, distinct_on, insert
from sqlalchemy.ext.asyncio import AsyncSession

from metrics_api.base import Base
from shared.errors import NotFound
from shared.kit.pagination import PageParams, keyset


@dataclass(frozen=True)
class Versioned:
    """Two tables: definitions as they are now, and what each of their versions said.

    `id` is the primary key of the first; the second has it as `version_of`, with `version`,
    `recorded_at`, `recorded_by`, and in `data` the fields of the wire.
    """

    present: type[Base]
    versions: type[Base]
    id: str = "key"
    version_of: str = "key"

    def known(self, as_of: datetime | None) -> Any:
        """The columns of definitions as they are, or as they were known at a moment."""
        return self.present.__table__.c if as_of is None else _known_at(self, as_of).c


def _known_at(kept: Versioned, as_of: datetime) -> Subquery:
    """What the newest version of each definition said, of those that were recorded by then."""
    columns, version = kept.present.__table__.c, kept.versions.__table__.c
    identity = version[kept.version_of]
    read = [
        identity if column.name == kept.id else _read(version.data, column) for column in columns
    ]
    newest = (
        select(*(each.label(column.name) for each, column in zip(read, columns, strict=True)))
        .ext(distinct_on(identity))
        .where(version.recorded_at <= as_of)
        .order_by(identity, version.version.desc())
    )
    return newest.subquery()


def _read(data: Any, column: Any) -> Any:
    """A column of a definition out of a version's fields of the wire."""
    field = data[column.name]
    return field if isinstance(column.type, JSONB) else cast(field.astext, column.type)


async def insert_definition(
    session: AsyncSession, kept: Versioned, record: Mapping[str, Any]
) -> bool:
    """False when its key is or was another's."""
    statement = insert(kept.present).values(**record).on_conflict_do_nothing()
    identity = kept.present.__table__.c[kept.id]
    return await session.scalar(statement.returning(identity)) is not None


async def replace_definition(
    session: AsyncSession, kept: Versioned, record: Mapping[str, Any]
) -> None:
    identity = kept.present.__table__.c[kept.id]
    statement = update(kept.present).where(identity == record[kept.id])
    await session.execute(statement.values(**record))


async def keep_version(
    session: AsyncSession, kept: Versioned, record: Mapping[str, Any], data: Mapping[str, Any]
) -> None:
    """Keep what a version says; `data` are its fields as on the wire."""
    version = {name: record[name] for name in ("version", "recorded_at", "recorded_by")}
    version |= {kept.version_of: record[kept.id], "data": dict(data)}
    await session.execute(insert(kept.versions).values(**version))


async def one_row(
    session: AsyncSession, statement: Select[Any], missing: str, *, lock: bool = False
) -> Row[Any]:
    """The row of a statement, 404 with what is missing; `lock` keeps others from changing it."""
    found = await session.execute(statement.with_for_update() if lock else statement)
    row: Row[Any] | None = found.first()
    if row is None:
        raise NotFound(missing)
    return row


async def said_at(
    session: AsyncSession, kept: Versioned, identity: Any, as_of: datetime, missing: str
) -> Mapping[str, Any]:
    """The fields of the wire that a definition had at a moment, 404 with what was missing."""
    columns = kept.versions.__table__.c
    statement = (
        select(columns.data)
        .where(columns[kept.version_of] == identity, columns.recorded_at <= as_of)
        .order_by(columns.version.desc())
        .limit(1)
    )
    said: Mapping[str, Any] = (await one_row(session, statement, missing)).data
    return said


async def present_row(
    session: AsyncSession, kept: Versioned, record: Mapping[str, Any]
) -> Row[Any]:
    """A definition that was just written, as the database reads it."""
    columns = kept.present.__table__.c
    statement = select(*columns).where(columns[kept.id] == record[kept.id])
    return (await session.execute(statement)).one()


async def list_versions(
    session: AsyncSession, kept: Versioned, identity: Any, page: PageParams
) -> list[Row[Any]]:
    """Versions of a definition, newest first, one more than the page holds."""
    columns = kept.versions.__table__.c
    statement = select(columns.data, columns.version).where(columns[kept.version_of] == identity)
    return list((await session.execute(keyset(statement, [columns.version.desc()], page))).all())
