"""Every SQL statement of imports and rejections."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from metrics_api.copying import insert_rows
from metrics_api.imports.tables import Import, ImportRejection
from shared.errors import NotFound
from shared.kit.database import driver
from shared.kit.pagination import PageParams, keyset


class Counts(NamedTuple):
    """What one chunk adds to its import."""

    rows: int
    accepted: int
    rejected: int
    created: int
    repeated: int


NOTHING = Counts(0, 0, 0, 0, 0)


class Rejected(NamedTuple):
    """A row that was not accepted: its line from 1, a JSON pointer into it, the reason."""

    line: int
    pointer: str
    reason: str


async def insert_import(
    session: AsyncSession, import_id: UUID, kind: str, started_by: str, at: datetime
) -> None:
    await session.execute(
        insert(Import).values(
            id=import_id,
            kind=kind,
            state="running",
            started_by=started_by,
            started_at=at,
            advanced_at=at,
            **NOTHING._asdict(),
        )
    )


async def advance_import(
    session: AsyncSession, import_id: UUID, counts: Counts, at: datetime
) -> None:
    """Add the counts of a chunk, in the transaction that stores its rows."""
    grown = {name: getattr(Import, name) + value for name, value in counts._asdict().items()}
    await session.execute(
        update(Import).where(Import.id == import_id).values(advanced_at=at, **grown)
    )


async def insert_rejections(
    session: AsyncSession, import_id: UUID, rejections: Sequence[Rejected]
) -> None:
    await insert_rows(
        await driver(session),
        "metrics.import_rejection",
        ("import_id", "line", "pointer", "reason"),
        [(str(import_id), *rejection) for rejection in rejections],
    )


async def finish_import(
    session: AsyncSession, import_id: UUID, problem: str | None, at: datetime
) -> None:
    """Complete, or incomplete with the reason."""
    await session.execute(
        update(Import)
        .where(Import.id == import_id)
        .values(
            state="complete" if problem is None else "incomplete", problem=problem, finished_at=at
        )
    )


async def finish_abandoned(session: AsyncSession, silent_since: datetime, at: datetime) -> None:
    """Imports whose process died in the middle."""
    await session.execute(
        update(Import)
        .where(Import.state == "running", Import.advanced_at < silent_since)
        .values(state="incomplete", problem="the process that took it in ended", finished_at=at)
    )


async def list_imports(session: AsyncSession, page: PageParams) -> Sequence[Import]:
    """Newest first."""
    order: list[Any] = [Import.started_at.desc(), Import.id.desc()]
    return (await session.scalars(keyset(select(Import), order, page))).all()


async def get_import(session: AsyncSession, import_id: UUID) -> Import:
    found = await session.get(Import, import_id)
    if found is None:
        raise NotFound(f"There is no import {import_id}")
    return found


async def list_rejections(
    session: AsyncSession, import_id: UUID, page: PageParams
) -> Sequence[ImportRejection]:
    """In the order of the lines; a line is rejected once at most."""
    statement = select(ImportRejection).where(ImportRejection.import_id == import_id)
    order: list[Any] = [ImportRejection.line]
    return (await session.scalars(keyset(statement, order, page))).all()
