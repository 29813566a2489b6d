"""Ways to cheat a gate: the log of decisions, and the catalog that moves the stage."""

import base64
import json
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc import jws
from joserfc.jwk import OctKey, OKPKey

from tests.support.beside import catalog_beside
from tests.support.cheating import GATE, eve, honestly_signed
from tests.support.gates import automated
from tests.support.improvement import Improvement, running_improvement, write_private_key
from tests.support.postgres import Database

# --- The record ------------------------------------------------------------------------------


TAMPERING = {
    "an entry": "UPDATE improvement.decision_log SET entry = replace(entry, 'eve', 'kim')",
    "a hash": "UPDATE improvement.decision_log SET hash = repeat('0', 64)",
    "an entry that is gone": "DELETE FROM improvement.decision_log",
    "who decided": "UPDATE improvement.decision SET decided_by = 'kim'",
    "the verdict": "UPDATE improvement.decision SET frozen = '{}'",
}


@pytest.mark.parametrize("what", TAMPERING)
async def test_tampering_with_the_log_shows(tollgate: Improvement, what: str) -> None:
    evaluation = await honestly_signed(tollgate)
    await tollgate.decide(evaluation, eve(tollgate), comment="eve says go")

    tollgate.as_admin(TAMPERING[what])

    assert (await tollgate.http.get("/v1/decision-log/verify")).json()["intact"] is False


# --- The catalog, which moves the stage ------------------------------------------------------


@pytest.fixture
async def patient(improvement_db: Database, tmp_path: Path) -> AsyncIterator[Improvement]:
    """improvement-api that waits for the real catalog, which compiles its statements at first."""
    deadline = timedelta(seconds=20)
    async with running_improvement(improvement_db, tmp_path, fact_deadline=deadline) as running:
        yield running


@pytest.fixture
async def catalog(
    patient: Improvement, catalog_db: Database, tmp_path: Path
) -> AsyncIterator[httpx.AsyncClient]:
    """The real one, with the service `vpn` at `operate`."""
    async with catalog_beside(patient, catalog_db, tmp_path) as http:
        service = {
            "key": "vpn",
            "name": "VPN",
            "portfolio": "workplace",
            "kind": "technical",
            "stage": "operate",
            "reason": "It runs",
            "owners": [{"role": "service_owner", "subject": "ada"}],
        }
        reply = await http.post("/v1/services/onboard", json=service)
        assert reply.status_code == 201, reply.text
        yield http


def claims(**altered: Any) -> dict[str, Any]:
    """What a decision says that moves `vpn` on."""
    return {
        "iss": "urn:tollgate:improvement-api",
        "jti": "00000000-0000-0000-0000-000000000001",
        "iat": int(time.time()),
        "service": "vpn",
        "gate": GATE,
        "gate_version": 1,
        "from_stage": "operate",
        "to_stage": "improve",
        "evaluation": "00000000-0000-0000-0000-000000000002",
        "decided_by": "mallory",
    } | altered


def signed(key: Any, alg: str = "Ed25519", typ: str = "tollgate-decision+jwt", **more: Any) -> str:
    header = {"alg": alg, "kid": "decisions", "typ": typ}
    return jws.serialize_compact(header, json.dumps(claims(**more)), key, algorithms=[alg])


def encoded(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def forgeries(directory: Path) -> dict[str, str]:
    """Statements that look like decisions; the last ones are signed by the real key."""
    real = OKPKey.import_key(json.loads((directory / "decisions.jwk").read_text()))
    other = write_private_key(directory / "mallory.jwk", "decisions")
    honest = signed(real, service="mail")
    public = OctKey.import_key(json.dumps(real.as_dict(private=False)))
    header, _, signature = honest.split(".")
    return {
        "signed by another key of the same name": signed(other),
        "signed by nobody": f"{encoded({'alg': 'none', 'typ': 'tollgate-decision+jwt'})}."
        f"{encoded(claims())}.",
        "signed by the public key as a shared secret": signed(public, "HS256"),
        "with claims altered after it was signed": f"{header}.{encoded(claims())}.{signature}",
        "without its signature": f"{header}.{encoded(claims())}.",
        "made for another service": honest,
        "made for another gate": signed(real, gate="to-retirement"),
        "made at another stage": signed(real, from_stage="improve", to_stage="operate"),
        "that is a token of another kind": signed(real, typ="JWT"),
        "of another issuer": signed(real, iss="urn:mallory"),
        "without an evaluation": signed(real, evaluation=None),
    }


async def test_a_forged_decision_moves_nothing(catalog: httpx.AsyncClient, tmp_path: Path) -> None:
    for name, statement in forgeries(tmp_path).items():
        reply = await catalog.post("/v1/services/vpn/transitions", json={"decision": statement})

        assert 400 <= reply.status_code < 500, name
    assert (await catalog.get("/v1/services/vpn")).json()["stage"] == "operate"
    assert (await catalog.get("/v1/services/vpn/transitions")).json()["items"] == []


async def test_a_replayed_decision_moves_nothing_again(
    patient: Improvement, catalog: httpx.AsyncClient
) -> None:
    patient.fake.services["vpn"] = {}
    there, back = "operate-to-improve", "improve-to-operate"
    decisions = []
    for gate in (there, back):
        await patient.publish(gate, [automated(expression="service_has_service_owner")])
        evaluation = await patient.evaluate(gate=gate)
        reply = await patient.decide(evaluation, eve(patient))
        assert reply.status_code == 201, reply.text
        decisions.append(reply.json())
        await patient.run_job("deliver_decision", {"decision": decisions[-1]["id"]})
    assert (await catalog.get("/v1/services/vpn")).json()["stage"] == "operate"

    replayed = {"decision": decisions[0]["statement"]}
    reply = await catalog.post("/v1/services/vpn/transitions", json=replayed)

    assert (await catalog.get("/v1/services/vpn")).json()["stage"] == "operate"
    moves = (await catalog.get("/v1/services/vpn/transitions")).json()["items"]
    assert sorted(move["decision"] for move in moves) == sorted(one["id"] for one in decisions)
    assert reply.status_code == 200


async def test_nobody_moves_a_stage_by_writing_it(catalog: httpx.AsyncClient) -> None:
    replies = [
        await catalog.post("/v1/services/vpn/transitions", json={"to_stage": "improve"}),
        await catalog.patch(
            "/v1/services/vpn", json={"stage": "improve"}, headers={"If-Match": "*"}
        ),
    ]

    assert replies[0].json()["code"] == "decision_required"
    assert replies[1].status_code == 422
    assert (await catalog.get("/v1/services/vpn")).json()["stage"] == "operate"
