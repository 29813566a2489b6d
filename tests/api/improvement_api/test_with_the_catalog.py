"""One story with the real catalog-api on the transport: a new service reaches its next stage."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from shared.errors import Unavailable
from tests.support.beside import catalog_beside
from tests.support.gates import automated, sign_off
from tests.support.improvement import Improvement, running_improvement
from tests.support.postgres import Database
from tests.support.voting import vote

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
    async with catalog_beside(tollgate, catalog_db, tmp_path) as http:
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


async def test_an_answer_of_the_catalog_that_is_lost_leads_to_one_move(
    tollgate: Improvement, catalog: httpx.AsyncClient
) -> None:
    await catalog.post("/v1/services", json=SERVICE)
    tollgate.fake.services["vpn"] = {}
    evaluation = await tollgate.evaluate(gate=GATE)
    await tollgate.sign(evaluation, "owner-commits", tollgate.caller("ada", "service_owner"))
    pia = tollgate.caller("pia", "portfolio_manager")
    decision = (await tollgate.decide(evaluation, pia)).json()
    real = tollgate.fake.real["catalog"]

    async def served_and_lost(request: httpx.Request) -> httpx.Response:
        assert (await real.handle_async_request(request)).status_code == 201
        raise httpx.ReadError("the connection was reset", request=request)

    tollgate.fake.real["catalog"] = httpx.MockTransport(served_and_lost)
    with pytest.raises(Unavailable):
        await tollgate.run_job("deliver_decision", {"decision": decision["id"]})
    waiting = (await tollgate.http.get(f"/v1/decisions/{decision['id']}")).json()
    tollgate.fake.real["catalog"] = real
    await tollgate.run_job("deliver_decision", {"decision": decision["id"]})

    after = (await tollgate.http.get(f"/v1/decisions/{decision['id']}")).json()
    assert [one["delivery"] for one in (waiting, after)] == ["pending", "applied"]
    moves = (await catalog.get("/v1/services/vpn/transitions")).json()["items"]
    assert [move["decision"] for move in moves] == [decision["id"]]


async def test_a_board_of_the_catalog_decides_by_its_votes(
    tollgate: Improvement, catalog: httpx.AsyncClient
) -> None:
    await catalog.post("/v1/services", json=SERVICE)
    tollgate.fake.services["vpn"] = {}
    board = {
        "key": "service-board",
        "name": "Service board",
        "purpose": "Decides.",
        "cadence_days": 30,
        "quorum": {"minimum": 2},
        "members": [{"subject": "kim", "role": "chair"}, {"subject": "lea", "role": "member"}],
        "decides": [{"gate": GATE, "portfolio": "workplace"}],
    }
    assert (await catalog.post("/v1/boards", json=board)).status_code == 201
    criteria = [automated(expression="service_has_service_owner")]
    await tollgate.publish(GATE, criteria, decided_by=None, board="service-board")
    evaluation = await tollgate.evaluate(gate=GATE)

    replies = [await vote(tollgate, evaluation, who) for who in ("mallory", "kim", "lea")]

    assert [reply.status_code for reply in replies] == [403, 201, 201]
    decision = replies[2].json()["decision"]
    await tollgate.run_job("deliver_decision", {"decision": decision})
    (move,) = (await catalog.get("/v1/services/vpn/transitions")).json()["items"]
    assert (move["decision"], move["decided_by"]) == (decision, "board:service-board")
    assert (await catalog.get("/v1/services/vpn")).json()["stage"] == "design"


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
