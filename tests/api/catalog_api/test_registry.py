"""Services over HTTP: created, onboarded, read, changed."""

import asyncio
from typing import Any

import pytest

from tests.support.catalog import Catalog, Make

NEW: dict[str, Any] = {
    "key": "vpn",
    "name": "Virtual Private Network",
    "portfolio": "workplace",
    "kind": "technical",
}
OWNER = {"role": "service_owner", "subject": "ada"}
RUNNING = NEW | {"stage": "operate", "reason": "it runs since 2019", "owners": [OWNER]}


def pointers(problem: dict[str, Any]) -> list[str]:
    return [error["pointer"] for error in problem["errors"]]


class TestCreate:
    async def test_a_new_service_starts_at_strategy(self, catalog: Catalog) -> None:
        reply = await catalog.http.post("/v1/services", json=NEW)

        assert reply.status_code == 201
        assert reply.json()["stage"] == "strategy"
        assert reply.headers["Location"] == "/v1/services/vpn"
        assert reply.headers["ETag"] == '"1"'

    async def test_everything_that_was_sent_is_read_again(self, catalog: Catalog) -> None:
        night = {"day": "monday", "start": "20:00", "end": "24:00"}
        body = NEW | {
            "description": "Tunnels.",
            "criticality": "high",
            "support_hours": {"timezone": "Europe/Zurich", "weekly": [night]},
            "tags": ["remote", "network", "remote"],
            "owners": [OWNER],
            "external_references": [{"source": "snow", "name": "VPN Gateway"}],
        }

        await catalog.http.post("/v1/services", json=body)
        shown = (await catalog.http.get("/v1/services/vpn")).json()

        assert {name: shown[name] for name in ("description", "criticality", "support_hours")} == {
            name: body[name] for name in ("description", "criticality", "support_hours")
        }
        assert shown["tags"] == ["network", "remote"]
        assert shown["portfolio_name"] == "Workplace"
        assert [(owner["role"], owner["subject"]) for owner in shown["owners"]] == [
            ("service_owner", "ada")
        ]
        assert [(one["source"], one["name"]) for one in shown["external_references"]] == [
            ("snow", "VPN Gateway")
        ]

    async def test_without_a_key_it_gets_the_slug_of_its_name(self, catalog: Catalog) -> None:
        body = {name: value for name, value in NEW.items() if name != "key"}

        reply = await catalog.http.post("/v1/services", json=body)

        assert reply.json()["key"] == "virtual-private-network"

    async def test_a_taken_key_is_refused_with_a_free_one(
        self, catalog: Catalog, make_service: Make
    ) -> None:
        await make_service("vpn")

        reply = await catalog.http.post("/v1/services", json=NEW)

        assert (reply.status_code, reply.json()["code"]) == (409, "key_taken")
        assert (reply.json()["suggestion"], pointers(reply.json())) == ("vpn-2", ["/key"])

    async def test_a_key_that_is_also_its_own_reference_is_taken_all_the_same(
        self, catalog: Catalog, make_service: Make
    ) -> None:
        await make_service("vpn", external_references=[{"name": "VPN"}])

        assert (await catalog.http.post("/v1/services", json=NEW)).json()["code"] == "key_taken"

    async def test_of_many_that_ask_for_one_key_at_once_one_gets_it(self, catalog: Catalog) -> None:
        replies = await asyncio.gather(
            *(catalog.http.post("/v1/services", json=NEW) for _ in range(4))
        )

        assert sorted(reply.status_code for reply in replies) == [201, 409, 409, 409]

    async def test_the_key_of_a_retired_service_is_not_reused(
        self, catalog: Catalog, onboard: Make
    ) -> None:
        await onboard("vpn", stage="retirement")

        assert (await catalog.http.post("/v1/services", json=NEW)).status_code == 409

    async def test_a_service_cannot_be_deleted(self, catalog: Catalog, make_service: Make) -> None:
        await make_service("vpn")

        assert (await catalog.http.delete("/v1/services/vpn")).status_code == 405

    async def test_a_tools_name_for_another_service_is_no_key(
        self, catalog: Catalog, make_service: Make
    ) -> None:
        await make_service("gateway", external_references=[{"name": "VPN"}])

        reply = await catalog.http.post("/v1/services", json=NEW)

        assert (reply.status_code, reply.json()["service"]) == (409, "gateway")

    async def test_a_reference_of_another_service_is_refused_and_nothing_is_created(
        self, catalog: Catalog, make_service: Make
    ) -> None:
        await make_service("gateway", external_references=[{"source": "snow", "name": "Gate"}])
        body = NEW | {"external_references": [{"name": "x"}, {"source": "snow", "name": " gate"}]}

        reply = await catalog.http.post("/v1/services", json=body)

        assert (reply.status_code, reply.json()["code"]) == (409, "reference_taken")
        assert pointers(reply.json()) == ["/external_references/1"]
        assert (await catalog.http.get("/v1/services/vpn")).status_code == 404

    @pytest.mark.parametrize(
        ("change", "pointer"),
        [
            ({"stage": "operate"}, "/stage"),
            ({"stage": None}, "/stage"),
            ({"key": "Not A Key"}, "/key"),
            ({"key": "x" * 101}, "/key"),
            ({"name": ""}, "/name"),
            ({"name": "nul\x00"}, "/name"),
            ({"kind": "magic"}, "/kind"),
            ({"portfolio": "nowhere"}, "/portfolio"),
            ({"criticality": "very"}, "/criticality"),
            ({"tags": ["Not A Tag"]}, "/tags/0"),
            ({"owners": [OWNER, {**OWNER, "subject": "bea"}]}, "/owners/1"),
            ({"owners": [{"role": "Service Owner", "subject": "ada"}]}, "/owners/0/role"),
            (
                {"external_references": [{"name": "a"}, {"name": "A"}]},
                "/external_references/1",
            ),
            ({"external_references": [{"name": " ?"}]}, "/external_references/0/name"),
            ({"support_hours": {"timezone": "Mars", "weekly": []}}, "/support_hours/timezone"),
            ({"colour": "red"}, "/colour"),
        ],
    )
    async def test_a_malformed_field_is_named(
        self, catalog: Catalog, change: dict[str, Any], pointer: str
    ) -> None:
        reply = await catalog.http.post("/v1/services", json=NEW | change)

        assert reply.status_code == 422
        assert pointer in pointers(reply.json())

    async def test_a_lone_surrogate_is_refused(self, catalog: Catalog) -> None:
        body = b'{"key":"vpn","name":"\\ud800","portfolio":"workplace","kind":"technical"}'
        json = {"Content-Type": "application/json"}

        reply = await catalog.http.post("/v1/services", content=body, headers=json)

        assert reply.status_code in (400, 422)

    async def test_an_unreadable_body_is_refused(self, catalog: Catalog) -> None:
        json = {"Content-Type": "application/json"}

        reply = await catalog.http.post("/v1/services", content=b"{", headers=json)

        assert reply.status_code == 400

    async def test_the_scope_to_write_is_not_the_one_to_onboard(self, catalog: Catalog) -> None:
        writer = catalog.caller(scope="catalog:write")

        reply = await catalog.http.post("/v1/services/onboard", json=RUNNING, headers=writer)

        assert (reply.status_code, reply.json()["missing_scope"]) == (403, "services:onboard")


class TestOnboard:
    async def test_a_running_service_is_recorded_at_its_stage(self, catalog: Catalog) -> None:
        reply = await catalog.http.post("/v1/services/onboard", json=RUNNING)

        assert reply.status_code == 201
        assert (reply.json()["stage"], reply.json()["onboarded"]) == ("operate", True)

    async def test_the_audit_trail_says_so_with_the_reason(self, catalog: Catalog) -> None:
        await catalog.http.post("/v1/services/onboard", json=RUNNING)

        (entry,) = (await catalog.http.get("/v1/services/vpn/audit")).json()["items"]

        assert (entry["action"], entry["actor"]) == ("onboarded", "ada")
        assert (entry["after"]["stage"], entry["after"]["reason"]) == (
            "operate",
            "it runs since 2019",
        )

    @pytest.mark.parametrize("stage", ["transition", "operate", "improve"])
    async def test_a_live_service_names_its_service_owner(
        self, catalog: Catalog, stage: str
    ) -> None:
        body = RUNNING | {"stage": stage, "owners": [{"role": "manager", "subject": "ada"}]}

        reply = await catalog.http.post("/v1/services/onboard", json=body)

        assert (reply.status_code, pointers(reply.json())) == (422, ["/owners"])

    @pytest.mark.parametrize("stage", ["strategy", "design", "retirement"])
    async def test_a_service_that_is_not_live_needs_none(
        self, catalog: Catalog, stage: str
    ) -> None:
        body = RUNNING | {"stage": stage, "owners": []}

        assert (await catalog.http.post("/v1/services/onboard", json=body)).status_code == 201

    async def test_a_service_is_onboarded_at_its_creation_only(
        self, catalog: Catalog, make_service: Make
    ) -> None:
        await make_service("vpn")

        reply = await catalog.http.post("/v1/services/onboard", json=RUNNING)

        assert reply.json()["code"] == "key_taken"

    @pytest.mark.parametrize("missing", ["stage", "reason"])
    async def test_stage_and_reason_are_needed(self, catalog: Catalog, missing: str) -> None:
        body = {name: value for name, value in RUNNING.items() if name != missing}

        reply = await catalog.http.post("/v1/services/onboard", json=body)

        assert pointers(reply.json()) == [f"/{missing}"]


class TestChange:
    async def test_only_the_named_fields_change(self, catalog: Catalog, make_service: Make) -> None:
        await make_service("vpn", description="Tunnels.", criticality="low")
        body = {"name": "Tunnel", "criticality": None}

        reply = await catalog.http.patch("/v1/services/vpn", json=body, headers={"If-Match": '"1"'})

        assert (reply.status_code, reply.headers["ETag"]) == (200, '"2"')
        assert (reply.json()["name"], reply.json()["criticality"]) == ("Tunnel", None)
        assert reply.json()["description"] == "Tunnels."

    async def test_the_stage_is_refused_and_the_reply_says_how_it_moves(
        self, catalog: Catalog, make_service: Make
    ) -> None:
        await make_service("vpn")

        reply = await catalog.http.patch(
            "/v1/services/vpn", json={"stage": "design"}, headers={"If-Match": "*"}
        )

        assert (reply.status_code, pointers(reply.json())) == (422, ["/stage"])
        assert "/transitions" in reply.json()["errors"][0]["detail"]

    async def test_changing_nothing_leaves_no_trace(
        self, catalog: Catalog, make_service: Make
    ) -> None:
        made = await make_service("vpn", tags=["a"], criticality="high")
        same = {"tags": ["a"], "criticality": "high", "kind": "technical", "description": ""}

        reply = await catalog.http.patch("/v1/services/vpn", json=same, headers={"If-Match": "*"})

        assert reply.json() == made
        assert len((await catalog.http.get("/v1/services/vpn/audit")).json()["items"]) == 1

    async def test_a_stale_version_is_refused(self, catalog: Catalog, make_service: Make) -> None:
        await make_service("vpn")
        stale = {"If-Match": '"1"'}
        await catalog.http.patch("/v1/services/vpn", json={"name": "first"}, headers=stale)

        reply = await catalog.http.patch("/v1/services/vpn", json={"name": "b"}, headers=stale)

        assert (reply.status_code, reply.headers["ETag"]) == (412, '"2"')

    async def test_if_match_is_demanded_and_must_be_a_tag(
        self, catalog: Catalog, make_service: Make
    ) -> None:
        await make_service("vpn")
        change = {"name": "b"}

        absent = await catalog.http.patch("/v1/services/vpn", json=change)
        odd = await catalog.http.patch("/v1/services/vpn", json=change, headers={"If-Match": "x"})

        assert (absent.status_code, odd.status_code) == (428, 400)

    async def test_the_portfolio_must_exist(self, catalog: Catalog, make_service: Make) -> None:
        await make_service("vpn")

        reply = await catalog.http.patch(
            "/v1/services/vpn", json={"portfolio": "nowhere"}, headers={"If-Match": "*"}
        )

        assert (reply.status_code, pointers(reply.json())) == (422, ["/portfolio"])

    async def test_an_unknown_service_is_not_found(self, catalog: Catalog) -> None:
        reply = await catalog.http.patch(
            "/v1/services/nothing", json={"name": "n"}, headers={"If-Match": "*"}
        )

        assert reply.status_code == 404


@pytest.mark.parametrize(
    "path",
    ["", "/audit", "/owners", "/external-references", "/transitions", "/facts"],
)
class TestUnknownService:
    async def test_nothing_is_found_under_an_unknown_key(self, catalog: Catalog, path: str) -> None:
        reply = await catalog.http.get(f"/v1/services/unknown{path}")

        assert (reply.status_code, reply.json()["code"]) == (404, "not_found")

    async def test_what_is_no_key_names_nothing(self, catalog: Catalog, path: str) -> None:
        reply = await catalog.http.get(f"/v1/services/%00%ff{path}")

        assert reply.status_code == 404

    async def test_without_a_token_nothing_is_told(self, catalog: Catalog, path: str) -> None:
        reply = await catalog.http.get(f"/v1/services/unknown{path}", headers={"Authorization": ""})

        assert reply.status_code == 401


class TestAudit:
    async def test_every_change_says_who_for_whom_from_what_to_what(
        self, catalog: Catalog, make_service: Make
    ) -> None:
        await make_service("vpn")
        robot = catalog.caller("robot") | {"On-Behalf-Of": "bea", "If-Match": "*"}

        await catalog.http.patch("/v1/services/vpn", json={"name": "Tunnel"}, headers=robot)
        newest, oldest = (await catalog.http.get("/v1/services/vpn/audit")).json()["items"]

        assert (newest["actor"], newest["on_behalf_of"], newest["action"]) == (
            "robot",
            "bea",
            "changed",
        )
        assert (newest["before"], newest["after"]) == ({"name": "vpn"}, {"name": "Tunnel"})
        assert (oldest["action"], oldest["before"]) == ("created", None)

    async def test_it_is_paged(self, catalog: Catalog, make_service: Make) -> None:
        await make_service("vpn")
        for name in ("a", "b"):
            await catalog.http.patch(
                "/v1/services/vpn", json={"name": name}, headers={"If-Match": "*"}
            )
        url, seen, cursor = "/v1/services/vpn/audit", [], None

        while True:
            params = {"limit": "1"} | ({"cursor": cursor} if cursor else {})
            page = (await catalog.http.get(url, params=params)).json()
            seen += [entry["action"] for entry in page["items"]]
            if (cursor := page["next_cursor"]) is None:
                break

        assert seen == ["changed", "changed", "created"]

    async def test_reading_it_needs_its_scope(self, catalog: Catalog, make_service: Make) -> None:
        await make_service("vpn")
        reader = catalog.caller(scope="catalog:read")

        reply = await catalog.http.get("/v1/services/vpn/audit", headers=reader)

        assert (reply.status_code, reply.json()["missing_scope"]) == (403, "audit:read")
