"""The real catalog-api over ASGI, with an issuer of tokens and a tollgate of its own."""

import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from fastapi import FastAPI
from joserfc import jws, jwt
from joserfc.jwk import KeySet, OKPKey
from pydantic import SecretStr

from catalog_api.app import create_app
from catalog_api.settings import Settings
from shared.kit.settings import TrustedIssuer
from shared.scopes import SCOPES
from tests.support.postgres import Database

Make = Callable[..., Awaitable[dict[str, Any]]]
ISSUER = "urn:tollgate:test"
ALL_SCOPES = " ".join(SCOPES)


@dataclass
class Catalog:
    """A running catalog-api: `http` is a caller with every scope."""

    app: FastAPI
    http: httpx.AsyncClient
    issuer_key: OKPKey
    tollgate_key: OKPKey = field(default_factory=lambda: new_key("tollgate"))

    def token(self, subject: str = "ada", scope: str = ALL_SCOPES, **claims: Any) -> str:
        """A bearer token of the trusted issuer."""
        now = int(time.time())
        stamped = {"iss": ISSUER, "aud": "tollgate", "iat": now, "exp": now + 600}
        payload = {**stamped, "sub": subject, "scope": scope, **claims}
        header = {"alg": "Ed25519", "kid": self.issuer_key.kid, "typ": "JWT"}
        return jwt.encode(header, payload, self.issuer_key, algorithms=["Ed25519"])

    def caller(self, subject: str = "ada", scope: str = ALL_SCOPES) -> dict[str, str]:
        """Headers of a caller with these scopes."""
        return {"Authorization": f"Bearer {self.token(subject, scope)}"}

    def decision(
        self, service: str, gate: str, from_stage: str, to_stage: str, **claims: Any
    ) -> str:
        """A signed decision as improvement-api makes it."""
        payload = {
            "iss": "urn:tollgate:improvement-api",
            "jti": uuid4().hex,
            "iat": int(time.time()),
            "service": service,
            "gate": gate,
            "gate_version": 1,
            "from_stage": from_stage,
            "to_stage": to_stage,
            "evaluation": uuid4().hex,
            "decided_by": "board@example.org",
        } | claims
        return sign(payload, self.tollgate_key)


def new_key(kid: str) -> OKPKey:
    return OKPKey.generate_key("Ed25519", {"kid": kid})


def public_keys(*keys: OKPKey) -> str:
    """A JWKS document."""
    return json.dumps(KeySet(list(keys)).as_dict(private=False))


def sign(payload: dict[str, Any], key: OKPKey) -> str:
    header = {"alg": "Ed25519", "kid": key.kid, "typ": "tollgate-decision+jwt"}
    return jws.serialize_compact(header, json.dumps(payload), key, ["Ed25519"])


@asynccontextmanager
async def running_catalog(database: Database, directory: Path) -> AsyncIterator[Catalog]:
    """Start the app on a migrated database; `directory` holds the issuer's public keys."""
    issuer, tollgate = new_key("issuer"), new_key("tollgate")
    jwks = directory / "issuer.jwks.json"
    jwks.write_text(public_keys(issuer))
    settings = Settings(
        database_url=SecretStr(database.runtime_url),
        trusted_issuers=(TrustedIssuer(issuer=ISSUER, jwks=str(jwks)),),
        decision_jwks=public_keys(tollgate),
        warm_up=False,
    )
    app = create_app(settings)
    async with app.router.lifespan_context(app), client_of(app) as http:
        catalog = Catalog(app, http, issuer, tollgate)
        http.headers.update(catalog.caller())
        yield catalog


def client_of(app: FastAPI) -> httpx.AsyncClient:
    """A caller of the app; a defect in it is a 500 here too, as it is over a socket."""
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://catalog")
