"""Customers and their representatives over HTTP."""

from typing import Any

import pytest

from tests.support.catalog import Catalog, Make
from tests.support.planning import ANY, day, end, engage, make_customer, represent

SALES = "/v1/customers/sales"


@pytest.fixture
async def sales(catalog: Catalog) -> None:
    await make_customer(catalog, "sales")


class TestCustomers:
    async def test_a_new_customer_is_reviewed_a_cadence_from_now(self, catalog: Catalog) -> None:
        body = {
            "name": "Sales",
            "kind": "external",
            "relationship_owner": "cal",
            "review_cadence_days": 30,
        }

        reply = await catalog.http.post("/v1/customers", json=body)

        assert (reply.status_code, reply.headers["Location"]) == (201, SALES)
        made = reply.json()
        assert {name: made[name] for name in body} == body
        assert (made["review_due_on"], made["overdue"], made["active"]) == (day(30), False, True)

    async def test_a_review_moves_the_next_one(self, catalog: Catalog, sales: None) -> None:
        body = {"last_reviewed_on": day(-10), "review_cadence_days": 7}

        reply = await catalog.http.patch(SALES, json=body, headers=ANY)

        assert (reply.json()["review_due_on"], reply.json()["overdue"]) == (day(-3), True)

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("last_reviewed_on", "2199-01-01"),
            ("review_cadence_days", 0),
            ("review_cadence_days", 99999),
            ("kind", "alien"),
            ("relationship_owner", None),
            ("overdue", True),
        ],
    )
    async def test_a_field_that_cannot_be_is_named(
        self, catalog: Catalog, sales: None, field: str, value: Any
    ) -> None:
        reply = await catalog.http.patch(SALES, json={field: value}, headers=ANY)

        assert reply.status_code == 422
        assert [error["pointer"] for error in reply.json()["errors"]] == [f"/{field}"]

    async def test_a_taken_key_is_refused(self, catalog: Catalog, sales: None) -> None:
        body = {"name": "Sales", "kind": "internal", "relationship_owner": "cal"}

        reply = await catalog.http.post("/v1/customers", json=body)

        assert (reply.status_code, reply.json()["code"]) == (409, "key_taken")

    async def test_an_unknown_customer_is_not_found(self, catalog: Catalog) -> None:
        assert (await catalog.http.get(SALES)).status_code == 404

    async def test_a_customer_leaves_when_nothing_is_kept_up_for_it(
        self, catalog: Catalog, sales: None, make_service: Make
    ) -> None:
        await make_service("vpn")
        made = await engage(catalog)
        orders = {"key": "orders", "name": "Orders", "customer": "sales", "criticality": "low"}
        await catalog.http.post("/v1/vital-activities", json=orders)
        need = {"customer": "sales", "statement": "It works", "priority": "must"}
        asked = await catalog.http.post("/v1/services/vpn/requirements", json=need)
        leaving = {"json": {"active": False}, "headers": ANY}

        refused = await catalog.http.patch(SALES, **leaving)
        await end(catalog, made)
        await catalog.http.patch("/v1/vital-activities/orders", **leaving)
        withdrawn = {"state": "withdrawn", "reason": "they leave"}
        url = f"{asked.headers['Location']}/state"
        await catalog.http.post(url, json=withdrawn, headers=ANY)
        left = await catalog.http.patch(SALES, **leaving)

        assert (refused.status_code, refused.json()["missing"]) == (
            409,
            {
                "services": ["vpn"],
                "vital_activities": ["orders"],
                "requirements": [asked.json()["id"]],
            },
        )
        assert left.json()["active"] is False

    @pytest.mark.parametrize(
        ("filters", "expected"),
        [
            ({}, ["market", "sales"]),
            ({"kind": "external"}, ["market"]),
            ({"overdue": True}, ["market"]),
            ({"overdue": False}, ["sales"]),
            ({"relationship_owner": "cal"}, ["sales"]),
            ({"active": False}, []),
            ({"service": "vpn"}, ["sales"]),
            ({"service": "vpn", "on": "2020-01-01"}, []),
        ],
    )
    async def test_each_filter_narrows(
        self,
        catalog: Catalog,
        sales: None,
        make_service: Make,
        filters: dict[str, Any],
        expected: list[str],
    ) -> None:
        await make_service("vpn")
        await make_customer(
            catalog,
            "market",
            kind="external",
            relationship_owner="bo",
            last_reviewed_on="2020-01-01",
        )
        await engage(catalog)

        reply = await catalog.http.get("/v1/customers", params=filters)

        assert [item["key"] for item in reply.json()["items"]] == expected

    async def test_the_audit_trail_shows_what_changed(self, catalog: Catalog, sales: None) -> None:
        await catalog.http.patch(SALES, json={"relationship_owner": "bo"}, headers=ANY)

        asked = {"resource": "customer", "action": "changed"}
        (entry,) = (await catalog.http.get("/v1/audit", params=asked)).json()["items"]

        assert (entry["before"], entry["after"]) == (
            {"relationship_owner": "cal"},
            {"relationship_owner": "bo"},
        )


class TestRepresentatives:
    async def test_one_speaks_from_today_if_nothing_else_is_said(
        self, catalog: Catalog, sales: None
    ) -> None:
        reply = await represent(catalog)

        assert reply.status_code == 201
        assert (reply.json()["valid_from"], reply.json()["valid_to"]) == (day(), None)

    async def test_nobody_is_named_twice_in_one_role(self, catalog: Catalog, sales: None) -> None:
        await represent(catalog)

        reply = await represent(catalog, valid_from=day(5))

        assert (reply.status_code, reply.json()["code"]) == (409, "overlapping_period")

    async def test_those_of_a_day_are_listed(self, catalog: Catalog, sales: None) -> None:
        await represent(catalog, "old", valid_from="2020-01-01", valid_to="2021-01-01")
        await represent(catalog, "new")

        now = await catalog.http.get(f"{SALES}/representatives", params={"on": day()})
        ever = await catalog.http.get(f"{SALES}/representatives")

        assert [one["subject"] for one in now.json()["items"]] == ["new"]
        assert [one["subject"] for one in ever.json()["items"]] == ["old", "new"]

    async def test_the_last_one_stays_while_a_live_service_is_used(
        self, catalog: Catalog, sales: None, onboard: Make
    ) -> None:
        made = await represent(catalog)
        await onboard("vpn")
        await engage(catalog)
        ending = {"url": f"{made.headers['Location']}/end", "json": {}, "headers": ANY}

        refused = await catalog.http.post(**ending)
        await represent(catalog, "successor")
        ended = await catalog.http.post(**ending)

        assert (refused.status_code, refused.json()["missing"]) == (409, "representative")
        assert (ended.status_code, ended.json()["valid_to"]) == (200, day())

    async def test_what_has_ended_stays_ended(self, catalog: Catalog, sales: None) -> None:
        made = await represent(catalog, valid_from="2020-01-01", valid_to="2021-01-01")

        ending = f"{made.headers['Location']}/end"
        reply = await catalog.http.post(ending, json={}, headers=ANY)

        assert (reply.status_code, reply.json()["code"]) == (409, "already_ended")

    async def test_an_end_before_the_beginning_is_named(
        self, catalog: Catalog, sales: None
    ) -> None:
        reply = await represent(catalog, valid_to="2020-01-01")

        assert (reply.status_code, reply.json()["errors"][0]["pointer"]) == (422, "/valid_to")
