"""What all services cost at once, for those who keep copies: against what each is told alone."""

from random import Random
from typing import Any

import pytest

from catalog_api.financials.periods import last_months, recent_periods
from shared.kit.clock import now
from tests.support.catalog import Catalog, Make
from tests.support.costs import cost_item, depends, post
from tests.support.statements import counted_statements

URL = "/v1/cost-summaries"
MEASURES = ("full", "unit_cost", "user_cost", "recovery_ratio")
LAST_MONTH = f"{last_months(1, now().date()).first:%Y-%m}"


async def summaries(catalog: Catalog, **query: Any) -> list[dict[str, Any]]:
    reply = await catalog.http.get(URL, params=query)
    assert reply.status_code == 200, reply.text
    found: list[dict[str, Any]] = reply.json()["items"]
    return found


async def consumed(catalog: Catalog, service: str, users: int, units: str) -> None:
    entry = {"month": LAST_MONTH, "users": users, "units": units}
    reply = await catalog.http.put(f"/v1/services/{service}/consumption", json=[entry])
    assert reply.status_code == 200, reply.text


async def recovered(catalog: Catalog, service: str, amount: str, currency: str = "EUR") -> None:
    charge = {"reference": f"{service}-1", "month": LAST_MONTH, "currency": currency}
    paid = {**charge, "amount": amount, "recovered_on": now().date().isoformat()}
    await post(catalog, f"/v1/services/{service}/charges", paid)


async def benchmark(catalog: Catalog, service: str, **fields: Any) -> str:
    body = {
        "measure": "unit_cost",
        "value": "2.40",
        "currency": "EUR",
        "unit": "EUR per mailbox",
        "source": "survey",
        "published_on": "2026-01-31",
    } | fields
    made: str = (await post(catalog, f"/v1/services/{service}/benchmarks", body))["id"]
    return made


@pytest.fixture
async def landscape(catalog: Catalog, make_service: Make) -> list[str]:
    """Services over one another, in two currencies with a rate and a third without."""
    random = Random(5)
    keys = [f"s{number}" for number in range(6)]
    for key in [*keys, "free"]:
        await make_service(key)
    pair = {"from_currency": "EUR", "to_currency": "CHF"}
    lately = last_months(3, now().date()).first.isoformat()
    for rate, day in (("0.94", "2020-01-01"), ("0.97", lately)):
        await post(catalog, "/v1/exchange-rates", {**pair, "rate": rate, "valid_from": day})
    for number, key in enumerate(keys[1:], 1):
        currency = ("", "USD", "CHF", "EUR", "EUR", "EUR")[number]
        await cost_item(catalog, key, amount=str(100 * number), currency=currency)
        await cost_item(catalog, key, kind="capex", amount="3601", currency=currency)
        await consumed(catalog, key, users=7 * number, units=f"{number}.5")
        await benchmark(catalog, key, value=f"{number}.10")
        await benchmark(catalog, key, value="0.9", measure="recovery_ratio", currency=None)
        for provider in random.sample(keys[number + 1 :], min(2, len(keys) - number - 1)):
            await depends(catalog, key, "service", provider, "0.3")
    # It has no cost of its own: its provider's currency is its own.
    await depends(catalog, "s0", "service", "s3", "0.25")
    await recovered(catalog, "s2", "55.55")
    await recovered(catalog, "s3", "12.30", "CHF")
    return [*sorted(["free", *keys])]


async def test_each_service_is_told_what_it_is_told_alone(
    catalog: Catalog, landscape: list[str]
) -> None:
    found = await summaries(catalog)

    assert [one["service"] for one in found] == landscape
    with_value = 0
    for one in found:
        for told in one["periods"][1:]:
            query = {"period": told["period"]["label"]}
            url = f"/v1/services/{one['service']}/costs"
            alone = (await catalog.http.get(url, params=query)).json()
            expected = {name: alone[name] for name in ("period", "currency", *MEASURES)}
            assert {name: told[name] for name in expected} == expected
            assert told["comparisons"] == [
                {
                    "benchmark": each["id"],
                    "difference": each["difference"],
                    "relative_difference": each["relative_difference"],
                }
                for each in alone["benchmarks"]
            ]
            with_value += told["full"]["value"] is not None
    assert with_value > len(landscape)


async def test_the_periods_are_the_last_whole_ones(catalog: Catalog, make_service: Make) -> None:
    await make_service("vpn")
    (one,) = await summaries(catalog)
    today = now().date()
    labels = [told["period"]["label"] for told in one["periods"]]
    assert labels == [period.label for period in recent_periods(today)]
    assert all(told["period"]["complete"] for told in one["periods"])


async def test_twelve_months_are_those_of_the_document(
    catalog: Catalog, landscape: list[str]
) -> None:
    by_service = {one["service"]: one["periods"][0] for one in await summaries(catalog)}
    document = (await catalog.http.get("/v1/services/s2/document")).json()
    year = document["costs"]["last_12_months"]
    assert by_service["s2"]["full"] == year["full"]
    assert by_service["s2"]["recovery_ratio"] == year["recovery_ratio"]


async def test_pages_make_up_the_whole(catalog: Catalog, landscape: list[str]) -> None:
    whole = await summaries(catalog)
    paged, cursor = [], None
    while True:
        query = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = (await catalog.http.get(URL, params=query)).json()
        paged += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert paged == whole


async def test_many_services_cost_no_more_statements_than_few(
    catalog: Catalog, landscape: list[str]
) -> None:
    with counted_statements() as for_few:
        await summaries(catalog, limit=1)
    with counted_statements() as for_all:
        await summaries(catalog)

    assert len(for_all) <= len(for_few) + 1  # the rates, where there are several currencies


async def test_reading_needs_its_scope(catalog: Catalog) -> None:
    reply = await catalog.http.get(URL, headers=catalog.caller(scope="metrics:read"))
    assert reply.status_code == 403
