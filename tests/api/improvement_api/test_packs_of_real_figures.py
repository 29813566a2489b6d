"""Packs of the real metrics-api: made again as of the same moment, they have the same figures."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from metrics_api.attribution.actions import attribute_records, take_over
from metrics_api.attribution.schemas import ServiceData
from shared.kit.database import transaction
from shared.kit.settings import TrustedIssuer
from shared.kit.trust import TokenVerifier
from tests.support.improvement import Improvement
from tests.support.metrics import Metrics, running_metrics
from tests.support.plumbing import local_issuer
from tests.support.postgres import Database
from tests.support.reviews import Told, service

REVIEWS = "/v1/service-reviews"


@pytest.fixture
async def metrics(
    tollgate: Improvement, metrics_db: Database, tmp_path: Path
) -> AsyncIterator[Metrics]:
    """metrics-api with the service vpn, which trusts improvement-api; the catalog is canned."""
    identity = TrustedIssuer(
        issuer="urn:tollgate:improvement-api",
        jwks=str(tmp_path / "identity.jwks.json"),
        subject="improvement-api",
        scopes=frozenset({"metrics:read", "initiatives:write", "identity:act-for"}),
    )
    async with running_metrics(metrics_db, tmp_path) as running:
        issuers = [local_issuer(tmp_path), identity]
        running.app.state.token_verifier = TokenVerifier(issuers, "tollgate")
        over_asgi = httpx.ASGITransport(app=running.app, raise_app_exceptions=False)
        tollgate.fake.real["metrics"] = over_asgi
        tollgate.fake.real["catalog"] = httpx.MockTransport(Told())
        assert (await running.http.post("/v1/sources", json=DESK)).is_success
        known = {**service("vpn"), "references": [{"source": "desk", "name": "VPN"}]}
        async with transaction(running.engine) as session:
            await take_over(session, [ServiceData.model_validate(known)])
        yield running


DESK = {"key": "desk", "name": "Desk"}


async def push(metrics: Metrics, number: int, hours: int) -> None:
    """An incident of vpn that took so many hours in February 2024."""
    sent = {
        "external_id": f"INC{number}",
        "source": "desk",
        "service": "VPN",
        "state": "resolved",
        "opened_at": f"2024-02-{number:02}T00:00:00Z",
        "resolved_at": f"2024-02-{number:02}T{hours:02}:00:00Z",
        "updated_at": f"2024-02-{number:02}T{hours:02}:00:00Z",
    }
    reply = await metrics.http.post("/v1/incidents/batch", json=[sent])
    assert reply.json()["accepted"] == 1, reply.text
    await attribute_records(metrics.engine, metrics.app.state.memory)


async def make(tollgate: Improvement, review: Any, **body: Any) -> tuple[Any, Any]:
    """A pack, and the inputs that it was made of."""
    path = f"{REVIEWS}/{review['id']}/packs"
    ordered = (await tollgate.http.post(path, json=body)).json()
    payload = {"review": review["id"], "number": ordered["number"]}
    await tollgate.run_job("make_review_pack", payload)
    pack = (await tollgate.http.get(f"{path}/{ordered['number']}")).json()
    assert pack["state"] == "made", pack["failure"]
    params = {"format": "json"}
    inputs = await tollgate.http.get(f"{path}/{ordered['number']}/document", params=params)
    return pack, json.loads(inputs.content)


def mttr_of(inputs: Any) -> float:
    (series,) = (one for one in inputs["services"][0]["kpis"] if one["kpi"] == "mttr")
    value: float = series["values"][-1]["value"]
    return value


async def test_what_came_later_is_seen_by_a_later_pack_only(
    tollgate: Improvement, metrics: Metrics
) -> None:
    await push(metrics, 1, hours=6)
    target = {"service": "vpn", "kpi": "mttr", "comparator": "lte", "value": 5.0}
    made = await metrics.http.post("/v1/targets", json={**target, "valid_from": "2024-01-01"})
    assert made.status_code == 201, made.text
    review = await tollgate.http.post(
        REVIEWS,
        json={
            "title": "Quarterly",
            "services": ["vpn"],
            "period": "2024-Q1",
            "timezone": "Europe/Vienna",
            "scheduled_at": datetime.now(UTC).isoformat(),
            "chair": "rosa",
        },
    )
    first, then = await make(tollgate, review.json())
    await push(metrics, 2, hours=20)
    changed = await metrics.http.patch(
        f"/v1/targets/{made.json()['id']}",
        json={"value": 30.0},
        headers={"If-Match": made.headers["ETag"]},
    )
    assert changed.status_code == 200, changed.text

    again, then_again = await make(tollgate, review.json(), as_of=first["as_of"])
    later, since = await make(tollgate, review.json(), as_of=datetime.now(UTC).isoformat())

    assert again["figures_sha256"] == first["figures_sha256"] != later["figures_sha256"]
    assert again["page_sha256"] == first["page_sha256"]
    assert then_again == then
    assert [mttr_of(inputs) for inputs in (then, then_again, since)] == [6.0, 6.0, 13.0]
    rows = [inputs["services"][0]["performance"][0] for inputs in (then, since)]
    assert [(row["target"]["value"], row["met"]) for row in rows] == [(5.0, False), (30.0, True)]
    targets = [inputs["services"][0]["targets"][0]["value"] for inputs in (then, since)]
    assert targets == [5.0, 30.0]


async def test_every_question_is_one_that_metrics_api_answers(
    tollgate: Improvement, metrics: Metrics
) -> None:
    await push(metrics, 1, hours=6)
    review = await tollgate.http.post(
        REVIEWS,
        json={
            "title": "Monthly",
            "services": ["vpn"],
            "period": "2024-02",
            "scheduled_at": datetime.now(UTC).isoformat(),
            "chair": "rosa",
        },
    )

    _, inputs = await make(tollgate, review.json())

    (told,) = inputs["services"]
    refused = {name for name, section in told.items() if "unavailable" in (section or ())}
    assert refused == set()
    assert told["kpis"][0]["values"][-1]["period"] == "2024-02"
