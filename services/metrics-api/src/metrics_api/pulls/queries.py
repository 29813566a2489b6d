"""Every SQL statement of pulls."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from metrics_api.pulls.tables import Pull
from metrics_api.sources.tables import Source


async def find_pull(session: AsyncSession, source_id: int, *, lock: bool = False) -> Pull | None:
    statement = select(Pull).where(Pull.source_id == source_id)
    if lock:
        statement = statement.with_for_update()
    return (await session.scalars(statement)).one_or_none()


async def insert_pull(session: AsyncSession, values: dict[str, Any]) -> Pull:
    return (await session.scalars(insert(Pull).values(**values).returning(Pull))).one()


async def delete_pull(session: AsyncSession, source_id: int) -> None:
    await session.execute(delete(Pull).where(Pull.source_id == source_id))


async def due_pulls(session: AsyncSession, at: datetime) -> Sequence[tuple[int, str]]:
    """Ids and keys of the sources whose pull is due."""
    statement = (
        select(Source.id, Source.key)
        .join(Pull, Pull.source_id == Source.id)
        .where(Pull.active, Source.active, Pull.next_run_at <= at)
        .order_by(Pull.next_run_at)
    )
    return [(row[0], row[1]) for row in await session.execute(statement)]


async def pull_of(session: AsyncSession, source_id: int) -> tuple[Pull, Source] | None:
    """The pull of a source, and the source."""
    statement = (
        select(Pull, Source)
        .join(Source, Source.id == Pull.source_id)
        .where(Pull.source_id == source_id, Pull.active, Source.active)
    )
    row = (await session.execute(statement)).one_or_none()
    return None if row is None else (row[0], row[1])


async def move_cursor(
    session: AsyncSession, pull: Pull, cursor: datetime | None, records: int
) -> None:
    """How far the pull has come; not if it was changed meanwhile, and never back."""
    values: dict[str, Any] = {"records": Pull.records + records}
    if cursor is not None:
        values["cursor_at"] = func.greatest(Pull.cursor_at, cursor)
    await session.execute(_of_version(pull).values(**values))


async def note_run(session: AsyncSession, pull: Pull, values: Mapping[str, Any]) -> None:
    """How a run ended; one of settings that were changed meanwhile says nothing any more."""
    await session.execute(_of_version(pull).values(**values))


def _of_version(pull: Pull) -> Any:
    return update(Pull).where(Pull.source_id == pull.source_id, Pull.version == pull.version)
