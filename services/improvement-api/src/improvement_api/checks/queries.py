"""Statements over the tokens of badges."""

from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from improvement_api.checks.tables import BadgeToken
from shared.errors import NotFound
from shared.kit.pagination import PageParams, keyset
from shared.schemas.improvement import Gate


async def insert_badge_token(session: AsyncSession, token: BadgeToken) -> None:
    session.add(token)
    await session.flush()


async def list_badge_tokens(
    session: AsyncSession, service: str, gate: Gate, page: PageParams
) -> list[BadgeToken]:
    """Tokens of a badge, newest first, one more than the page holds."""
    statement = select(BadgeToken).where(BadgeToken.service == service, BadgeToken.gate == gate)
    order: list[Any] = [BadgeToken.created_at.desc(), BadgeToken.id.desc()]
    return list(await session.scalars(keyset(statement, order, page)))


async def lock_badge_token(session: AsyncSession, token_id: UUID) -> BadgeToken:
    """Raises NotFound."""
    token = await session.get(BadgeToken, token_id, with_for_update=True)
    if token is None:
        raise NotFound(f"There is no badge token {token_id}")
    return token


async def check_badge_token(
    session: AsyncSession, service: str, gate: Gate, token_hash: bytes
) -> None:
    """NotFound unless a token of this hash shows this badge and was not revoked."""
    statement = select(BadgeToken.id).where(
        BadgeToken.token_hash == token_hash,
        BadgeToken.service == service,
        BadgeToken.gate == gate,
        BadgeToken.revoked_at.is_(None),
    )
    if await session.scalar(statement) is None:
        raise NotFound("There is no such badge")
