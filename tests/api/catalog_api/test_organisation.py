"""Organisation units, their members and the catalog of roles over HTTP."""

import asyncio
from typing import Any

import httpx
import pytest

from tests.support.catalog import Catalog, Make

UNITS = "/v1/organisation-units"


async def make_unit(catalog: Catalog, key: str, **fields: Any) -> dict[str, Any]:
    body = {"key": key, "name": key, "kind": "team"} | fields
    reply = await catalog.http.post(UNITS, json=body)
    assert reply.status_code == 201, reply.text
    made: dict[str, Any] = reply.json()
    return made


async def change(
    catalog: Catalog, path: str, body: dict[str, Any], version: str = "*"
) -> httpx.Response:
    return await catalog.http.patch(path, json=body, headers={"If-Match": version})


async def end(catalog: Catalog, key: str, version: str = "*") -> httpx.Response:
    return await catalog.http.post(f"{UNITS}/{key}/end", headers={"If-Match": version})


async def keys(catalog: Catalog, **query: Any) -> list[str]:
    return [unit["key"] for unit in (await catalog.http.get(UNITS, params=query)).json()["items"]]


class TestUnits:
    async def test_a_unit_is_created_under_another(self, catalog: Catalog) -> None:
        await make_unit(catalog, "it", kind="department")

        body = {"name": "Network Operations", "kind": "team", "parent": "it", "manager": "ada"}
        reply = await catalog.http.post(UNITS, json=body)

        assert (reply.status_code, reply.headers["ETag"]) == (201, '"1"')
        assert reply.headers["Location"] == f"{UNITS}/network-operations"
        assert reply.json()["parent"] == "it"

    async def test_a_taken_key_is_refused_with_a_free_one(self, catalog: Catalog) -> None:
        await make_unit(catalog, "it")

        reply = await catalog.http.post(UNITS, json={"name": "IT", "kind": "team"})

        assert (reply.status_code, reply.json()["suggestion"]) == (409, "it-2")

    async def test_an_unknown_parent_is_refused(self, catalog: Catalog) -> None:
        reply = await catalog.http.post(
            UNITS, json={"name": "IT", "kind": "team", "parent": "nowhere"}
        )

        error = reply.json()["errors"][0]
        assert (reply.status_code, error["pointer"]) == (422, "/parent")
        assert error["code"] == "unknown_organisation_unit"

    async def test_a_unit_that_would_go_round_in_a_circle_is_refused(
        self, catalog: Catalog
    ) -> None:
        await make_unit(catalog, "it")
        await make_unit(catalog, "network", parent="it")
        await make_unit(catalog, "wifi", parent="network")

        reply = await change(catalog, f"{UNITS}/it", {"parent": "wifi"})

        assert (reply.status_code, reply.json()["code"]) == (409, "unit_cycle")
        assert reply.json()["circle"] == ["it", "wifi", "network", "it"]

    async def test_two_moves_at_once_close_no_circle(self, catalog: Catalog) -> None:
        await make_unit(catalog, "a")
        await make_unit(catalog, "b")

        replies = await asyncio.gather(
            change(catalog, f"{UNITS}/a", {"parent": "b"}),
            change(catalog, f"{UNITS}/b", {"parent": "a"}),
        )

        assert sorted(reply.status_code for reply in replies) == [200, 409]

    async def test_units_are_filtered(self, catalog: Catalog) -> None:
        await make_unit(catalog, "it", kind="department", manager="ada")
        await make_unit(catalog, "desk", parent="it")

        assert await keys(catalog, kind="team") == ["desk"]
        assert await keys(catalog, parent="it") == ["desk"]
        assert await keys(catalog, manager="ada") == ["it"]

    async def test_a_stale_change_is_refused(self, catalog: Catalog) -> None:
        await make_unit(catalog, "it")

        assert (await change(catalog, f"{UNITS}/it", {"name": "I"}, '"9"')).status_code == 412
        assert (await catalog.http.patch(f"{UNITS}/it", json={"name": "I"})).status_code == 428

    async def test_a_change_of_nothing_leaves_no_trace(self, catalog: Catalog) -> None:
        await make_unit(catalog, "it")

        reply = await change(catalog, f"{UNITS}/it", {"name": "it"})

        assert reply.headers["ETag"] == '"1"'


class TestEnd:
    async def test_a_unit_ends_with_its_memberships_and_stays_readable(
        self, catalog: Catalog
    ) -> None:
        await make_unit(catalog, "desk")
        await catalog.http.post(
            f"{UNITS}/desk/members", json={"subject": "ada", "valid_from": "2026-01-01"}
        )

        reply = await end(catalog, "desk")

        (member,) = (await catalog.http.get(f"{UNITS}/desk/members")).json()["items"]
        assert member["valid_to"] == reply.json()["ended_on"]
        assert (await keys(catalog), await keys(catalog, past=True)) == ([], ["desk"])

    async def test_a_unit_with_units_below_it_cannot_end(self, catalog: Catalog) -> None:
        await make_unit(catalog, "it")
        await make_unit(catalog, "desk", parent="it")

        reply = await end(catalog, "it")

        assert (reply.status_code, reply.json()["units"]) == (409, ["desk"])

    async def test_a_unit_that_a_raci_names_cannot_end(
        self, catalog: Catalog, make_service: Make
    ) -> None:
        await make_service("vpn")
        await make_unit(catalog, "desk", manager="ada")
        url = "/v1/services/vpn/raci/service_catalog_management"
        chart = [{"responsibility": "accountable", "unit": "desk"}]
        await catalog.http.put(url, json=chart, headers={"If-Match": "*"})

        reply = await end(catalog, "desk")

        assert (reply.status_code, reply.json()["code"]) == (409, "unit_in_use")
        assert reply.json()["raci"][0]["service"] == "vpn"

    async def test_what_ended_changes_no_more_and_takes_nothing_in(self, catalog: Catalog) -> None:
        await make_unit(catalog, "desk")
        await end(catalog, "desk")

        replies = [
            await end(catalog, "desk"),
            await change(catalog, f"{UNITS}/desk", {"name": "x"}),
            await catalog.http.post(f"{UNITS}/desk/members", json={"subject": "ada"}),
        ]
        under = await catalog.http.post(UNITS, json={"name": "x", "kind": "team", "parent": "desk"})

        assert [reply.json()["code"] for reply in replies] == ["unit_ended"] * 3
        assert under.status_code == 422


class TestMembers:
    @pytest.fixture
    async def desk(self, catalog: Catalog) -> str:
        await make_unit(catalog, "desk")
        return f"{UNITS}/desk/members"

    async def test_a_person_belongs_from_day_to_day(self, catalog: Catalog, desk: str) -> None:
        await catalog.http.post(
            desk, json={"subject": "ada", "valid_from": "2026-01-01", "valid_to": "2026-02-01"}
        )

        async def on(day: str) -> list[str]:
            items = (await catalog.http.get(desk, params={"on": day})).json()["items"]
            return [item["subject"] for item in items]

        assert (await on("2026-01-31"), await on("2026-02-01")) == (["ada"], [])

    async def test_nobody_belongs_twice_on_a_day(self, catalog: Catalog, desk: str) -> None:
        await catalog.http.post(desk, json={"subject": "ada", "valid_from": "2026-01-01"})

        reply = await catalog.http.post(
            desk, json={"subject": "ada", "valid_from": "2026-03-01", "valid_to": "2026-03-02"}
        )

        assert (reply.status_code, reply.json()["code"]) == (409, "already_member")

    async def test_of_two_at_once_one_becomes_a_member(self, catalog: Catalog, desk: str) -> None:
        replies = await asyncio.gather(
            *(catalog.http.post(desk, json={"subject": "ada"}) for _ in range(3))
        )

        assert sorted(reply.status_code for reply in replies) == [201, 409, 409]

    async def test_a_membership_ends_and_begins_anew(self, catalog: Catalog, desk: str) -> None:
        body = {"subject": "ada", "valid_from": "2026-01-01"}
        first = (await catalog.http.post(desk, json=body)).headers["Location"]

        ended = await change(catalog, first, {"valid_to": "2026-02-01"}, '"1"')
        again = await catalog.http.post(desk, json={**body, "valid_from": "2026-02-01"})
        reopened = await change(catalog, first, {"valid_to": None})

        assert (ended.headers["ETag"], again.status_code) == ('"2"', 201)
        assert reopened.status_code == 409

    async def test_an_end_before_the_beginning_is_refused(
        self, catalog: Catalog, desk: str
    ) -> None:
        reply = await catalog.http.post(
            desk, json={"subject": "ada", "valid_from": "2026-01-02", "valid_to": "2026-01-02"}
        )

        assert (reply.status_code, reply.json()["errors"][0]["pointer"]) == (422, "/valid_to")

    async def test_the_units_of_a_person_are_listed(self, catalog: Catalog, desk: str) -> None:
        await make_unit(catalog, "apps")
        for unit in ("desk", "apps"):
            await catalog.http.post(f"{UNITS}/{unit}/members", json={"subject": "ada"})

        reply = await catalog.http.get("/v1/unit-memberships", params={"subject": "ada"})

        assert [item["unit"] for item in reply.json()["items"]] == ["apps", "desk"]


class TestRoles:
    async def test_a_default_set_is_shipped(self, catalog: Catalog) -> None:
        items = (await catalog.http.get("/v1/roles")).json()["items"]

        assert {
            "service_owner",
            "portfolio_manager",
            "service_manager",
            "service_level_manager",
            "relationship_owner",
            "continuity_manager",
            "financial_manager",
            "change_manager",
            "risk_owner",
            "approver",
        } <= {item["role"] for item in items}

    async def test_a_role_is_added_and_changed(self, catalog: Catalog) -> None:
        body = {"role": "data_steward", "name": "Data steward", "responsibilities": "Data."}
        added = await catalog.http.post("/v1/roles", json=body)

        reply = await change(
            catalog, "/v1/roles/data_steward", {"required_stages": ["operate", "design"]}, '"1"'
        )

        assert added.headers["Location"] == "/v1/roles/data_steward"
        assert reply.json()["required_stages"] == ["design", "operate"]
        assert (await catalog.http.post("/v1/roles", json=body)).json()["code"] == "role_taken"

    async def test_roles_are_found_by_stage_and_process(self, catalog: Catalog) -> None:
        async def found(**query: str) -> list[str]:
            items = (await catalog.http.get("/v1/roles", params=query)).json()["items"]
            return [item["role"] for item in items]

        assert await found(process="service_financial_management") == ["financial_manager"]
        assert "service_owner" in await found(stage="operate")
        assert await found(stage="strategy") == []

    async def test_service_owner_cannot_retire(self, catalog: Catalog) -> None:
        reply = await change(catalog, "/v1/roles/service_owner", {"retired": True})

        assert (reply.status_code, reply.json()["code"]) == (409, "role_in_use")

    async def test_a_role_that_a_raci_names_cannot_retire(
        self, catalog: Catalog, make_service: Make
    ) -> None:
        await make_service("vpn")
        url = "/v1/services/vpn/raci/service_catalog_management"
        chart = [{"responsibility": "accountable", "role": "catalog_manager"}]
        await catalog.http.put(url, json=chart, headers={"If-Match": "*"})

        reply = await change(catalog, "/v1/roles/catalog_manager", {"retired": True})

        assert (reply.status_code, reply.json()["raci"][0]["service"]) == (409, "vpn")

    async def test_held_roles_that_nobody_describes_are_reported(
        self, catalog: Catalog, make_service: Make
    ) -> None:
        await change(catalog, "/v1/roles/approver", {"retired": True})
        for key in ("vpn", "mail"):
            owners = [{"role": "guru", "subject": "ada"}, {"role": "approver", "subject": "bea"}]
            await make_service(key, owners=[*owners, {"role": "risk_owner", "subject": "bea"}])

        items = (await catalog.http.get("/v1/uncatalogued-roles")).json()["items"]

        assert [(item["role"], item["holders"], item["services"]) for item in items] == [
            ("approver", 1, 2),
            ("guru", 1, 2),
        ]
        assert [item["reason"] for item in items] == ["retired", "not in the catalog of roles"]

    async def test_a_service_shows_the_roles_it_needs_has_and_lacks(
        self, catalog: Catalog, onboard: Make
    ) -> None:
        await onboard(
            "vpn",
            owners=[
                {"role": "service_owner", "subject": "ada"},
                {"role": "guru", "subject": "bea"},
            ],
        )

        shown = (await catalog.http.get("/v1/services/vpn/roles")).json()

        assert shown["required"][-1] == {
            "role": "service_owner",
            "name": "Service owner",
            "holders": ["ada"],
        }
        assert shown["missing"] == ["service_level_manager", "service_manager"]
        assert shown["uncatalogued"] == ["guru"]


@pytest.mark.parametrize(
    "path",
    [
        f"{UNITS}/none",
        f"{UNITS}/none/members",
        f"{UNITS}/none/members/00000000-0000-0000-0000-000000000000",
        "/v1/roles/none",
        "/v1/services/none/roles",
    ],
)
async def test_what_is_not_there_is_not_found(catalog: Catalog, path: str) -> None:
    assert (await catalog.http.get(path)).status_code == 404


async def test_each_change_is_audited(catalog: Catalog) -> None:
    await make_unit(catalog, "it")
    await change(catalog, f"{UNITS}/it", {"manager": "ada"})

    query = {"resource": "organisation_unit", "key": "it"}
    newest, oldest = (await catalog.http.get("/v1/audit", params=query)).json()["items"]

    assert (newest["before"], newest["after"]) == ({"manager": None}, {"manager": "ada"})
    assert oldest["action"] == "created"
