"""Service requirements over HTTP, from feedback to the target that answers them."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.support import agreements
from tests.support.catalog import Catalog, Make

ANY = {"If-Match": "*"}
VPN = "/v1/services/vpn/requirements"
KPI = {"kind": "kpi", "reference": "mttr", "name": "Time to resolve"}


@pytest.fixture
async def make_customer(catalog: Catalog) -> Make:
    async def make(key: str = "sales", **_: Any) -> dict[str, Any]:
        body = {"key": key, "name": key, "kind": "internal", "relationship_owner": "cal"}
        reply = await catalog.http.post("/v1/customers", json=body)
        assert reply.status_code == 201, reply.text
        made: dict[str, Any] = reply.json()
        return made

    return make


@pytest.fixture
async def vpn(make_customer: Make, make_service: Make) -> None:
    """A service and a customer, `sales`."""
    await make_customer("sales")
    await make_service("vpn")


async def propose(catalog: Catalog, service: str = "vpn", **fields: Any) -> httpx.Response:
    body = {"customer": "sales", "statement": "Never down", "priority": "must"} | fields
    return await catalog.http.post(f"/v1/services/{service}/requirements", json=body)


async def move(catalog: Catalog, made: httpx.Response, state: str, **more: Any) -> httpx.Response:
    url = f"{made.headers['Location']}/state"
    return await catalog.http.post(url, json={"state": state} | more, headers=ANY)


class TestPropose:
    async def test_it_starts_with_where_it_was_said(self, catalog: Catalog, vpn: None) -> None:
        reply = await propose(catalog, feedback="https://survey.example/41")

        made = reply.json()
        assert (reply.status_code, made["state"], made["answer"]) == (201, "proposed", None)
        assert (made["service"], made["customer"]) == ("vpn", "sales")
        assert made["feedback"] == "https://survey.example/41"
        assert (await catalog.http.get(reply.headers["Location"])).json() == made

    async def test_an_unknown_customer_is_named(self, catalog: Catalog, vpn: None) -> None:
        reply = await propose(catalog, customer="nobody")

        problem = reply.json()["errors"][0]
        assert (problem["pointer"], problem["code"]) == ("/customer", "unknown_customer")

    async def test_a_customer_that_has_left_asks_for_nothing_new(
        self, catalog: Catalog, vpn: None
    ) -> None:
        await catalog.http.patch("/v1/customers/sales", json={"active": False}, headers=ANY)

        reply = await propose(catalog)

        assert (reply.status_code, reply.json()["code"]) == (409, "customer_inactive")

    async def test_nothing_new_is_asked_of_a_retired_service(
        self, catalog: Catalog, vpn: None, onboard: Make
    ) -> None:
        await onboard("old", stage="retirement", owners=[])

        reply = await propose(catalog, "old")

        assert (reply.status_code, reply.json()["code"]) == (409, "service_retired")

    async def test_an_unknown_service_is_not_found(self, catalog: Catalog, vpn: None) -> None:
        assert (await propose(catalog, "nowhere")).status_code == 404

    @pytest.mark.parametrize(
        ("field", "value"), [("statement", ""), ("priority", "maybe"), ("state", "answered")]
    )
    async def test_a_malformed_field_is_named(
        self, catalog: Catalog, vpn: None, field: str, value: str
    ) -> None:
        reply = await propose(catalog, **{field: value})

        assert reply.status_code == 422
        assert [error["pointer"] for error in reply.json()["errors"]] == [f"/{field}"]


class TestChange:
    async def test_its_wording_changes_while_it_is_proposed(
        self, catalog: Catalog, vpn: None
    ) -> None:
        made = await propose(catalog)
        url = made.headers["Location"]

        changed = await catalog.http.patch(url, json={"priority": "could"}, headers=ANY)
        await move(catalog, made, "accepted")
        refused = await catalog.http.patch(url, json={"priority": "must"}, headers=ANY)

        assert changed.json()["priority"] == "could"
        assert (refused.status_code, refused.json()["allowed"]) == (409, ["proposed"])

    async def test_a_stale_version_is_refused(self, catalog: Catalog, vpn: None) -> None:
        url = (await propose(catalog)).headers["Location"]

        reply = await catalog.http.patch(url, json={}, headers={"If-Match": '"7"'})

        assert reply.status_code == 412

    async def test_one_of_another_service_is_not_found(
        self, catalog: Catalog, vpn: None, make_service: Make
    ) -> None:
        await make_service("mail")
        made = (await propose(catalog)).json()

        reply = await catalog.http.get(f"/v1/services/mail/requirements/{made['id']}")

        assert reply.status_code == 404
        assert (await catalog.http.get(f"{VPN}/{uuid4()}")).status_code == 404


class TestMove:
    async def test_a_target_answers_an_accepted_one(self, catalog: Catalog, vpn: None) -> None:
        made = await propose(catalog)
        await move(catalog, made, "accepted")

        reply = await move(catalog, made, "answered", answer=KPI)

        assert (reply.json()["state"], reply.json()["answer"]) == ("answered", KPI)

    async def test_only_an_active_agreement_answers(
        self, catalog: Catalog, make_customer: Make, onboard: Make
    ) -> None:
        await make_customer("sales")
        await onboard("mail")
        made = await propose(catalog, "mail")
        await move(catalog, made, "accepted")
        await agreements.prepare(catalog)
        version = await agreements.draft(catalog, "mail-sla")
        answer = {"kind": "agreement", "reference": "mail-sla", "name": None}

        refused = await move(catalog, made, "answered", answer=answer)
        await agreements.activate(catalog, version)
        answered = await move(catalog, made, "answered", answer=answer)

        assert (refused.status_code, refused.json()["code"]) == (409, "agreement_not_active")
        assert answered.json()["answer"] == answer

    async def test_without_a_target_nothing_is_answered(self, catalog: Catalog, vpn: None) -> None:
        made = await propose(catalog)
        await move(catalog, made, "accepted")

        reply = await move(catalog, made, "answered")

        problem = reply.json()["errors"][0]
        assert (reply.status_code, problem["pointer"]) == (422, "/answer")
        assert problem["code"] == "answer_required"

    async def test_what_was_not_accepted_is_not_answered(self, catalog: Catalog, vpn: None) -> None:
        made = await propose(catalog)

        reply = await move(catalog, made, "answered", answer=KPI)

        assert (reply.status_code, reply.json()["code"]) == (409, "move_not_allowed")
        assert reply.json()["allowed"] == ["accepted", "rejected", "withdrawn"]

    async def test_a_no_has_its_reason(self, catalog: Catalog, vpn: None) -> None:
        made = await propose(catalog)

        silent = await move(catalog, made, "rejected")
        said = await move(catalog, made, "rejected", reason="Not at that price")

        assert (silent.status_code, silent.json()["errors"][0]["pointer"]) == (422, "/reason")
        assert (said.json()["state"], said.json()["state_reason"]) == (
            "rejected",
            "Not at that price",
        )

    async def test_an_answer_that_is_gone_opens_it_again(self, catalog: Catalog, vpn: None) -> None:
        made = await propose(catalog)
        await move(catalog, made, "accepted")
        await move(catalog, made, "answered", answer=KPI)

        reply = await move(catalog, made, "accepted", reason="The target was dropped")

        assert (reply.json()["state"], reply.json()["answer"]) == ("accepted", None)

    async def test_a_retired_service_promises_nothing(
        self, catalog: Catalog, vpn: None, onboard: Make
    ) -> None:
        await onboard("old")
        made = await propose(catalog, "old")
        decision = catalog.decision("old", "to-retirement", "operate", "retirement")
        await catalog.http.post("/v1/services/old/transitions", json={"decision": decision})

        accepted = await move(catalog, made, "accepted")
        rejected = await move(catalog, made, "rejected", reason="It retires")

        assert (accepted.status_code, accepted.json()["code"]) == (409, "service_retired")
        assert rejected.status_code == 200

    async def test_nothing_is_opened_again_for_a_customer_that_has_left(
        self, catalog: Catalog, vpn: None
    ) -> None:
        made = await propose(catalog)
        await move(catalog, made, "accepted")
        await move(catalog, made, "answered", answer=KPI)
        await catalog.http.patch("/v1/customers/sales", json={"active": False}, headers=ANY)

        reply = await move(catalog, made, "accepted", reason="The target was dropped")

        assert (reply.status_code, reply.json()["code"]) == (409, "customer_inactive")

    async def test_the_audit_trail_shows_the_answer(self, catalog: Catalog, vpn: None) -> None:
        made = await propose(catalog)
        await move(catalog, made, "accepted")
        await move(catalog, made, "answered", answer=KPI)

        asked = {"resource": "service_requirement", "field": "answer"}
        entry = (await catalog.http.get("/v1/audit", params=asked)).json()["items"][0]

        assert (entry["before"]["state"], entry["after"]["state"]) == ("accepted", "answered")
        assert (entry["before"]["answer"], entry["after"]["answer"]) == (None, KPI)


class TestList:
    @pytest.mark.parametrize(
        ("filters", "expected"),
        [
            ({}, ["a", "b"]),
            ({"state": "accepted"}, ["b"]),
            ({"priority": "could"}, ["a"]),
            ({"customer": "plant"}, ["b"]),
            ({"service": "mail"}, []),
        ],
    )
    async def test_each_filter_narrows(
        self,
        catalog: Catalog,
        vpn: None,
        make_customer: Make,
        filters: dict[str, str],
        expected: list[str],
    ) -> None:
        await make_customer("plant")
        await propose(catalog, statement="a", priority="could")
        await move(catalog, await propose(catalog, statement="b", customer="plant"), "accepted")

        reply = await catalog.http.get("/v1/requirements", params=filters)

        assert [item["statement"] for item in reply.json()["items"]] == expected

    async def test_those_of_a_service_are_paged_by_age(self, catalog: Catalog, vpn: None) -> None:
        for statement in ("a", "b", "c"):
            await propose(catalog, statement=statement)
        first = await catalog.http.get(VPN, params={"limit": 2})

        rest = await catalog.http.get(VPN, params={"cursor": first.json()["next_cursor"]})

        pages = first.json()["items"] + rest.json()["items"]
        assert [item["statement"] for item in pages] == ["a", "b", "c"]
