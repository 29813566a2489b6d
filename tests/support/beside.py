"""The real catalog-api beside improvement-api: it answers where the fake catalog would."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
from pydantic import SecretStr

from catalog_api.app import create_app
from catalog_api.settings import Settings
from shared.kit.settings import TrustedIssuer
from tests.support.improvement import ISSUER, Improvement
from tests.support.postgres import Database


@asynccontextmanager
async def catalog_beside(
    tollgate: Improvement, database: Database, directory: Path
) -> AsyncIterator[httpx.AsyncClient]:
    """catalog-api, which trusts improvement-api's identity and the key of its decisions.

    It has the portfolio `workplace`; the client is an admin with every scope.
    """
    public = (await tollgate.http.get("/.well-known/jwks.json")).json()
    settings = Settings(
        database_url=SecretStr(database.runtime_url),
        trusted_issuers=(
            TrustedIssuer(issuer=ISSUER, jwks=str(directory / "issuer.jwks.json")),
            TrustedIssuer(
                issuer="urn:tollgate:improvement-api",
                jwks=str(directory / "identity.jwks.json"),
                subject="improvement-api",
                scopes=frozenset({"catalog:read", "stages:move", "identity:act-for"}),
            ),
        ),
        decision_jwks=json.dumps(public),
    )
    app = create_app(settings)
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    tollgate.fake.real["catalog"] = transport
    headers = tollgate.caller("admin")
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://catalog", headers=headers) as http,
    ):
        portfolio = {
            "key": "workplace",
            "name": "Workplace",
            "manager": "pia",
            "strategy": "Work from anywhere",
        }
        assert (await http.post("/v1/portfolios", json=portfolio)).status_code == 201
        yield http
