"""Engagements of customers with services over HTTP, and retention."""

import asyncio

import pytest

from tests.support.catalog import Catalog, Make
from tests.support.planning import ANY, day, end, engage, make_customer, represent

SALES = "/v1/customers/sales"


@pytest.fixture
async def sales(catalog: Catalog) -> None:
    await make_customer(catalog, "sales")


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
        self, catalog: Catalog, make_service: Make
    ) -> None:
        await make_service("vpn")
        await make_service("mail")
        for key in ("a", "b", "c", "late"):
            await make_customer(catalog, key)
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
