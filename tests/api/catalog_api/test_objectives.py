"""Objectives, their states and their links over HTTP."""

import asyncio
from uuid import uuid4

import httpx
import pytest

from tests.support.catalog import Catalog, Make
from tests.support.planning import (
    ANY,
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


class TestCreate:
    async def test_an_objective_starts_active(self, catalog: Catalog) -> None:
        body = {
            "key": "growth",
            "name": "Growth",
            "description": "More of it",
            "owner": "ada",
            "layer": "corporate",
            "measure": "Turnover + 10 %",
            "target_date": "2027-12-31",
        }

        reply = await catalog.http.post("/v1/objectives", json=body)

        assert (reply.status_code, reply.headers["ETag"]) == (201, '"1"')
        assert reply.headers["Location"] == "/v1/objectives/growth"
        assert {name: reply.json()[name] for name in body} == body
        assert (reply.json()["state"], reply.json()["parent"]) == ("active", None)

    @pytest.mark.parametrize(
        ("layer", "parent", "code"),
        [
            ("corporate", "growth", "parent_refused"),
            ("business_area", None, "parent_required"),
            ("business_area", "sales", "wrong_layer"),
            ("operations", "growth", "wrong_layer"),
            ("operations", "nowhere", "unknown_objective"),
        ],
    )
    async def test_a_parent_stands_on_the_layer_above(
        self, catalog: Catalog, cascade: None, layer: str, parent: str | None, code: str
    ) -> None:
        body = {"name": "New", "owner": "ada", "layer": layer, "parent": parent}

        reply = await catalog.http.post("/v1/objectives", json=body)

        errors = [(error["pointer"], error["code"]) for error in reply.json()["errors"]]
        assert (reply.status_code, errors) == (422, [("/parent", code)])

    async def test_nothing_new_contributes_to_a_dropped_objective(self, catalog: Catalog) -> None:
        await make_objective(catalog, "growth")
        await move_objective(catalog, "growth", "dropped")
        body = {"name": "S", "owner": "ada", "layer": "business_area", "parent": "growth"}

        reply = await catalog.http.post("/v1/objectives", json=body)

        assert (reply.status_code, reply.json()["code"]) == (409, "parent_not_active")

    async def test_a_taken_key_is_refused_with_a_free_one(self, catalog: Catalog) -> None:
        await make_objective(catalog, "growth")
        body = {"name": "Growth", "owner": "ada", "layer": "corporate"}

        reply = await catalog.http.post("/v1/objectives", json=body)

        assert (reply.status_code, reply.json()["suggestion"]) == (409, "growth-2")

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("layer", "galactic"),
            ("target_date", "9999-12-31"),
            ("owner", ""),
            ("state", "achieved"),
            ("measure", "a\x00b"),
        ],
    )
    async def test_a_malformed_field_is_named(
        self, catalog: Catalog, field: str, value: str
    ) -> None:
        body = {"name": "Growth", "owner": "ada", "layer": "corporate", field: value}

        reply = await catalog.http.post("/v1/objectives", json=body)

        assert reply.status_code == 422
        assert [error["pointer"] for error in reply.json()["errors"]] == [f"/{field}"]


class TestList:
    @pytest.mark.parametrize(
        ("filters", "expected"),
        [
            ({}, ["growth", "sales", "web-shop"]),
            ({"layer": "operations"}, ["web-shop"]),
            ({"parent": "growth"}, ["sales"]),
            ({"state": "dropped"}, ["web-shop"]),
            ({"owner": "bob"}, []),
        ],
    )
    async def test_each_filter_narrows(
        self, catalog: Catalog, cascade: None, filters: dict[str, str], expected: list[str]
    ) -> None:
        await move_objective(catalog, "web-shop", "dropped")

        reply = await catalog.http.get("/v1/objectives", params=filters)

        assert keys(reply) == expected


class TestChange:
    async def test_only_the_named_fields_change(self, catalog: Catalog, cascade: None) -> None:
        body = {"measure": "Ten new customers"}

        reply = await catalog.http.patch("/v1/objectives/sales", json=body, headers=ANY)

        assert (reply.status_code, reply.json()["measure"]) == (200, "Ten new customers")
        assert (reply.json()["parent"], reply.json()["revision"]) == ("growth", 2)

    async def test_a_new_parent_stands_on_the_layer_above_too(
        self, catalog: Catalog, cascade: None
    ) -> None:
        body = {"parent": "growth"}

        reply = await catalog.http.patch("/v1/objectives/web-shop", json=body, headers=ANY)

        assert (reply.status_code, reply.json()["errors"][0]["code"]) == (422, "wrong_layer")

    async def test_it_can_contribute_to_another_parent(
        self, catalog: Catalog, cascade: None
    ) -> None:
        await make_objective(catalog, "profit")
        body = {"parent": "profit"}

        reply = await catalog.http.patch("/v1/objectives/sales", json=body, headers=ANY)

        assert reply.json()["parent"] == "profit"

    async def test_a_stale_version_is_refused(self, catalog: Catalog, cascade: None) -> None:
        stale = {"If-Match": '"9"'}

        reply = await catalog.http.patch("/v1/objectives/sales", json={"name": "S"}, headers=stale)

        assert reply.status_code == 412

    async def test_an_unknown_objective_is_not_found(self, catalog: Catalog) -> None:
        reply = await catalog.http.patch("/v1/objectives/none", json={}, headers=ANY)

        assert reply.status_code == 404


class TestMove:
    async def test_achieving_keeps_why_and_since_when(self, catalog: Catalog) -> None:
        made = await make_objective(catalog, "growth")

        reply = await move_objective(catalog, "growth", "achieved")

        moved = reply.json()
        assert (moved["state"], moved["state_reason"]) == ("achieved", "because")
        assert moved["state_since"] > made["state_since"]

    async def test_a_dropped_objective_cannot_be_achieved(self, catalog: Catalog) -> None:
        await make_objective(catalog, "growth")
        await move_objective(catalog, "growth", "dropped")

        reply = await move_objective(catalog, "growth", "achieved")

        assert (reply.status_code, reply.json()["allowed"]) == (409, ["active"])

    @pytest.mark.parametrize("state", ["achieved", "dropped"])
    async def test_it_stays_active_while_others_contribute_to_it(
        self, catalog: Catalog, cascade: None, state: str
    ) -> None:
        reply = await move_objective(catalog, "sales", state)

        assert (reply.status_code, reply.json()["code"]) == (409, "active_children")
        assert reply.json()["missing"] == ["web-shop"]

    async def test_it_is_not_taken_up_again_below_a_dropped_one(
        self, catalog: Catalog, cascade: None
    ) -> None:
        for key in ("web-shop", "sales"):
            assert (await move_objective(catalog, key, "dropped")).status_code == 200

        reply = await move_objective(catalog, "web-shop", "active")

        assert (reply.status_code, reply.json()["code"]) == (409, "parent_not_active")

    async def test_no_race_leaves_an_active_objective_below_a_dropped_one(
        self, catalog: Catalog, cascade: None
    ) -> None:
        await move_objective(catalog, "web-shop", "dropped")

        replies = await asyncio.gather(
            move_objective(catalog, "sales", "dropped"),
            move_objective(catalog, "web-shop", "active"),
        )

        assert sorted(reply.status_code for reply in replies) == [200, 409]

    async def test_the_audit_trail_says_who_moved_it(self, catalog: Catalog) -> None:
        await make_objective(catalog, "growth")
        await move_objective(catalog, "growth", "dropped")

        asked = {"resource": "objective", "field": "state", "action": "moved"}
        entry = (await catalog.http.get("/v1/audit", params=asked)).json()["items"][0]

        assert (entry["actor"], entry["key"]) == ("ada", "growth")
        assert entry["before"] == {"state": "active", "state_reason": None}
        assert entry["after"] == {"state": "dropped", "state_reason": "because"}


class TestLinks:
    async def test_a_service_serves_an_objective(
        self, catalog: Catalog, cascade: None, make_service: Make
    ) -> None:
        await make_service("vpn")

        reply = await link_objective(catalog, "web-shop", "vpn")
        served = await catalog.http.get("/v1/services/vpn/objectives")

        assert (reply.status_code, reply.json()["target"]) == (201, "vpn")
        assert [(one["key"], one["link_id"]) for one in served.json()["items"]] == [
            ("web-shop", reply.json()["id"])
        ]

    async def test_what_other_services_keep_is_recorded(
        self, catalog: Catalog, cascade: None
    ) -> None:
        await link_objective(catalog, "sales", "order-flow", kind="kra")

        of_kind = {"params": {"kind": "kra"}}
        reply = await catalog.http.get("/v1/objectives/sales/links", **of_kind)

        assert [one["target"] for one in reply.json()["items"]] == ["order-flow"]

    async def test_an_unknown_service_is_named(self, catalog: Catalog, cascade: None) -> None:
        reply = await link_objective(catalog, "sales", "nowhere")

        assert reply.status_code == 422
        assert reply.json()["errors"][0] == {
            "pointer": "/target",
            "detail": "There is no service nowhere",
            "code": "unknown_service",
        }

    async def test_a_retired_service_serves_nothing_new(
        self, catalog: Catalog, cascade: None, onboard: Make
    ) -> None:
        await onboard("old", stage="retirement", owners=[])

        reply = await link_objective(catalog, "sales", "old")

        assert (reply.status_code, reply.json()["code"]) == (409, "service_retired")

    async def test_nothing_new_serves_an_achieved_objective(
        self, catalog: Catalog, make_service: Make
    ) -> None:
        await make_objective(catalog, "growth")
        await make_service("vpn")
        await move_objective(catalog, "growth", "achieved")

        reply = await link_objective(catalog, "growth", "vpn")

        assert (reply.status_code, reply.json()["allowed"]) == (409, ["active"])

    async def test_the_same_link_twice_is_refused(self, catalog: Catalog, cascade: None) -> None:
        await link_objective(catalog, "sales", "order-flow", kind="kra")

        reply = await link_objective(catalog, "sales", "order-flow", kind="kra")

        assert (reply.status_code, reply.json()["code"]) == (409, "already_linked")

    async def test_a_link_can_be_taken_away_once(self, catalog: Catalog, cascade: None) -> None:
        made = await link_objective(catalog, "sales", "order-flow", kind="kra")
        url = made.headers["Location"]

        first = await catalog.http.delete(url)
        second = await catalog.http.delete(url)

        assert (first.status_code, second.status_code) == (204, 404)

    async def test_a_link_of_another_objective_is_not_found(
        self, catalog: Catalog, cascade: None
    ) -> None:
        made = await link_objective(catalog, "sales", "order-flow", kind="kra")

        reply = await catalog.http.get(f"/v1/objectives/growth/links/{made.json()['id']}")

        assert reply.status_code == 404

    async def test_an_unknown_link_is_not_found(self, catalog: Catalog, cascade: None) -> None:
        reply = await catalog.http.delete(f"/v1/objectives/sales/links/{uuid4()}")

        assert reply.status_code == 404
