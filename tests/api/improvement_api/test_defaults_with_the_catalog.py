"""The default gate over facts of the real catalog: what is taken away turns its criterion only."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.beside import catalog_beside
from tests.support.improvement import Improvement, running_improvement
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
Catalog = httpx.AsyncClient


@pytest.fixture
async def tollgate(improvement_db: Database, tmp_path: Path) -> AsyncIterator[Improvement]:
    patient = timedelta(seconds=20)  # the real catalog compiles its statements at first use
    async with running_improvement(improvement_db, tmp_path, fact_deadline=patient) as running:
        running.fake.services["vpn"] = {}  # metrics-api knows it, without records
        yield running


@pytest.fixture
async def catalog(
    tollgate: Improvement, catalog_db: Database, tmp_path: Path
) -> AsyncIterator[Catalog]:
    async with catalog_beside(tollgate, catalog_db, tmp_path) as http:
        objective = {"key": "growth", "name": "Growth", "owner": "ada", "layer": "corporate"}
        await made(http.post("/v1/objectives", json=objective))
        await made(http.post("/v1/services", json=SERVICE))
        link = {"kind": "service", "target": "vpn"}
        await made(http.post("/v1/objectives/growth/links", json=link))
        yield http


async def made(reply: Awaitable[httpx.Response]) -> httpx.Response:
    answered = await reply
    assert answered.is_success, answered.text
    return answered


async def changed(http: Catalog, path: str, **fields: Any) -> None:
    tag = (await http.get(path)).headers["ETag"]
    await made(http.patch(path, json=fields, headers={"If-Match": tag}))


async def shorten_the_description(http: Catalog) -> None:
    await changed(http, "/v1/services/vpn", description="VPN")


async def forget_the_criticality(http: Catalog) -> None:
    await changed(http, "/v1/services/vpn", criticality=None)


async def dismiss_the_owner(http: Catalog) -> None:
    tag = (await http.get("/v1/services/vpn")).headers["ETag"]
    await made(http.put("/v1/services/vpn/owners", json=[], headers={"If-Match": tag}))


async def dismiss_the_manager(http: Catalog) -> None:
    await changed(http, "/v1/portfolios/workplace", manager=None)


async def forget_the_strategy(http: Catalog) -> None:
    await changed(http, "/v1/portfolios/workplace", strategy=None)


async def serve_no_objective(http: Catalog) -> None:
    (link,) = (await http.get("/v1/objectives/growth/links")).json()["items"]
    await made(http.delete(f"/v1/objectives/growth/links/{link['id']}"))


async def find_a_high_risk(http: Catalog) -> None:
    review = (datetime.now(UTC) + timedelta(days=30)).date().isoformat()
    risk = {
        "title": "No spare", "likelihood": 5, "impact": 5, "owner": "ada",
        "review_date": review, "service": "vpn",
    }  # fmt: skip
    await made(http.post("/v1/risks", json=risk))


REMOVALS: dict[str, Callable[[Catalog], Awaitable[None]]] = {
    "described": shorten_the_description,
    "criticality": forget_the_criticality,
    "owned": dismiss_the_owner,
    "portfolio-managed": dismiss_the_manager,
    "portfolio-strategy": forget_the_strategy,
    "objectives-served": serve_no_objective,
    "high-risks-planned": find_a_high_risk,
}


async def outcomes(tollgate: Improvement) -> dict[str, str]:
    path = f"/v1/services/vpn/gates/{GATE}/simulations"
    reply = await made(tollgate.http.post(path))
    return {one["id"]: one["outcome"] for one in reply.json()["criteria"]}


async def test_each_thing_that_is_taken_away_turns_exactly_its_criterion(
    tollgate: Improvement, catalog: Catalog
) -> None:
    before = await outcomes(tollgate)
    assert {before[name] for name in REMOVALS} == {"pass"}

    for name, remove in REMOVALS.items():
        await remove(catalog)
        after = await outcomes(tollgate)
        turned = {one for one, outcome in after.items() if outcome != before[one]}
        assert turned == {name}
        before = after
