"""Vendor products over HTTP."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from tests.support.catalog import Catalog

URL = "/v1/vendor-products"


def today(days: int = 0) -> str:
    """A day as JSON has it, so many days from today (UTC)."""
    return (datetime.now(UTC).date() + timedelta(days=days)).isoformat()


async def record(catalog: Catalog, name: str = "Mail", **fields: Any) -> Any:
    reply = await catalog.http.post(URL, json={"name": name, "vendor": "Postbox AG"} | fields)
    assert reply.status_code == 201, reply.text
    return reply.json()


async def keys(catalog: Catalog, **filters: Any) -> list[str]:
    reply = await catalog.http.get(URL, params=filters)
    return [item["key"] for item in reply.json()["items"]]


class TestCreate:
    async def test_a_product_is_recorded_with_its_contract_and_cost(self, catalog: Catalog) -> None:
        body = {
            "key": "mail",
            "name": "Mail",
            "vendor": "Postbox AG",
            "description": "Mailboxes",
            "contract_from": "2025-01-01",
            "contract_to": "2199-12-31",
            "renewal_notice_days": 60,
            "cost": {"amount": "1200.5000", "currency": "CHF", "period": "month"},
            "end_of_life_on": None,
            "recovery_time_hours": 4.5,
        }

        reply = await catalog.http.post(URL, json=body)

        assert (reply.status_code, reply.headers["ETag"]) == (201, '"1"')
        assert reply.headers["Location"] == "/v1/vendor-products/mail"
        assert {name: reply.json()[name] for name in body} == body
        assert (await catalog.http.get(f"{URL}/mail")).json() == reply.json()

    async def test_a_taken_key_is_refused_with_a_free_one(self, catalog: Catalog) -> None:
        await record(catalog, "Mail")

        reply = await catalog.http.post(URL, json={"name": "Mail", "vendor": "Other"})

        assert (reply.status_code, reply.json()["code"]) == (409, "key_taken")
        assert reply.json()["suggestion"] == "mail-2"

    async def test_a_contract_that_ends_before_it_begins_is_refused(self, catalog: Catalog) -> None:
        dates = {"contract_from": "2026-02-01", "contract_to": "2026-01-31"}

        reply = await catalog.http.post(URL, json={"name": "Mail", "vendor": "V"} | dates)

        assert reply.status_code == 422
        assert reply.json()["errors"][0]["pointer"] == "/contract_to"

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("cost", {"amount": "1"}),
            ("cost", {"amount": "-1", "currency": "CHF", "period": "month"}),
            ("cost", {"amount": "1_000", "currency": "CHF", "period": "month"}),
            ("cost", {"amount": "1e30", "currency": "CHF", "period": "month"}),
            ("cost", {"amount": "1", "currency": "chf", "period": "month"}),
            ("contract_to", "9999-01-01"),
            ("renewal_notice_days", -1),
            ("recovery_time_hours", 1e12),
            ("vendor", "a\x00b"),
        ],
    )
    async def test_a_malformed_field_is_named(
        self, catalog: Catalog, field: str, value: Any
    ) -> None:
        reply = await catalog.http.post(URL, json={"name": "Mail", "vendor": "V", field: value})

        assert reply.status_code == 422
        assert reply.json()["errors"][0]["pointer"].startswith(f"/{field}")

    async def test_writing_needs_its_scope(self, catalog: Catalog) -> None:
        reader = catalog.caller(scope="catalog:read")

        reply = await catalog.http.post(URL, json={"name": "M", "vendor": "V"}, headers=reader)

        assert (reply.status_code, reply.json()["missing_scope"]) == (403, "catalog:write")


class TestState:
    @pytest.mark.parametrize(
        ("days", "fields", "state"),
        [
            ({}, {}, "active"),
            ({"contract_to": 31}, {"renewal_notice_days": 30}, "active"),
            ({"contract_to": 30}, {"renewal_notice_days": 30}, "expiring"),
            ({"contract_to": 0}, {}, "expiring"),
            ({"contract_to": -1}, {}, "expired"),
            ({"end_of_life_on": 1}, {}, "active"),
            ({"end_of_life_on": 0}, {}, "end_of_life"),
            ({"contract_to": -1, "end_of_life_on": -1}, {}, "end_of_life"),
        ],
    )
    async def test_the_state_follows_from_the_dates(
        self, catalog: Catalog, days: dict[str, int], fields: dict[str, Any], state: str
    ) -> None:
        dates = {name: today(distance) for name, distance in days.items()}

        assert (await record(catalog, **dates, **fields))["state"] == state


class TestList:
    async def test_each_filter_narrows_the_list(self, catalog: Catalog) -> None:
        await record(catalog, "A", vendor="X", contract_to=today(-1))
        await record(catalog, "B", vendor="Y", contract_to=today(400), end_of_life_on=today(500))
        await record(catalog, "C", vendor="Y")

        assert await keys(catalog) == ["a", "b", "c"]
        assert await keys(catalog, vendor="Y") == ["b", "c"]
        assert await keys(catalog, state="expired") == ["a"]
        assert await keys(catalog, contract_ends_by=today(400)) == ["a", "b"]
        assert await keys(catalog, end_of_life_by=today(500)) == ["b"]

    async def test_the_list_is_paged_by_key(self, catalog: Catalog) -> None:
        for name in ("A", "B", "C"):
            await record(catalog, name)

        first = (await catalog.http.get(URL, params={"limit": 2})).json()

        assert [item["key"] for item in first["items"]] == ["a", "b"]
        assert await keys(catalog, limit=2, cursor=first["next_cursor"]) == ["c"]


class TestChange:
    async def test_only_the_named_fields_change(self, catalog: Catalog) -> None:
        cost = {"amount": "10.0000", "currency": "EUR", "period": "year"}
        await record(catalog, cost=cost)

        reply = await catalog.http.patch(
            f"{URL}/mail", json={"end_of_life_on": "2199-01-01"}, headers={"If-Match": '"1"'}
        )

        assert (reply.status_code, reply.headers["ETag"]) == (200, '"2"')
        assert (reply.json()["cost"], reply.json()["end_of_life_on"]) == (cost, "2199-01-01")

    async def test_changing_nothing_keeps_the_version(self, catalog: Catalog) -> None:
        cost = {"amount": "10", "currency": "EUR", "period": "year"}
        await record(catalog, cost=cost)

        reply = await catalog.http.patch(
            f"{URL}/mail", json={"cost": cost}, headers={"If-Match": "*"}
        )

        assert reply.headers["ETag"] == '"1"'

    async def test_the_cost_can_be_taken_away(self, catalog: Catalog) -> None:
        await record(catalog, cost={"amount": "10", "currency": "EUR", "period": "year"})

        reply = await catalog.http.patch(
            f"{URL}/mail", json={"cost": None}, headers={"If-Match": "*"}
        )

        assert reply.json()["cost"] is None

    async def test_the_new_end_is_held_against_the_present_begin(self, catalog: Catalog) -> None:
        await record(catalog, contract_from="2026-02-01")

        reply = await catalog.http.patch(
            f"{URL}/mail", json={"contract_to": "2026-01-01"}, headers={"If-Match": "*"}
        )

        assert (reply.status_code, reply.json()["errors"][0]["pointer"]) == (422, "/contract_to")

    async def test_a_stale_version_is_refused(self, catalog: Catalog) -> None:
        await record(catalog)

        for tag, status in (('"7"', 412), (None, 428)):
            headers = {"If-Match": tag} if tag else {}
            reply = await catalog.http.patch(f"{URL}/mail", json={"name": "M"}, headers=headers)
            assert reply.status_code == status

    async def test_the_audit_trail_shows_what_changed(self, catalog: Catalog) -> None:
        await record(catalog)
        change = {"contract_to": date(2190, 1, 1).isoformat()}
        await catalog.http.patch(f"{URL}/mail", json=change, headers={"If-Match": "*"})

        query = {"resource": "vendor_product", "key": "mail"}
        entries = (await catalog.http.get("/v1/audit", params=query)).json()["items"]

        assert [entry["action"] for entry in entries] == ["changed", "created"]
        assert (entries[0]["before"], entries[0]["after"]) == ({"contract_to": None}, change)

    async def test_a_product_that_is_not_there_is_not_found(self, catalog: Catalog) -> None:
        got = await catalog.http.get(f"{URL}/nothing")
        patched = await catalog.http.patch(f"{URL}/nothing", json={}, headers={"If-Match": "*"})

        assert (got.status_code, patched.status_code) == (404, 404)
