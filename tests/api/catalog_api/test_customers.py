"""Customers, their representatives and engagements over HTTP."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.support.catalog import Catalog, Make

ANY = {"If-Match": "*"}
SALES = "/v1/customers/sales"


def day(offset: int = 0) -> str:
    """A day relative to today, in UTC."""
    return (datetime.now(UTC).date() + timedelta(days=offset)).isoformat()


@pytest.fixture
def make_customer(catalog: Catalog) -> Make:
    async def make(key: str = "sales", **fields: Any) -> dict[str, Any]:
        body = {"key": key, "name": key, "kind": "internal", "relationship_owner": "cal"} | fields
        reply = await catalog.http.post("/v1/customers", json=body)
        assert reply.status_code == 201, reply.text
        made: dict[str, Any] = reply.json()
        return made

    return make


@pytest.fixture
async def sales(make_customer: Make) -> None:
    await make_customer("sales")


async def represent(catalog: Catalog, subject: str = "rea", **fields: Any) -> httpx.Response:
    body = {"subject": subject, "role": "key_user"} | fields
    return await catalog.http.post(f"{SALES}/representatives", json=body)


async def engage(
    catalog: Catalog, service: str = "vpn", customer: str = "sales", **fields: Any
) -> httpx.Response:
    url = f"/v1/customers/{customer}/engagements"
    return await catalog.http.post(url, json={"service": service} | fields)


async def end(
    catalog: Catalog, made: httpx.Response, engaged_to: str | None = None
) -> httpx.Response:
    body = {"engaged_to": engaged_to, "reason": "moved on"}
    return await catalog.http.post(f"{made.headers['Location']}/end", json=body, headers=ANY)


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
        make_customer: Make,
        sales: None,
        make_service: Make,
        filters: dict[str, Any],
        expected: list[str],
    ) -> None:
        await make_service("vpn")
        await make_customer(
            "market", kind="external", relationship_owner="bo", last_reviewed_on="2020-01-01"
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


class TestEngagements:
    async def test_a_customer_uses_a_service(
        self, catalog: Catalog, sales: None, make_service: Make
    ) -> None:
        await make_service("vpn", name="Remote access")

        reply = await engage(catalog, engaged_from="2026-01-01")
        listed = (await catalog.http.get("/v1/services/vpn/engagements")).json()["items"]

        assert reply.status_code == 201
        assert [(one["customer"], one["service_name"]) for one in listed] == [
            ("sales", "Remote access")
        ]
        assert (listed[0]["engaged_from"], listed[0]["engaged_to"]) == ("2026-01-01", None)

    async def test_a_live_service_is_used_by_who_is_represented(
        self, catalog: Catalog, sales: None, onboard: Make
    ) -> None:
        await onboard("vpn")

        refused = await engage(catalog)
        await represent(catalog)
        engaged = await engage(catalog)

        assert (refused.status_code, refused.json()["code"]) == (409, "representative_required")
        assert engaged.status_code == 201

    async def test_a_service_in_retirement_is_refused(
        self, catalog: Catalog, sales: None, onboard: Make
    ) -> None:
        await onboard("vpn", stage="retirement", owners=[])

        reply = await engage(catalog)

        assert (reply.status_code, reply.json()["code"]) == (409, "service_retired")

    async def test_what_is_over_can_be_recorded_of_a_retired_service(
        self, catalog: Catalog, sales: None, onboard: Make
    ) -> None:
        await onboard("vpn", stage="retirement", owners=[])

        reply = await engage(catalog, engaged_from="2020-01-01", engaged_to="2021-01-01")

        assert reply.status_code == 201

    async def test_a_customer_that_has_left_uses_nothing_new(
        self, catalog: Catalog, sales: None, make_service: Make
    ) -> None:
        await make_service("vpn")
        await catalog.http.patch(SALES, json={"active": False}, headers=ANY)

        reply = await engage(catalog)

        assert (reply.status_code, reply.json()["code"]) == (409, "customer_inactive")

    async def test_an_unknown_service_is_named(self, catalog: Catalog, sales: None) -> None:
        reply = await engage(catalog, "nowhere")

        problem = reply.json()["errors"][0]
        assert (problem["pointer"], problem["code"]) == ("/service", "unknown_service")

    async def test_two_periods_do_not_overlap(
        self, catalog: Catalog, sales: None, make_service: Make
    ) -> None:
        await make_service("vpn")
        await engage(catalog, engaged_from="2026-01-01")

        reply = await engage(catalog, engaged_from="2025-06-01", engaged_to="2026-01-02")
        before = await engage(catalog, engaged_from="2025-06-01", engaged_to="2026-01-01")

        assert (reply.status_code, reply.json()["overlapping_from"]) == (409, "2026-01-01")
        assert before.status_code == 201

    async def test_at_the_same_moment_only_one_period_is_written(
        self, catalog: Catalog, sales: None, make_service: Make
    ) -> None:
        await make_service("vpn")

        replies = await asyncio.gather(
            *(engage(catalog, engaged_to=day(offset)) for offset in (10, 20, 30))
        )

        assert sorted(reply.status_code for reply in replies) == [201, 409, 409]

    async def test_it_ends_with_a_reason(
        self, catalog: Catalog, sales: None, make_service: Make
    ) -> None:
        await make_service("vpn")
        made = await engage(catalog, engaged_from="2026-01-01")

        reply = await end(catalog, made)

        assert (reply.json()["engaged_to"], reply.json()["end_reason"]) == (day(), "moved on")
        assert (await engage(catalog)).status_code == 201

    async def test_an_end_to_come_can_be_moved_and_one_that_passed_cannot(
        self, catalog: Catalog, sales: None, make_service: Make
    ) -> None:
        await make_service("vpn")
        made = await engage(catalog, engaged_from="2026-01-01", engaged_to=day(9))

        moved = await end(catalog, made, day())
        again = await end(catalog, made, day(3))

        assert (moved.status_code, again.status_code) == (200, 409)
        assert again.json()["code"] == "already_ended"

    async def test_a_later_end_does_not_reach_into_the_next_period(
        self, catalog: Catalog, sales: None, make_service: Make
    ) -> None:
        await make_service("vpn")
        made = await engage(catalog, engaged_to=day(5))
        await engage(catalog, engaged_from=day(8))

        reply = await end(catalog, made, day(9))

        assert (reply.status_code, reply.json()["code"]) == (409, "overlapping_period")

    async def test_a_stale_version_is_refused(
        self, catalog: Catalog, sales: None, make_service: Make
    ) -> None:
        await make_service("vpn")
        url = (await engage(catalog)).headers["Location"]

        stale = {"If-Match": '"7"'}
        reply = await catalog.http.post(f"{url}/end", json={"reason": "x"}, headers=stale)

        assert reply.status_code == 412

    async def test_those_of_a_day_are_listed(
        self, catalog: Catalog, sales: None, make_service: Make
    ) -> None:
        for key in ("vpn", "mail"):
            await make_service(key)
        await engage(catalog, "vpn", engaged_from="2020-01-01", engaged_to="2021-01-01")
        await engage(catalog, "mail", engaged_from="2020-06-01")

        async def on(when: str) -> list[str]:
            reply = await catalog.http.get("/v1/engagements", params={"on": when})
            return [one["service"] for one in reply.json()["items"]]

        assert (await on("2020-12-31"), await on("2021-01-01")) == (["vpn", "mail"], ["mail"])


class TestRetention:
    async def test_it_is_the_share_of_those_who_stayed(
        self, catalog: Catalog, make_customer: Make, make_service: Make
    ) -> None:
        await make_service("vpn")
        await make_service("mail")
        for key in ("a", "b", "c", "late"):
            await make_customer(key)
        await engage(catalog, "vpn", "a", engaged_from="2020-01-01")
        await engage(catalog, "vpn", "b", engaged_from="2020-01-01", engaged_to="2021-01-01")
        await engage(catalog, "mail", "b", engaged_from="2020-06-01")
        await engage(catalog, "vpn", "c", engaged_from="2020-01-01", engaged_to="2021-01-01")
        await engage(catalog, "vpn", "late", engaged_from="2021-01-01")

        asked = {"from": "2020-01-01", "to": "2021-06-01"}
        whole = await catalog.http.get("/v1/reports/customer-retention", params=asked)
        one = await catalog.http.get(
            "/v1/reports/customer-retention", params=asked | {"service": "vpn"}
        )

        assert (whole.json()["engaged"], whole.json()["retained"]) == (3, 2)
        assert (one.json()["retained"], one.json()["ratio"]) == (1, pytest.approx(1 / 3))

    async def test_without_customers_it_says_why_there_is_no_ratio(self, catalog: Catalog) -> None:
        asked = {"from": "2020-01-01", "to": "2020-01-01"}

        reply = await catalog.http.get("/v1/reports/customer-retention", params=asked)

        assert reply.json()["ratio"] is None
        assert reply.json()["reason"] == "no customer was engaged on the first day"

    async def test_the_days_are_in_order(self, catalog: Catalog) -> None:
        asked = {"from": "2020-01-02", "to": "2020-01-01"}

        reply = await catalog.http.get("/v1/reports/customer-retention", params=asked)

        assert (reply.status_code, reply.json()["errors"][0]["pointer"]) == (422, "/query/to")
