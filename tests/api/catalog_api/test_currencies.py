"""Exchange rates over HTTP."""

from typing import Any

import pytest

from tests.support.catalog import Catalog

EUR_CHF = {
    "from_currency": "EUR",
    "to_currency": "CHF",
    "rate": "0.94",
    "valid_from": "2026-01-01",
}


async def record(catalog: Catalog, **fields: Any) -> dict[str, Any]:
    reply = await catalog.http.post("/v1/exchange-rates", json=EUR_CHF | fields)
    assert reply.status_code == 201, reply.text
    made: dict[str, Any] = reply.json()
    return made


async def test_a_rate_is_recorded_and_read(catalog: Catalog) -> None:
    reply = await catalog.http.post("/v1/exchange-rates", json=EUR_CHF)

    assert reply.status_code == 201
    found = await catalog.http.get(reply.headers["Location"])
    assert found.json()["rate"] == "0.9400000000"
    assert found.headers["ETag"] == '"1"'


async def test_a_pair_has_one_rate_from_a_day(catalog: Catalog) -> None:
    await record(catalog)

    reply = await catalog.http.post("/v1/exchange-rates", json=EUR_CHF | {"rate": "0.95"})

    assert (reply.status_code, reply.json()["code"]) == (409, "rate_exists")


@pytest.mark.parametrize(
    ("field", "value"),
    [("rate", "0"), ("rate", "-1"), ("to_currency", "EUR"), ("to_currency", "chf")],
)
async def test_what_is_no_rate_is_refused(catalog: Catalog, field: str, value: str) -> None:
    reply = await catalog.http.post("/v1/exchange-rates", json=EUR_CHF | {field: value})

    assert reply.status_code == 422


async def test_a_correction_needs_the_version_that_was_read(catalog: Catalog) -> None:
    rate = await record(catalog)
    address = f"/v1/exchange-rates/{rate['id']}"
    body = {"rate": "0.95"}

    blind = await catalog.http.patch(address, json=body)
    stale = await catalog.http.patch(address, json=body, headers={"If-Match": '"7"'})
    right = await catalog.http.patch(address, json=body, headers={"If-Match": '"1"'})

    assert [blind.status_code, stale.status_code, right.status_code] == [428, 412, 200]
    assert (right.json()["rate"], right.headers["ETag"]) == ("0.9500000000", '"2"')


async def test_rates_are_listed_by_pair_and_day(catalog: Catalog) -> None:
    for fields in ({"valid_from": "2026-02-01"}, {}, {"to_currency": "USD"}):
        await record(catalog, **fields)

    first = await catalog.http.get("/v1/exchange-rates", params={"limit": 2})
    rest = await catalog.http.get(
        "/v1/exchange-rates", params={"cursor": first.json()["next_cursor"]}
    )
    dollars = await catalog.http.get("/v1/exchange-rates", params={"to_currency": "USD"})

    days = [item["valid_from"] for item in first.json()["items"]]
    assert days == ["2026-01-01", "2026-02-01"]
    assert [item["to_currency"] for item in rest.json()["items"]] == ["USD"]
    assert len(dollars.json()["items"]) == 1


async def test_a_removed_rate_is_kept_by_the_audit_trail(catalog: Catalog) -> None:
    rate = await record(catalog)
    address = f"/v1/exchange-rates/{rate['id']}"

    removed = await catalog.http.delete(address)

    assert removed.status_code == 204
    assert (await catalog.http.get(address)).status_code == 404
    assert (await catalog.http.delete(address)).status_code == 404


async def test_recording_needs_its_scope(catalog: Catalog) -> None:
    writer = catalog.caller(scope="catalog:read catalog:write")

    reply = await catalog.http.post("/v1/exchange-rates", json=EUR_CHF, headers=writer)

    assert (reply.status_code, reply.json()["missing_scope"]) == (403, "finance:write")
