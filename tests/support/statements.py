"""Which SQL statements are sent: how many it takes must not grow with what there is."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

PINGS = {";", "SELECT 1"}  # whether a rested connection lives
SETTINGS = "SELECT set_config("  # how what goes with it is planned: it reads nothing


@contextmanager
def counted_statements() -> Iterator[list[str]]:
    """The SQL statements that this process sends meanwhile, without COPY and settings.

    Noted at the driver: SQLAlchemy does not see what `shared.kit.database.rows_of` sends.
    """
    seen: list[str] = []
    execute, executemany = psycopg.AsyncCursor.execute, psycopg.AsyncCursor.executemany

    def note(statement: Any) -> None:
        text = statement.decode() if isinstance(statement, bytes) else str(statement)
        if text not in PINGS and not text.startswith(SETTINGS):
            seen.append(text)

    async def noted(self: Any, statement: Any, *arguments: Any, **options: Any) -> Any:
        note(statement)
        return await execute(self, statement, *arguments, **options)

    async def noted_many(self: Any, statement: Any, *arguments: Any, **options: Any) -> Any:
        note(statement)
        return await executemany(self, statement, *arguments, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(psycopg.AsyncCursor, "execute", noted)
        patch.setattr(psycopg.AsyncCursor, "executemany", noted_many)
        yield seen
