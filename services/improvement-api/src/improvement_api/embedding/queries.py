"""Statements over how services stand to processes."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Text, cast, delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from improvement_api.embedding.rules import Standing
from improvement_api.embedding.tables import ProcessStanding
from shared.kit.pagination import PageParams, keyset
from shared.schemas.processes import Process


class Count(NamedTuple):
    """Services that live a process, of those that it concerns."""

    lived: int
    concerned: int


class Seen(NamedTuple):
    """How many services were looked at, and when the first and the last of them was."""

    services: int
    oldest: datetime | None
    newest: datetime | None


async def replace_standings(
    session: AsyncSession,
    service: tuple[str, str],
    standings: Sequence[Standing],
    seen_at: datetime,
) -> None:
    """Put what was seen of a service (key and name) in the place of what is known of it."""
    key, name = service
    rows = [
        {
            "process": one.process,
            "service": key,
            "name": name,
            "lived": one.lived,
            "missing": list(one.missing),
            "seen_at": seen_at,
        }
        for one in standings
    ]
    statement = insert(ProcessStanding).values(rows)
    fresh = statement.excluded
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=[ProcessStanding.process, ProcessStanding.service],
            set_={field: fresh[field] for field in ("name", "lived", "missing", "seen_at")},
            where=ProcessStanding.seen_at <= fresh.seen_at,
        )
    )


async def forget_all_but(session: AsyncSession, live: Collection[str], before: datetime) -> None:
    """Drop services that are not live; what was seen since `before` stays."""
    await session.execute(
        delete(ProcessStanding).where(
            ProcessStanding.service.not_in(live), ProcessStanding.seen_at < before
        )
    )


async def counts(session: AsyncSession) -> dict[Process, Count]:
    """By process; one that no service was looked at for is absent."""
    statement = select(
        ProcessStanding.process,
        func.count().filter(ProcessStanding.lived.is_(True)),
        func.count(ProcessStanding.lived),
    ).group_by(ProcessStanding.process)
    return {
        process: Count(lived, concerned)
        for process, lived, concerned in await session.execute(statement)
    }


async def what_was_seen(session: AsyncSession) -> Seen:
    statement = select(
        func.count(func.distinct(ProcessStanding.service)),
        func.min(ProcessStanding.seen_at),
        func.max(ProcessStanding.seen_at),
    )
    row: Any = (await session.execute(statement)).one()
    return Seen(*row)


async def list_missing(
    session: AsyncSession, process: Process, page: PageParams
) -> list[ProcessStanding]:
    """The services that do not live a process, by key, one more than the page holds."""
    statement = select(ProcessStanding).where(
        ProcessStanding.process == process, ProcessStanding.lived.is_(False)
    )
    return list(
        await session.scalars(keyset(statement, [cast(ProcessStanding.service, Text)], page))
    )
