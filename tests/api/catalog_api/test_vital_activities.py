"""Vital activities and their support over HTTP."""

from typing import Any

import httpx
import pytest

from tests.support.catalog import Catalog, Make

ANY = {"If-Match": "*"}
ORDERS = "/v1/vital-activities/orders"
REPORT = "/v1/reports/unsupported-vital-activities"


@pytest.fixture
async def make_activity(catalog: Catalog) -> Make:
    """Record a vital activity of the customer `sales`."""
    for key in ("sales", "plant"):
        body = {"key": key, "name": key, "kind": "internal", "relationship_owner": "cal"}
        assert (await catalog.http.post("/v1/customers", json=body)).status_code == 201

    async def make(key: str = "orders", **fields: Any) -> dict[str, Any]:
        body = {"key": key, "name": key, "customer": "sales", "criticality": "high"} | fields
        reply = await catalog.http.post("/v1/vital-activities", json=body)
        assert reply.status_code == 201, reply.text
        made: dict[str, Any] = reply.json()
        return made

    return make


async def support(
    catalog: Catalog, service: str = "vpn", strength: str = "essential", key: str = "orders"
) -> httpx.Response:
    url = f"/v1/vital-activities/{key}/services/{service}"
    return await catalog.http.put(url, json={"strength": strength})


def keys(reply: httpx.Response) -> list[str]:
    return [item["key"] for item in reply.json()["items"]]


class TestVitalActivities:
    async def test_it_belongs_to_a_customer(self, catalog: Catalog, make_activity: Make) -> None:
        body = {
            "key": "orders",
            "customer": "sales",
            "name": "Take orders",
            "business_impact": "40 orders a day",
            "criticality": "critical",
        }

        reply = await catalog.http.post("/v1/vital-activities", json=body)

        assert (reply.status_code, reply.headers["Location"]) == (201, ORDERS)
        assert {name: reply.json()[name] for name in body} == body

    async def test_an_unknown_customer_is_named(
        self, catalog: Catalog, make_activity: Make
    ) -> None:
        body = {"name": "Orders", "customer": "nobody", "criticality": "low"}

        reply = await catalog.http.post("/v1/vital-activities", json=body)

        problem = reply.json()["errors"][0]
        assert (problem["pointer"], problem["code"]) == ("/customer", "unknown_customer")

    async def test_a_customer_that_has_left_needs_nothing_new(
        self, catalog: Catalog, make_activity: Make
    ) -> None:
        await catalog.http.patch("/v1/customers/sales", json={"active": False}, headers=ANY)
        body = {"name": "Orders", "customer": "sales", "criticality": "low"}

        reply = await catalog.http.post("/v1/vital-activities", json=body)

        assert (reply.status_code, reply.json()["code"]) == (409, "customer_inactive")

    async def test_nor_does_it_take_up_again_what_it_did(
        self, catalog: Catalog, make_activity: Make
    ) -> None:
        await make_activity("orders")
        for url in (ORDERS, "/v1/customers/sales"):
            await catalog.http.patch(url, json={"active": False}, headers=ANY)

        reply = await catalog.http.patch(ORDERS, json={"active": True}, headers=ANY)

        assert (reply.status_code, reply.json()["code"]) == (409, "customer_inactive")

    async def test_a_taken_key_is_refused(self, catalog: Catalog, make_activity: Make) -> None:
        await make_activity("orders")
        body = {"name": "Orders", "customer": "plant", "criticality": "low"}

        reply = await catalog.http.post("/v1/vital-activities", json=body)

        assert (reply.status_code, reply.json()["suggestion"]) == (409, "orders-2")

    async def test_only_the_named_fields_change(
        self, catalog: Catalog, make_activity: Make
    ) -> None:
        await make_activity("orders")

        reply = await catalog.http.patch(ORDERS, json={"criticality": "low"}, headers=ANY)

        assert (reply.json()["criticality"], reply.json()["revision"]) == ("low", 2)

    @pytest.mark.parametrize("field", ["customer", "criticality", "name", "active"])
    async def test_a_malformed_field_is_named(
        self, catalog: Catalog, make_activity: Make, field: str
    ) -> None:
        await make_activity("orders")

        reply = await catalog.http.patch(ORDERS, json={field: None}, headers=ANY)

        assert reply.status_code == 422
        assert [error["pointer"] for error in reply.json()["errors"]] == [f"/{field}"]

    @pytest.mark.parametrize(
        ("filters", "expected"),
        [
            ({}, ["drive", "orders"]),
            ({"customer": "plant"}, ["drive"]),
            ({"service": "vpn"}, ["orders"]),
            ({"criticality": "low"}, ["drive"]),
            ({"active": False}, []),
        ],
    )
    async def test_each_filter_narrows(
        self,
        catalog: Catalog,
        make_activity: Make,
        make_service: Make,
        filters: dict[str, Any],
        expected: list[str],
    ) -> None:
        await make_activity("orders")
        await make_activity("drive", customer="plant", criticality="low")
        await make_service("vpn")
        await support(catalog)

        assert keys(await catalog.http.get("/v1/vital-activities", params=filters)) == expected


class TestSupport:
    async def test_a_service_supports_an_activity(
        self, catalog: Catalog, make_activity: Make, make_service: Make
    ) -> None:
        await make_activity("orders")
        await make_service("vpn")

        reply = await support(catalog)
        supported = await catalog.http.get("/v1/services/vpn/vital-activities")
        by = await catalog.http.get(f"{ORDERS}/services")

        assert (reply.status_code, reply.json()["strength"]) == (200, "essential")
        assert [(one["key"], one["strength"]) for one in supported.json()["items"]] == [
            ("orders", "essential")
        ]
        assert [(one["service"], one["service_stage"]) for one in by.json()["items"]] == [
            ("vpn", "strategy")
        ]

    async def test_saying_it_again_changes_nothing_and_saying_else_does(
        self, catalog: Catalog, make_activity: Make, make_service: Make
    ) -> None:
        await make_activity("orders")
        await make_service("vpn")

        first, again = await support(catalog), await support(catalog)
        changed = await support(catalog, strength="helpful")

        assert first.json() == again.json()
        assert changed.json()["strength"] == "helpful"
        asked = {"resource": "vital_activity", "action": "supported"}
        entries = (await catalog.http.get("/v1/audit", params=asked)).json()["items"]
        assert [entry["after"]["strength"] for entry in entries] == ["helpful", "essential"]

    async def test_a_service_in_retirement_supports_nothing_new(
        self, catalog: Catalog, make_activity: Make, onboard: Make
    ) -> None:
        await make_activity("orders")
        await onboard("vpn", stage="retirement", owners=[])

        reply = await support(catalog)

        assert (reply.status_code, reply.json()["code"]) == (409, "service_retired")

    async def test_what_is_no_longer_done_needs_no_support(
        self, catalog: Catalog, make_activity: Make, make_service: Make
    ) -> None:
        await make_activity("orders")
        await make_service("vpn")
        await catalog.http.patch(ORDERS, json={"active": False}, headers=ANY)

        reply = await support(catalog)

        assert (reply.status_code, reply.json()["code"]) == (409, "vital_activity_inactive")

    async def test_it_ends_once(
        self, catalog: Catalog, make_activity: Make, make_service: Make
    ) -> None:
        await make_activity("orders")
        await make_service("vpn")
        await support(catalog)

        first = await catalog.http.delete(f"{ORDERS}/services/vpn")
        second = await catalog.http.delete(f"{ORDERS}/services/vpn")

        assert (first.status_code, second.status_code) == (204, 404)

    async def test_unknown_ends_are_not_found(self, catalog: Catalog, make_activity: Make) -> None:
        await make_activity("orders")

        assert (await support(catalog, "nowhere")).status_code == 404
        assert (await support(catalog, key="nothing")).status_code == 404


class TestUnsupported:
    async def test_only_a_live_service_supports(
        self, catalog: Catalog, make_activity: Make, make_service: Make, onboard: Make
    ) -> None:
        for key in ("orders", "drive", "bill"):
            await make_activity(key)
        await make_service("planned")
        await onboard("running")
        await support(catalog, "planned", key="drive")
        await support(catalog, "running", key="orders")

        assert keys(await catalog.http.get(REPORT)) == ["bill", "drive"]

    async def test_weaker_support_can_be_left_out(
        self, catalog: Catalog, make_activity: Make, onboard: Make
    ) -> None:
        await make_activity("orders")
        await onboard("vpn")
        await support(catalog, strength="helpful")

        async def unsupported(at_least: str) -> list[str]:
            return keys(await catalog.http.get(REPORT, params={"at_least": at_least}))

        assert (await unsupported("helpful"), await unsupported("important")) == ([], ["orders"])

    async def test_what_is_no_longer_done_is_left_out(
        self, catalog: Catalog, make_activity: Make
    ) -> None:
        await make_activity("orders")
        await catalog.http.patch(ORDERS, json={"active": False}, headers=ANY)

        assert keys(await catalog.http.get(REPORT)) == []

    async def test_it_is_paged(self, catalog: Catalog, make_activity: Make) -> None:
        for key in ("a", "b", "c"):
            await make_activity(key)
        first = await catalog.http.get(REPORT, params={"limit": 2})

        rest = await catalog.http.get(REPORT, params={"cursor": first.json()["next_cursor"]})

        assert keys(first) + keys(rest) == ["a", "b", "c"]
