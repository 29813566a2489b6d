"""One running catalog-api per test, and the few things that most tests start from."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.catalog import Catalog, Make, running_catalog
from tests.support.postgres import Database


@pytest.fixture
async def catalog(catalog_db: Database, tmp_path: Path) -> AsyncIterator[Catalog]:
    async with running_catalog(catalog_db, tmp_path) as running:
        portfolio = {"key": "workplace", "name": "Workplace"}
        assert (await running.http.post("/v1/portfolios", json=portfolio)).status_code == 201
        yield running


@pytest.fixture
def make_service(catalog: Catalog) -> Make:
    """Create a service in the portfolio `workplace`."""

    async def make(key: str = "vpn", **fields: Any) -> dict[str, Any]:
        body = {"key": key, "name": key, "portfolio": "workplace", "kind": "technical"} | fields
        reply = await catalog.http.post("/v1/services", json=body)
        assert reply.status_code == 201, reply.text
        made: dict[str, Any] = reply.json()
        return made

    return make


@pytest.fixture
def onboard(catalog: Catalog) -> Make:
    """Onboard a service, at `operate` and owned by ada if nothing else is said."""

    async def make(key: str = "vpn", **fields: Any) -> dict[str, Any]:
        body = {
            "key": key,
            "name": key,
            "portfolio": "workplace",
            "kind": "technical",
            "stage": "operate",
            "reason": "it runs",
            "owners": [{"role": "service_owner", "subject": "ada"}],
        } | fields
        reply = await catalog.http.post("/v1/services/onboard", json=body)
        assert reply.status_code == 201, reply.text
        made: dict[str, Any] = reply.json()
        return made

    return make
