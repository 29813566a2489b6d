"""Every SQL statement of sources and API keys."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import dict_row
from sqlalchemy import func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from metrics_api.sources.rules import SourceRules, source_rules
from metrics_api.sources.tables import ApiKey, Source, SourceSecret, SourceVersion
from shared.errors import Invalid, NotFound
from shared.kit.pagination import PageParams, keyset


async def read_source_rules(conn: psycopg.AsyncConnection[Any]) -> list[SourceRules]:
    """All sources, as ingest needs them."""
    async with conn.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(
            "SELECT id, key, kind, active, delivery, timezone, state_mapping, priority_mapping"
            " FROM metrics.source"
        )
        return [source_rules(**row) async for row in cursor]


async def insert_source(session: AsyncSession, values: dict[str, Any]) -> Source | None:
    """The new source, or None if the key is taken."""
    statement = insert(Source).values(**values).on_conflict_do_nothing().returning(Source)
    return (await session.scalars(statement)).one_or_none()


async def get_source(
    session: AsyncSession, key: str, *, lock: bool = False, pointer: str | None = None
) -> Source:
    """Raises NotFound, or Invalid at `pointer` of a body; `lock` holds it for a change."""
    statement = select(Source).where(Source.key == key)
    if lock:
        statement = statement.with_for_update(key_share=True)
    source = (await session.scalars(statement)).one_or_none()
    if source is None:
        kind = NotFound if pointer is None else Invalid
        raise kind(f"There is no source {key}", code="unknown_source", pointer=pointer)
    return source


async def list_sources(session: AsyncSession, page: PageParams) -> Sequence[Source]:
    order: list[Any] = [Source.key]
    return (await session.scalars(keyset(select(Source), order, page))).all()


async def advance_inlets_revision(session: AsyncSession) -> None:
    """Tell every process to read again how deliveries of sources are proven and read."""
    await session.execute(_ADVANCE_INLETS)


_ADVANCE_INLETS = text(
    "INSERT INTO metrics.revision AS r (name, value) VALUES ('inlets', 1)"
    " ON CONFLICT (name) DO UPDATE SET value = r.value + 1"
)


async def insert_version(session: AsyncSession, values: dict[str, Any]) -> None:
    await session.execute(insert(SourceVersion).values(**values))


async def list_versions(
    session: AsyncSession, source_id: int, page: PageParams
) -> Sequence[SourceVersion]:
    """The oldest first."""
    statement = select(SourceVersion).where(SourceVersion.source_id == source_id)
    order: list[Any] = [SourceVersion.version]
    return (await session.scalars(keyset(statement, order, page))).all()


async def insert_secret(session: AsyncSession, values: dict[str, Any]) -> SourceSecret:
    statement = insert(SourceSecret).values(**values).returning(SourceSecret)
    return (await session.scalars(statement)).one()


async def list_secrets(
    session: AsyncSession, source_id: int, page: PageParams
) -> Sequence[SourceSecret]:
    statement = select(SourceSecret).where(SourceSecret.source_id == source_id)
    order: list[Any] = [SourceSecret.id]
    return (await session.scalars(keyset(statement, order, page))).all()


async def valid_secrets(
    session: AsyncSession, source_id: int, at: datetime
) -> Sequence[SourceSecret]:
    """Neither revoked nor expired at a moment, oldest first."""
    statement = select(SourceSecret).where(
        SourceSecret.source_id == source_id,
        SourceSecret.revoked_at.is_(None),
        or_(SourceSecret.expires_at.is_(None), SourceSecret.expires_at > at),
    )
    return (await session.scalars(statement.order_by(SourceSecret.created_at))).all()


async def revoke_secret(
    session: AsyncSession, source_id: int, secret_id: str, at: datetime
) -> SourceSecret | None:
    """The secret, revoked now or before; None if the source has no such secret."""
    statement = (
        update(SourceSecret)
        .where(SourceSecret.source_id == source_id, SourceSecret.id == secret_id)
        .values(revoked_at=func.coalesce(SourceSecret.revoked_at, at))
        .returning(SourceSecret)
    )
    return (await session.scalars(statement)).one_or_none()


async def insert_api_key(session: AsyncSession, values: dict[str, Any]) -> ApiKey:
    statement = insert(ApiKey).values(**values).returning(ApiKey)
    return (await session.scalars(statement)).one()


async def list_api_keys(
    session: AsyncSession, source_id: int, page: PageParams
) -> Sequence[ApiKey]:
    statement = select(ApiKey).where(ApiKey.source_id == source_id)
    order: list[Any] = [ApiKey.id]
    return (await session.scalars(keyset(statement, order, page))).all()


async def revoke_api_key(
    session: AsyncSession, source_id: int, key_id: str, at: datetime
) -> ApiKey | None:
    """The key, revoked now or before; None if the source has no such key."""
    statement = (
        update(ApiKey)
        .where(ApiKey.source_id == source_id, ApiKey.id == key_id)
        .values(revoked_at=func.coalesce(ApiKey.revoked_at, at))
        .returning(ApiKey)
    )
    return (await session.scalars(statement)).one_or_none()


async def find_api_key(session: AsyncSession, key_id: str) -> tuple[ApiKey, str] | None:
    """The key and the key of its source."""
    statement = (
        select(ApiKey, Source.key)
        .join(Source, Source.id == ApiKey.source_id)
        .where(ApiKey.id == key_id)
    )
    row = (await session.execute(statement)).one_or_none()
    return None if row is None else (row[0], row[1])
