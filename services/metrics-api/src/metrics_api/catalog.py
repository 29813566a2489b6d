"""The catalog, as a process of metrics-api asks it; never while it answers a read or an ingest."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import httpx

from metrics_api.settings import Settings
from shared.clients.catalog import CatalogClient
from shared.kit.client import CallPolicy, RemoteClient

PATIENCE = timedelta(seconds=10)
"""For one page of services: nobody waits for it but a refresh."""


@asynccontextmanager
async def connected(
    settings: Settings, transport: httpx.AsyncBaseTransport | None = None
) -> AsyncIterator[CatalogClient]:
    """The catalog's client for the life of a process; `transport` replaces the network in tests."""
    remote = RemoteClient(
        settings,
        "catalog-api",
        settings.catalog_url,
        policy=CallPolicy(PATIENCE),
        transport=transport,
    )
    try:
        yield CatalogClient(remote)
    finally:
        await remote.aclose()
