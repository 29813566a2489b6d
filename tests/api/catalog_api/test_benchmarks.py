"""Benchmarks over HTTP."""

from typing import Any

import pytest

from tests.support.catalog import Catalog, Make

PATH = "/v1/services/vpn/benchmarks"
BENCHMARK = {
    "measure": "unit_cost",
    "value": "2.40",
    "currency": "EUR",
    "unit": "EUR per mailbox and month",
    "source": "IT spending survey",
    "published_on": "2026-01-31",
    "url": "https://example.org/survey",
}


@pytest.fixture(autouse=True)
async def vpn(make_service: Make) -> None:
    await make_service("vpn")


async def test_a_benchmark_says_where_and_when_it_was_published(catalog: Catalog) -> None:
    reply = await catalog.http.post(PATH, json=BENCHMARK)

    assert reply.status_code == 201
    found = (await catalog.http.get(reply.headers["Location"])).json()
    assert {name: found[name] for name in BENCHMARK} == {**BENCHMARK, "value": "2.4000"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"currency": None},
        {"measure": "recovery_ratio"},
        {"measure": "happiness"},
        {"published_on": "2199-01-01"},
        {"url": "javascript:alert(1)"},
        {"value": "-1"},
    ],
)
async def test_what_cannot_be_compared_is_refused(catalog: Catalog, wrong: dict[str, Any]) -> None:
    assert (await catalog.http.post(PATH, json=BENCHMARK | wrong)).status_code == 422


async def test_a_removed_benchmark_is_kept_by_the_audit_trail(catalog: Catalog) -> None:
    made = (await catalog.http.post(PATH, json=BENCHMARK)).json()

    removed = await catalog.http.delete(f"{PATH}/{made['id']}")

    assert removed.status_code == 204
    assert (await catalog.http.get(f"{PATH}/{made['id']}")).status_code == 404
    query = {"resource": "benchmark", "key": made["id"]}
    (last, _) = (await catalog.http.get("/v1/audit", params=query)).json()["items"]
    assert (last["action"], last["before"]["source"]) == ("removed", "IT spending survey")


async def test_they_are_listed_newest_first_and_by_measure(catalog: Catalog) -> None:
    for day in ("2025-01-31", "2026-01-31"):
        await catalog.http.post(PATH, json=BENCHMARK | {"published_on": day})
    ratio = {"measure": "recovery_ratio", "currency": None, "published_on": "2024-01-31"}
    await catalog.http.post(PATH, json=BENCHMARK | ratio)

    first = (await catalog.http.get(PATH, params={"limit": 2})).json()
    rest = (await catalog.http.get(PATH, params={"cursor": first["next_cursor"]})).json()
    ratios = (await catalog.http.get(PATH, params={"measure": "recovery_ratio"})).json()

    days = [one["published_on"] for one in first["items"] + rest["items"]]
    assert days == ["2026-01-31", "2025-01-31", "2024-01-31"]
    assert [one["measure"] for one in ratios["items"]] == ["recovery_ratio"]


async def test_recording_needs_its_scope_and_a_service(catalog: Catalog) -> None:
    writer = catalog.caller(scope="catalog:read catalog:write")

    refused = await catalog.http.post(PATH, json=BENCHMARK, headers=writer)
    unknown = await catalog.http.post("/v1/services/nowhere/benchmarks", json=BENCHMARK)

    assert (refused.status_code, refused.json()["missing_scope"]) == (403, "finance:write")
    assert unknown.status_code == 404
