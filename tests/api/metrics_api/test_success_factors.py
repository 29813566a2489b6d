"""Critical success factors over HTTP: defined by KPIs, satisfied when their targets are met."""

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from shared.kit.database import transaction
from tests.support.incidents import add_service, resolved_incident, store
from tests.support.metrics import Metrics

FACTOR = {
    "key": "fast",
    "name": "Incidents are solved fast",
    "owner": "ada",
    "kra": "workplaces",
    "kpis": [{"kpi": "mttr", "service": "network"}],
}
TARGET = {
    "service": "network",
    "kpi": "mttr",
    "comparator": "lte",
    "value": 5,
    "valid_from": "2025-01-01",
}


@pytest.fixture(autouse=True)
async def network(metrics: Metrics) -> None:
    async with transaction(metrics.engine) as session:
        await add_service(session, "network")
    kra = {"key": "workplaces", "name": "Workplaces", "owner": "ada"}
    assert (await metrics.http.post("/v1/kras", json=kra)).status_code == 201


async def create(metrics: Metrics, **fields: Any) -> httpx.Response:
    return await metrics.http.post("/v1/success-factors", json=FACTOR | fields)


async def status(metrics: Metrics) -> dict[str, Any]:
    path = "/v1/success-factors/fast/status"
    found: dict[str, Any] = (await metrics.http.get(path, params={"period": "2026-Q1"})).json()
    return found


@pytest.mark.parametrize(("hours", "expected"), [(2.0, "satisfied"), (9.0, "unsatisfied")])
async def test_it_is_satisfied_when_its_kpis_met_their_targets(
    metrics: Metrics, hours: float, expected: str
) -> None:
    await create(metrics)
    assert (await metrics.http.post("/v1/targets", json=TARGET)).status_code == 201
    async with transaction(metrics.engine) as session:
        resolved = datetime(2026, 2, 1, tzinfo=UTC)
        await store(session, [resolved_incident("network", resolved, hours)])

    found = await status(metrics)

    assert found["status"] == expected
    assert (found["kpis"][0]["value"], found["kpis"][0]["target"]) == (hours, 5.0)


async def test_without_a_target_it_is_unknown_and_says_why(metrics: Metrics) -> None:
    await create(metrics)

    found = await status(metrics)

    assert found["status"] == "unknown"
    assert "No target" in found["kpis"][0]["reason"]


@pytest.mark.parametrize(
    ("fields", "status_code"),
    [
        ({"kra": None}, 422),
        ({"objective": "grow"}, 422),
        ({"kra": "nothing"}, 422),
        ({"kpis": []}, 422),
        ({"kpis": [{"kpi": "mttr", "service": "nobody"}]}, 422),
        ({}, 409),
    ],
)
async def test_what_cannot_be_is_refused(
    metrics: Metrics, fields: dict[str, Any], status_code: int
) -> None:
    await create(metrics)

    assert (await create(metrics, **fields)).status_code == status_code


async def test_it_is_changed_by_who_read_it_and_found_by_its_service(metrics: Metrics) -> None:
    made = await create(metrics)
    tag = {"If-Match": made.headers["ETag"]}

    changed = await metrics.http.patch(
        "/v1/success-factors/fast", json={"active": False}, headers=tag
    )
    found = await metrics.http.get(
        "/v1/success-factors", params={"service": "network", "active": False}
    )

    assert (changed.json()["active"], changed.json()["version"]) == (False, 2)
    assert [one["key"] for one in found.json()["items"]] == ["fast"]
