"""Who may call an operation, as a caller sees it."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from shared.kit.auth import ApiKeyRecord, describe_security, hash_secret
from shared.kit.settings import TrustedIssuer
from tests.support.plumbing import PlumbingSettings, local_issuer, make_key, running_app, token

SECRET = "0123456789abcdef"
KEY = f"tgk_k1_{SECRET}"


@pytest.fixture
def settings(tmp_path: Path) -> PlumbingSettings:
    """Nothing here asks a database."""
    return PlumbingSettings(trusted_issuers=(local_issuer(tmp_path),))


def api_keys(**changes: Any) -> Any:
    """A store of one API key, k1."""
    values: dict[str, Any] = {
        "secret_hash": hash_secret(SECRET),
        "scopes": frozenset({"catalog:read"}),
        "source": "servicenow",
        "revoked": False,
    }
    record = ApiKeyRecord(**{**values, **changes})

    async def find_api_key(key_id: str) -> ApiKeyRecord | None:
        return record if key_id == "k1" else None

    return find_api_key


async def get(app: FastAPI, **headers: str) -> httpx.Response:
    """GET /whoami; headers are named with _ and sent in UTF-8."""
    sent = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://plumbing"
    ) as client:
        return await client.get("/whoami", headers=sent)


class TestTokens:
    async def test_the_bearer_of_a_token_with_the_scope_gets_in(
        self, app: FastAPI, tmp_path: Path
    ) -> None:
        reply = await get(app, authorization=f"bearer {token(tmp_path)}")

        assert reply.status_code == 200
        assert reply.json()["subject"] == "alice"
        assert reply.json()["kind"] == "user"

    @pytest.mark.parametrize("length", [{}, {"Content-Length": "70000"}])
    @pytest.mark.parametrize("bearer", [{}, {"Authorization": "Bearer forged"}])
    async def test_a_large_body_is_not_read_before_it_is_known_who_sends_it(
        self, app: FastAPI, length: dict[str, str], bearer: dict[str, str]
    ) -> None:
        read = []

        async def body() -> AsyncIterator[bytes]:
            for _ in range(7):
                read.append(piece := b"[" * 10_000)
                yield piece

        headers = {"Content-Type": "application/json", **length, **bearer}
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://plumbing"
        ) as client:
            reply = await client.post("/v1/subscriptions", content=body(), headers=headers)

        assert (reply.status_code, read) == (401, [])

    async def test_nobody_gets_in_without_credentials(self, app: FastAPI) -> None:
        reply = await get(app)

        assert reply.status_code == 401
        assert reply.headers["WWW-Authenticate"] == 'Bearer realm="tollgate"'
        assert reply.headers["Content-Type"] == "application/problem+json"

    @pytest.mark.parametrize(
        "value", ["Bearer", "Bearer ", "Basic YTpi", "Bearer \xff", "Bearer x"]
    )
    async def test_odd_authorization_headers_are_refused(self, app: FastAPI, value: str) -> None:
        assert (await get(app, authorization=value)).status_code == 401

    async def test_a_missing_scope_is_named(self, app: FastAPI, tmp_path: Path) -> None:
        poor = token(tmp_path, scopes=["metrics:read"])

        reply = await get(app, authorization=f"Bearer {poor}")

        assert reply.status_code == 403
        assert reply.json()["missing_scope"] == "catalog:read"
        assert 'scope="catalog:read"' in reply.headers["WWW-Authenticate"]


class TestApiKeys:
    @pytest.mark.parametrize(
        "headers", [{"authorization": f"Bearer {KEY}"}, {"x_api_key": KEY}], ids=["bearer", "own"]
    )
    async def test_an_api_key_speaks_for_its_source(
        self, app: FastAPI, headers: dict[str, str]
    ) -> None:
        app.state.find_api_key = api_keys()

        caller = (await get(app, **headers)).json()

        assert (caller["subject"], caller["kind"]) == ("source:servicenow", "api_key")
        assert caller["source"] == "servicenow"

    async def test_a_revoked_key_is_refused(self, app: FastAPI) -> None:
        app.state.find_api_key = api_keys(revoked=True)

        assert (await get(app, x_api_key=KEY)).status_code == 401

    @pytest.mark.parametrize(
        "key",
        ["tgk_k2_" + SECRET, KEY + "0", "tgk_k1_", "tgk_k1", "tgk_k1_é" + SECRET, "tgk_k1_\t", "x"],
    )
    async def test_a_wrong_key_is_refused(self, app: FastAPI, key: str) -> None:
        app.state.find_api_key = api_keys()

        assert (await get(app, x_api_key=key)).status_code == 401

    async def test_a_key_has_only_its_scopes(self, app: FastAPI) -> None:
        app.state.find_api_key = api_keys(scopes=frozenset({"incidents:write"}))

        assert (await get(app, x_api_key=KEY)).status_code == 403

    async def test_a_service_that_gives_out_no_keys_takes_none(self, app: FastAPI) -> None:
        assert (await get(app, x_api_key=KEY)).status_code == 401


class TestActingForAPerson:
    async def test_who_may_act_for_others_is_recorded_with_the_person(
        self, app: FastAPI, tmp_path: Path
    ) -> None:
        service = token(tmp_path, "improvement-api", ["catalog:read", "identity:act-for"])

        reply = await get(app, authorization=f"Bearer {service}", on_behalf_of="Zo%C3%AB%20Q")

        assert reply.json()["subject"] == "improvement-api"
        assert reply.json()["on_behalf_of"] == "Zoë Q"

    async def test_others_may_not_name_a_person(self, app: FastAPI, tmp_path: Path) -> None:
        caller = token(tmp_path, scopes=["catalog:read"])

        reply = await get(app, authorization=f"Bearer {caller}", on_behalf_of="bob")

        assert reply.status_code == 403
        assert reply.json()["missing_scope"] == "identity:act-for"

    @pytest.mark.parametrize("person", ["", "%00", "%0a", "a" * 201, "%ED%A0%80"])
    async def test_a_person_has_a_printable_name(
        self, app: FastAPI, tmp_path: Path, person: str
    ) -> None:
        reply = await get(app, authorization=f"Bearer {token(tmp_path)}", on_behalf_of=person)

        assert reply.status_code == 400


async def test_a_service_has_the_scopes_that_the_receiver_grants_it(
    settings: PlumbingSettings, tmp_path: Path
) -> None:
    make_key(tmp_path, "metrics-api")
    granted = TrustedIssuer(
        issuer="urn:tollgate:local",
        jwks=local_issuer(tmp_path).jwks,
        subject="alice",
        scopes=frozenset({"catalog:read"}),
    )
    async with running_app(settings.model_copy(update={"trusted_issuers": (granted,)})) as app:
        reply = await get(app, authorization=f"Bearer {token(tmp_path)}")
        stranger = await get(app, authorization=f"Bearer {token(tmp_path, 'bob')}")

    assert reply.json()["scopes"] == ["catalog:read"]
    assert reply.json()["kind"] == "service"
    assert stranger.status_code == 401


def test_the_contract_names_the_scopes_of_each_operation(app: FastAPI) -> None:
    contract = app.openapi()
    describe_security(contract)

    security = contract["paths"]["/whoami"]["get"]["security"]
    assert {"OAuth2": ["catalog:read"]} in security
    assert {name for way in security for name in way} == {"OAuth2", "Bearer"}
    flows = contract["components"]["securitySchemes"]["OAuth2"]["flows"]
    assert "catalog:read" in flows["clientCredentials"]["scopes"]
