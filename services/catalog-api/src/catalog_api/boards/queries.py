"""Every SQL statement about boards, their meetings and their decisions."""

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from catalog_api.boards.tables import Board
from catalog_api.rows import table_of

_board = table_of(Board).c


async def known_keys(session: AsyncSession, keys: Collection[str]) -> set[str]:
    """Which of these keys are boards that have not ended."""
    present = select(_board.key).where(_board.key.in_(keys), _board.ended_on.is_(None))
    return set(await session.scalars(present)) if keys else set()
