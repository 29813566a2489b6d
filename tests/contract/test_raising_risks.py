"""metrics-api raises risks in the real catalog-api, under its own identity and least privilege."""

from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from catalog_api.app import create_app
from catalog_api.settings import Settings
from metrics_api.settings import Settings as MetricsSettings
from shared.clients.catalog import CatalogClient
from shared.errors import Forbidden, Invalid, NotFound
from shared.kit.client import RemoteClient
from shared.kit.settings import TrustedIssuer
from shared.schemas.catalog import TrendRisk
from tests.support.plumbing import local_issuer, make_key, token
from tests.support.postgres import Database
from tollgate_local.environment import GRANTS

OWNERS = [
    {"role": "business_owner", "subject": "bob"},
    {"role": "service_owner", "subject": "ada"},
]


def a_risk(**fields: Any) -> TrendRisk:
    return TrendRisk(
        **{
            "service": "vpn",
            "title": "Mean time to resolve is going to miss its target",
            "description": "",
            "likelihood": 3,
            "impact": 4,
            "owner": "ada",
            "review_date": date(2027, 1, 1),
            "source": "trend",
            "source_reference": "trend of mttr (1)",
            **fields,
        }
    )


@pytest.fixture
async def catalog(catalog_db: Database, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """catalog-api with two services, which trusts metrics-api as the local installation has it."""
    make_key(tmp_path, "metrics-api")
    trusted = TrustedIssuer(
        issuer="urn:tollgate:metrics-api",
        jwks=str(tmp_path / "metrics-api.jwks.json"),
        subject="metrics-api",
        scopes=frozenset(GRANTS["catalog"]["metrics-api"]),
    )
    settings = Settings(
        database_url=SecretStr(catalog_db.runtime_url),
        trusted_issuers=(local_issuer(tmp_path), trusted),
        warm_up=False,
    )
    app = create_app(settings)
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    headers = {"Authorization": f"Bearer {token(tmp_path)}"}
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://catalog", headers=headers) as http,
    ):
        await http.post("/v1/portfolios", json={"key": "workplace", "name": "Workplace"})
        common = {"portfolio": "workplace", "kind": "technical"}
        for key, owners in (("vpn", OWNERS), ("mail", [])):
            service = {"key": key, "name": key, "owners": owners, **common}
            assert (await http.post("/v1/services", json=service)).status_code == 201
        yield http


@pytest.fixture
def remote(catalog: httpx.AsyncClient, tmp_path: Path) -> RemoteClient:
    settings = MetricsSettings(
        database_url=SecretStr("postgresql://nobody@localhost/nothing"),
        identity_key_file=tmp_path / "metrics-api.jwk",
        identity_issuer="urn:tollgate:metrics-api",
    )
    transport = catalog._transport
    return RemoteClient(settings, "catalog-api", "http://catalog", transport=transport)


@pytest.fixture
def client(remote: RemoteClient) -> CatalogClient:
    return CatalogClient(remote)


async def test_the_service_owner_answers_for_a_service(client: CatalogClient) -> None:
    assert await client.answerable_owner("vpn") == "ada"
    assert await client.answerable_owner("mail") is None
    with pytest.raises(NotFound):
        await client.answerable_owner("nothing")


async def test_a_trend_raises_a_risk_that_the_register_shows(
    client: CatalogClient, catalog: httpx.AsyncClient
) -> None:
    raised = await client.raise_risk(a_risk(), "a")

    shown = (await catalog.get(f"/v1/risks/{raised}")).json()
    assert (shown["service"], shown["source"], shown["state"]) == ("vpn", "trend", "open")
    assert (shown["owner"], shown["score"]) == ("ada", 12)


async def test_one_trend_is_one_risk_by_its_key_and_by_its_reference(
    client: CatalogClient, catalog: httpx.AsyncClient
) -> None:
    first = await client.raise_risk(a_risk(), "a")

    assert await client.raise_risk(a_risk(), "a") == first
    assert await client.raise_risk(a_risk(owner="bob"), "b") == first
    assert len((await catalog.get("/v1/risks")).json()["items"]) == 1


async def test_what_the_catalog_refuses_is_passed_on(client: CatalogClient) -> None:
    await client.raise_risk(a_risk(), "a")

    with pytest.raises(Invalid) as reused:
        await client.raise_risk(a_risk(title="Another"), "a")
    assert reused.value.code == "idempotency_key_reused"
    with pytest.raises(Invalid):
        await client.raise_risk(a_risk(service="nothing"), "c")


async def test_metrics_api_may_write_nothing_but_risks_of_trends(
    remote: RemoteClient,
) -> None:
    manual = a_risk().model_dump(mode="json") | {"source": "manual", "source_reference": None}
    portfolio = {"key": "new", "name": "New"}

    for path, body in (("/v1/risks", manual), ("/v1/portfolios", portfolio)):
        with pytest.raises(Forbidden) as refused:
            await remote.request("POST", path, json=body)
        assert refused.value.code == "insufficient_scope"
