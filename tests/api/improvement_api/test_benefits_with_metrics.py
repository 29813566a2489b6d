"""An effect measured on figures of the real metrics-api: its client, its formats, its slices."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from pydantic import SecretStr

from metrics_api.app import create_app
from metrics_api.incidents.rules import FoldedIncident
from metrics_api.settings import Settings
from shared.kit.database import transaction
from shared.kit.settings import TrustedIssuer
from tests.support.improvement import Improvement, running_improvement
from tests.support.incidents import add_service, resolved_incident, store
from tests.support.postgres import Database

NOW = datetime.now(UTC)
END = NOW.date() - timedelta(weeks=15)
START = END - timedelta(days=6)
WEEKS = 60


@pytest.fixture
async def tollgate(improvement_db: Database, tmp_path: Path) -> AsyncIterator[Improvement]:
    patient = timedelta(seconds=20)  # the real metrics-api compiles its statements at first use
    async with running_improvement(improvement_db, tmp_path, fact_deadline=patient) as running:
        running.fake.add_service("vpn")
        yield running


@pytest.fixture
async def incidents(
    tollgate: Improvement, metrics_db: Database, tmp_path: Path
) -> AsyncIterator[None]:
    """metrics-api with incidents that take two hours less since the intervention."""
    identity = TrustedIssuer(
        issuer="urn:tollgate:improvement-api",
        jwks=str(tmp_path / "identity.jwks.json"),
        subject="improvement-api",
        scopes=frozenset({"metrics:read", "identity:act-for"}),
    )
    database_url = SecretStr(metrics_db.runtime_url)
    app = create_app(Settings(database_url=database_url, trusted_issuers=(identity,)))
    async with app.router.lifespan_context(app):
        async with transaction(app.state.engine) as session:
            await add_service(session, "vpn")
            await store(session, _resolved())
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        tollgate.fake.real["metrics"] = transport
        yield


def _resolved() -> list[FoldedIncident]:
    random = np.random.default_rng(1)
    made = []
    for day in range(7 * WEEKS):
        for n in range(2):
            at = NOW - timedelta(days=day, hours=3 * n + 1)
            hours = 4.0 * (n + 1) + random.normal() - (2.0 if at.date() >= START else 0.0)
            priority = (3, 2)[n]
            made.append(resolved_incident("vpn", at, max(hours, 0.1))._replace(priority=priority))
    return made


async def test_an_effect_on_real_figures_is_found_with_its_mix(
    tollgate: Improvement, incidents: None
) -> None:
    plan = (await tollgate.http.post("/v1/plans", json={"title": "x", "problem": "y"})).json()
    body: dict[str, Any] = {
        "service": "vpn",
        "kpi": "mttr",
        "title": "Knowledge base",
        "start": START.isoformat(),
        "end": END.isoformat(),
        "state": "done",
    }
    initiative = (await tollgate.http.post(f"/v1/plans/{plan['id']}/initiatives", json=body)).json()

    reply = await tollgate.http.post(f"/v1/initiatives/{initiative['id']}/measurements")

    assert reply.status_code == 201, reply.text
    found, inputs = reply.json(), reply.json()["inputs"]
    assert (inputs["kpi_name"], inputs["unit"]) == ("Mean time to resolve", "hours")
    assert (inputs["better"], inputs["mix_by"]) == ("lower", "priority")
    assert (len(inputs["before"]), len(inputs["after"])) == (104, 12)
    assert set(inputs["after"][0]["groups"]) == {"2", "3"}
    assert found["verdict"] == "improved"
    assert "mix" not in found["result"]["not_adjusted"]
    assert found["result"]["average"]["low"] < -2.0 < found["result"]["average"]["high"]
