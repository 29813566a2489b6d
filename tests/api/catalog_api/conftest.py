"""One running catalog-api per test, and the few things that most tests start from."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.catalog import Catalog, Make, running_catalog
from tests.support.postgres import Database
from tests.support.requests import FORM, STEPS, submit


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


@pytest.fixture
async def laptop(catalog: Catalog, onboard: Make) -> None:
    """A published offering of the service vpn, which ada owns."""
    await onboard("vpn")
    body = {
        "key": "laptop",
        "title": "Laptop",
        "audience": {"everyone": True},
        "form": FORM,
        "fulfilment_plan": STEPS,
    }
    made = await catalog.http.post("/v1/services/vpn/offerings", json=body)
    assert made.status_code == 201, made.text
    assert (await catalog.http.post("/v1/offerings/laptop/publish")).status_code == 200


@pytest.fixture
async def request_number(catalog: Catalog, laptop: None) -> str:
    """A submitted request of ada for a laptop."""
    made: str = (await submit(catalog)).json()["number"]
    return made
