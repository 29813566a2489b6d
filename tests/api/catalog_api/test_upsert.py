"""Services upserted by key in bulk."""

from typing import Any

import pytest

from tests.support.catalog import Catalog, Make

URL = "/v1/services/bulk"


def item(key: str, **fields: Any) -> dict[str, Any]:
    return {"key": key, "name": key, "portfolio": "workplace", "kind": "technical"} | fields


async def upsert(catalog: Catalog, items: list[dict[str, Any]], **query: Any) -> dict[str, Any]:
    reply = await catalog.http.post(URL, json=items, params=query)
    assert reply.status_code == 200, reply.text
    result: dict[str, Any] = reply.json()
    return result


def counts(result: dict[str, Any]) -> tuple[int, int, int]:
    return result["created"], result["changed"], result["unchanged"]


async def test_new_services_are_created_and_known_ones_changed(
    catalog: Catalog, make_service: Make
) -> None:
    await make_service("vpn", description="old")

    result = await upsert(catalog, [item("vpn", description="new"), item("mail")])

    assert counts(result) == (1, 1, 0)
    assert result["items"][0]["changes"]["description"] == {"before": "old", "after": "new"}
    assert (await catalog.http.get("/v1/services/mail")).json()["stage"] == "strategy"


async def test_repeating_it_changes_nothing(catalog: Catalog) -> None:
    items = [item("vpn", tags=["b", "a"], criticality="high"), item("mail")]
    await upsert(catalog, items)

    result = await upsert(catalog, items)

    assert counts(result) == (0, 0, 2)
    service = await catalog.http.get("/v1/services/vpn")
    assert service.headers["ETag"] == '"1"'


async def test_fields_that_are_not_named_stay(catalog: Catalog, make_service: Make) -> None:
    await make_service("vpn", description="Tunnels.", criticality="low")

    await upsert(catalog, [{"key": "vpn", "criticality": "high"}])

    service = (await catalog.http.get("/v1/services/vpn")).json()
    assert (service["description"], service["criticality"]) == ("Tunnels.", "high")


async def test_a_dry_run_shows_the_difference_and_changes_nothing(
    catalog: Catalog, make_service: Make
) -> None:
    await make_service("vpn")
    items = [item("vpn", name="Tunnel"), item("mail")]

    shown = await upsert(catalog, items, dry_run=True)

    assert (await catalog.http.get("/v1/services/vpn")).headers["ETag"] == '"1"'
    assert (await catalog.http.get("/v1/services/mail")).status_code == 404
    assert shown | {"dry_run": False} == await upsert(catalog, items)


async def test_every_bad_item_is_named_and_nothing_is_done(catalog: Catalog) -> None:
    items = [
        item("good"),
        item("lost", portfolio="nowhere"),
        {"key": "bare"},
        item("good"),
    ]

    reply = await catalog.http.post(URL, json=items)

    assert reply.status_code == 422
    assert {error["pointer"] for error in reply.json()["errors"]} == {
        "/1/portfolio",
        "/2/name",
        "/2/portfolio",
        "/2/kind",
        "/3/key",
    }
    assert (await catalog.http.get("/v1/services/good")).status_code == 404


async def test_the_stage_is_refused_at_its_place(catalog: Catalog) -> None:
    reply = await catalog.http.post(URL, json=[item("vpn"), item("mail", stage="operate")])

    assert reply.status_code == 422
    assert [error["pointer"] for error in reply.json()["errors"]] == ["/1/stage"]


async def test_a_tools_name_for_another_service_is_no_key(
    catalog: Catalog, make_service: Make
) -> None:
    await make_service("gateway", external_references=[{"name": "VPN"}])

    reply = await catalog.http.post(URL, json=[item("vpn")])

    assert [error["code"] for error in reply.json()["errors"]] == ["reference_taken"]


@pytest.mark.parametrize("body", [[], {}, None, "text", [1], [[]], [{}]])
async def test_what_is_no_list_of_services_is_refused(catalog: Catalog, body: Any) -> None:
    assert (await catalog.http.post(URL, json=body)).status_code == 422


async def test_a_thousand_services_are_taken_and_one_more_is_not(catalog: Catalog) -> None:
    items = [item(f"s{number}") for number in range(1001)]

    many = await catalog.http.post(URL, json=items)
    result = await upsert(catalog, items[:1000])

    assert many.status_code == 422
    assert counts(result) == (1000, 0, 0)


async def test_each_change_is_audited(catalog: Catalog, make_service: Make) -> None:
    await make_service("vpn")

    await upsert(catalog, [item("vpn", name="Tunnel"), item("mail")])

    changed = (await catalog.http.get("/v1/services/vpn/audit")).json()["items"][0]
    created = (await catalog.http.get("/v1/services/mail/audit")).json()["items"][0]
    assert (changed["before"], changed["after"]) == ({"name": "vpn"}, {"name": "Tunnel"})
    assert (created["action"], created["after"]["name"]) == ("created", "mail")
