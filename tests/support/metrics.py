"""The real metrics-api over ASGI, on a database of its own."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncEngine

from metrics_api.app import create_app
from metrics_api.settings import Settings
from shared.scopes import SCOPES
from tests.support.plumbing import local_issuer, token
from tests.support.postgres import Database


@dataclass
class Metrics:
    """A running metrics-api: `http` is a caller with every scope."""

    app: FastAPI
    http: httpx.AsyncClient
    directory: Path

    @property
    def engine(self) -> AsyncEngine:
        engine: AsyncEngine = self.app.state.engine
        return engine

    def caller(self, subject: str = "ada", scopes: Iterable[str] = SCOPES) -> dict[str, str]:
        """Headers of a caller with these scopes."""
        return {"Authorization": f"Bearer {token(self.directory, subject, scopes)}"}


@asynccontextmanager
async def running_metrics(
    database: Database,
    directory: Path,
    *,
    transport: httpx.AsyncBaseTransport | None = None,
    **settings: Any,
) -> AsyncIterator[Metrics]:
    """Start the app on a migrated database; `directory` holds the issuer's keys.

    `transport` carries its calls to the catalog.
    """
    app = create_app(
        Settings(
            database_url=SecretStr(database.runtime_url),
            trusted_issuers=(local_issuer(directory),),
            **settings,
        ),
        transport=transport,
    )
    # A defect in the app is a 500 here too, as it is over a socket.
    over_asgi = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=over_asgi, base_url="http://metrics") as http,
    ):
        metrics = Metrics(app, http, directory)
        http.headers.update(metrics.caller())
        yield metrics
