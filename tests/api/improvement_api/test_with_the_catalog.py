"""One story with the real catalog-api on the transport: a new service reaches its next stage."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from catalog_api.app import create_app
from catalog_api.settings import Settings
from shared.kit.settings import TrustedIssuer
from tests.support.gates import automated, sign_off
from tests.support.improvement import ISSUER, Improvement, running_improvement
from tests.support.postgres import Database

GATE = "strategy-to-design"
SERVICE = {
    "key": "vpn",
    "name": "VPN",
    "portfolio": "workplace",
    "kind": "technical",
    "criticality": "high",
    "description": "Lets people at home work as in the office, on every device and at every hour "
    "of the day.",
    "owners": [{"role": "service_owner", "subject": "ada"}],
}


@pytest.fixture
async def tollgate(improvement_db: Database, tmp_path: Path) -> AsyncIterator[Improvement]:
    patient = timedelta(seconds=20)  # the real catalog compiles its statements at first use
    async with running_improvement(improvement_db, tmp_path, fact_deadline=patient) as running:
        yield running


@pytest.fixture
async def catalog(
    tollgate: Improvement, catalog_db: Database, tmp_path: Path
) -> AsyncIterator[httpx.AsyncClient]:
    """catalog-api, which trusts improvement-api's identity and the key of its decisions."""
    public = (await tollgate.http.get("/.well-known/jwks.json")).json()
    settings = Settings(
        database_url=SecretStr(catalog_db.runtime_url),
        trusted_issuers=(
            TrustedIssuer(issuer=ISSUER, jwks=str(tmp_path / "issuer.jwks.json")),
            TrustedIssuer(
                issuer="urn:tollgate:improvement-api",
                jwks=str(tmp_path / "identity.jwks.json"),
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
        # A gate of few questions: these stories are about what follows a verdict.
        questions = [
            automated(expression="service_has_service_owner"),
            sign_off("owner-commits", "service_owner"),
        ]
        await tollgate.publish(GATE, questions, decided_by="portfolio_manager")
        yield http


async def test_a_signed_and_decided_evaluation_moves_the_stage_exactly_once(
    tollgate: Improvement, catalog: httpx.AsyncClient
) -> None:
    reply = await catalog.post("/v1/services", json=SERVICE)
    assert reply.status_code == 201, reply.text
    tollgate.fake.services["vpn"] = {}  # metrics-api knows it, without records

    evaluation = await tollgate.evaluate(gate=GATE)
    signed = await tollgate.sign(
        evaluation, "owner-commits", tollgate.caller("ada", "service_owner")
    )
    decided = await tollgate.decide(evaluation, tollgate.caller("pia", "portfolio_manager"))

    assert [reply.status_code for reply in (signed, decided)] == [201, 201], decided.text
    assert decided.json()["verdict"] == "pass"
    for _ in range(2):
        await tollgate.run_job("deliver_decision", {"decision": decided.json()["id"]})
    again = await catalog.post(
        "/v1/services/vpn/transitions", json={"decision": decided.json()["statement"]}
    )
    moves = (await catalog.get("/v1/services/vpn/transitions")).json()["items"]
    assert (await catalog.get("/v1/services/vpn")).json()["stage"] == "design"
    assert [move["decision"] for move in moves] == [decided.json()["id"]]
    assert again.status_code == 200
    found = (await tollgate.http.get(f"/v1/decisions/{decided.json()['id']}")).json()
    assert found["delivery"] == "applied"


async def test_a_decision_for_a_service_that_moved_meanwhile_is_shown_as_refused(
    tollgate: Improvement, catalog: httpx.AsyncClient
) -> None:
    await catalog.post("/v1/services", json=SERVICE)
    tollgate.fake.services["vpn"] = {}
    decisions = []
    for _ in range(2):
        evaluation = await tollgate.evaluate(gate=GATE)
        ada = tollgate.caller("ada", "service_owner")
        await tollgate.sign(evaluation, "owner-commits", ada)
        pia = tollgate.caller("pia", "portfolio_manager")
        decisions.append((await tollgate.decide(evaluation, pia)).json())

    for decision in decisions:
        await tollgate.run_job("deliver_decision", {"decision": decision["id"]})

    found: list[Any] = [
        (await tollgate.http.get(f"/v1/decisions/{decision['id']}")).json()
        for decision in decisions
    ]
    assert [one["delivery"] for one in found] == ["applied", "refused"]
    assert "design" in found[1]["delivery_reason"]
    assert (await catalog.get("/v1/services/vpn")).json()["stage"] == "design"


async def test_a_service_that_the_catalog_does_not_know_is_404(
    tollgate: Improvement, catalog: httpx.AsyncClient
) -> None:
    reply = await tollgate.http.post(f"/v1/services/vpn/gates/{GATE}/evaluations")

    assert (reply.status_code, reply.json()["code"]) == (404, "unknown_service")


async def test_the_real_fact_catalog_covers_what_the_default_gates_ask_of_it(
    tollgate: Improvement, catalog: httpx.AsyncClient
) -> None:
    known = {item["name"] for item in (await tollgate.http.get("/v1/facts")).json()["items"]}

    gates = (await tollgate.http.get("/v1/gates")).json()["items"]
    asked = {fact for gate in gates for c in gate["criteria"] for fact in c["facts"] or []}
    assert asked <= known
