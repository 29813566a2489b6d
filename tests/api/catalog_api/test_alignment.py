"""The cascade below an objective, and the report of what nothing serves, over HTTP."""

import httpx
import pytest

from tests.support.catalog import Catalog, Make
from tests.support.planning import (
    link_objective,
    make_cascade,
    make_objective,
    move_objective,
)


@pytest.fixture
async def cascade(catalog: Catalog) -> None:
    await make_cascade(catalog)


def keys(reply: httpx.Response) -> list[str]:
    return [item["key"] for item in reply.json()["items"]]


class TestCascade:
    async def test_each_node_is_followed_by_what_is_below_it(
        self, catalog: Catalog, cascade: None
    ) -> None:
        await make_objective(catalog, "sales-abroad", layer="business_area", parent="growth")

        reply = await catalog.http.get("/v1/objectives/growth/cascade")

        assert [node["path"] for node in reply.json()["items"]] == [
            ["growth"],
            ["growth", "sales"],
            ["growth", "sales", "web-shop"],
            ["growth", "sales-abroad"],
        ]

    async def test_a_node_shows_its_services_and_is_served_from_below(
        self, catalog: Catalog, cascade: None, make_service: Make
    ) -> None:
        await make_objective(catalog, "abroad", layer="business_area", parent="growth")
        await make_service("vpn")
        await link_objective(catalog, "web-shop", "vpn")

        nodes = (await catalog.http.get("/v1/objectives/growth/cascade")).json()["items"]

        served = {node["key"]: (node["served"], node["service_count"]) for node in nodes}
        assert served == {
            "growth": (True, 0),
            "abroad": (False, 0),
            "sales": (True, 0),
            "web-shop": (True, 1),
        }
        assert nodes[-1]["services"] == [{"key": "vpn", "name": "vpn", "stage": "strategy"}]

    async def test_it_starts_where_it_is_asked_to(self, catalog: Catalog, cascade: None) -> None:
        reply = await catalog.http.get("/v1/objectives/sales/cascade")

        assert [(node["key"], node["depth"]) for node in reply.json()["items"]] == [
            ("sales", 1),
            ("web-shop", 2),
        ]

    async def test_it_is_paged(self, catalog: Catalog, cascade: None) -> None:
        url = "/v1/objectives/growth/cascade"
        first = await catalog.http.get(url, params={"limit": 2})
        cursor = first.json()["next_cursor"]

        second = await catalog.http.get(url, params={"limit": 2, "cursor": cursor})

        assert keys(first) + keys(second) == ["growth", "sales", "web-shop"]
        assert second.json()["next_cursor"] is None

    async def test_below_an_unknown_objective_there_is_nothing(self, catalog: Catalog) -> None:
        assert (await catalog.http.get("/v1/objectives/none/cascade")).status_code == 404


class TestAlignment:
    async def test_an_objective_is_served_through_those_below_it(
        self, catalog: Catalog, cascade: None, make_service: Make
    ) -> None:
        await make_objective(catalog, "abroad", layer="business_area", parent="growth")
        for key in ("vpn", "mail"):
            await make_service(key)
        await link_objective(catalog, "web-shop", "vpn")

        report = (await catalog.http.get("/v1/reports/alignment")).json()

        assert [one["key"] for one in report["unserved_objectives"]["items"]] == ["abroad"]
        assert [one["key"] for one in report["unaligned_services"]["items"]] == ["mail"]
        assert (report["active_objective_count"], report["unserved_objective_count"]) == (4, 1)
        assert (report["service_count"], report["unaligned_service_count"]) == (2, 1)
        assert report["layers"][1] == {"layer": "business_area", "active": 2, "unserved": 1}

    async def test_retired_services_neither_serve_nor_count(
        self, catalog: Catalog, onboard: Make
    ) -> None:
        await make_objective(catalog, "growth")
        await onboard("old")
        await link_objective(catalog, "growth", "old")
        decision = catalog.decision("old", "to-retirement", "operate", "retirement")
        await catalog.http.post("/v1/services/old/transitions", json={"decision": decision})

        report = (await catalog.http.get("/v1/reports/alignment")).json()

        assert (report["unserved_objective_count"], report["service_count"]) == (1, 0)

    async def test_serving_only_a_dropped_objective_is_serving_none(
        self, catalog: Catalog, make_service: Make
    ) -> None:
        await make_objective(catalog, "growth")
        await make_service("vpn")
        await link_objective(catalog, "growth", "vpn")
        await move_objective(catalog, "growth", "dropped")

        report = (await catalog.http.get("/v1/reports/alignment")).json()

        assert [one["key"] for one in report["unaligned_services"]["items"]] == ["vpn"]
        assert report["unserved_objectives"]["items"] == []

    async def test_its_lists_are_paged_and_filtered(
        self, catalog: Catalog, cascade: None, make_service: Make
    ) -> None:
        await make_service("vpn")
        whole = (await catalog.http.get("/v1/reports/alignment", params={"limit": 2})).json()
        cursor = whole["unserved_objectives"]["next_cursor"]

        url = "/v1/reports/alignment/unserved-objectives"
        rest = await catalog.http.get(url, params={"cursor": cursor})
        top = await catalog.http.get(url, params={"layer": "corporate"})
        services = "/v1/reports/alignment/unaligned-services"
        elsewhere = await catalog.http.get(services, params={"portfolio": "finance"})

        assert (keys(rest), keys(top), keys(elsewhere)) == (["web-shop"], ["growth"], [])
