"""Engines that outlive a test: the connections to a lent database, and what they have learnt.

A new engine compiles every statement again and a new connection of PostgreSQL reads its catalogs
again, which together took more than half of the time of a test of an app.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.pool import QueuePool

from shared.kit import app
from shared.kit.database import engine_for
from shared.kit.settings import ServiceSettings

IDLE = 3  # connections that an engine keeps from one test to the next

_Key = tuple[object, ...]


class KeptEngine(AsyncEngine):
    """An engine that the end of an app leaves open for the next app on the same database."""

    async def dispose(self, close: bool = True) -> None:
        """Close it only where it has more connections than one test should leave to another."""
        pool = self.sync_engine.pool
        assert isinstance(pool, QueuePool)
        if pool.checkedout() or pool.checkedin() > IDLE:
            await super().dispose(close)

    async def close(self) -> None:
        await super().dispose()


@asynccontextmanager
async def engines_kept() -> AsyncIterator[None]:
    """Meanwhile apps with the same database and limits use the same engine, one after another."""
    kept: dict[_Key, KeptEngine] = {}

    def kept_engine_for(settings: ServiceSettings) -> AsyncEngine:
        key = _key_of(settings)
        if key not in kept:
            kept[key] = KeptEngine(engine_for(settings).sync_engine)
        return kept[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(app, "engine_for", kept_engine_for)
        yield
    for engine in kept.values():
        await engine.close()


def _key_of(settings: ServiceSettings) -> _Key:
    """All that `engine_for` reads."""
    return (
        settings.service_name,
        settings.schema_name,
        settings.database_url,
        settings.database_pool_size,
        settings.database_pool_overflow,
        settings.statement_timeout,
        *sorted(settings.server_settings.items()),
    )
