"""Portfolios over HTTP."""

from typing import Any

import pytest

from tests.support.catalog import Catalog, Make


class TestCreate:
    async def test_a_portfolio_is_created_without_services(self, catalog: Catalog) -> None:
        body = {"key": "finance", "name": "Finance", "manager": "cal", "strategy": "Grow."}

        reply = await catalog.http.post("/v1/portfolios", json=body)

        assert reply.status_code == 201
        assert reply.headers["Location"] == "/v1/portfolios/finance"
        assert reply.headers["ETag"] == '"1"'
        shown = {name: value for name, value in reply.json().items() if name in body}
        assert shown == body
        assert reply.json()["services"] == {"pipeline": 0, "live": 0, "retired": 0}

    async def test_without_a_key_it_gets_the_slug_of_its_name(self, catalog: Catalog) -> None:
        reply = await catalog.http.post("/v1/portfolios", json={"name": "HR & Büro"})

        assert reply.json()["key"] == "hr-buro"

    async def test_a_taken_key_is_refused_with_a_free_one(self, catalog: Catalog) -> None:
        reply = await catalog.http.post("/v1/portfolios", json={"name": "Workplace"})

        assert (reply.status_code, reply.json()["code"]) == (409, "key_taken")
        assert reply.json()["suggestion"] == "workplace-2"

    async def test_a_name_no_key_can_be_made_of_asks_for_one(self, catalog: Catalog) -> None:
        reply = await catalog.http.post("/v1/portfolios", json={"name": "日本"})

        assert reply.status_code == 422
        assert reply.json()["errors"][0]["pointer"] == "/key"

    async def test_the_same_idempotency_key_creates_once(self, catalog: Catalog) -> None:
        once = {"Idempotency-Key": "k1"}
        body = {"name": "Finance"}

        first = await catalog.http.post("/v1/portfolios", json=body, headers=once)
        second = await catalog.http.post("/v1/portfolios", json=body, headers=once)

        assert (first.status_code, second.status_code) == (201, 201)
        assert first.json() == second.json()

    async def test_writing_needs_its_scope(self, catalog: Catalog) -> None:
        reader = catalog.caller(scope="catalog:read")

        reply = await catalog.http.post("/v1/portfolios", json={"name": "F"}, headers=reader)

        assert (reply.status_code, reply.json()["missing_scope"]) == (403, "catalog:write")


class TestRead:
    async def test_services_are_counted_by_phase(
        self, catalog: Catalog, make_service: Make, onboard: Make
    ) -> None:
        await make_service("a")
        await onboard("b", stage="operate")
        await onboard("c", stage="improve")
        await onboard("d", stage="retirement", owners=[])

        reply = await catalog.http.get("/v1/portfolios/workplace")

        assert reply.json()["services"] == {"pipeline": 1, "live": 2, "retired": 1}

    async def test_an_unknown_portfolio_is_not_found(self, catalog: Catalog) -> None:
        assert (await catalog.http.get("/v1/portfolios/nowhere")).status_code == 404

    async def test_the_list_is_paged_by_key(self, catalog: Catalog) -> None:
        for name in ("Beta", "Alpha"):
            await catalog.http.post("/v1/portfolios", json={"name": name})

        first = await catalog.http.get("/v1/portfolios", params={"limit": 2})
        cursor = first.json()["next_cursor"]
        second = await catalog.http.get("/v1/portfolios", params={"limit": 2, "cursor": cursor})

        assert [item["key"] for item in first.json()["items"]] == ["alpha", "beta"]
        assert f"cursor={cursor}" in first.headers["Link"]
        assert [item["key"] for item in second.json()["items"]] == ["workplace"]
        assert second.json()["next_cursor"] is None


class TestChange:
    @pytest.fixture
    def url(self) -> str:
        return "/v1/portfolios/workplace"

    async def test_only_the_named_fields_change(self, catalog: Catalog, url: str) -> None:
        reply = await catalog.http.patch(url, json={"manager": "cal"}, headers={"If-Match": '"1"'})

        assert reply.status_code == 200
        assert (reply.json()["manager"], reply.json()["name"]) == ("cal", "Workplace")
        assert (reply.json()["revision"], reply.headers["ETag"]) == (2, '"2"')

    async def test_changing_nothing_keeps_the_version(self, catalog: Catalog, url: str) -> None:
        same = {"name": "Workplace"}

        reply = await catalog.http.patch(url, json=same, headers={"If-Match": '"1"'})

        assert reply.headers["ETag"] == '"1"'

    async def test_a_stale_version_is_refused(self, catalog: Catalog, url: str) -> None:
        reply = await catalog.http.patch(url, json={"name": "W"}, headers={"If-Match": '"7"'})

        assert (reply.status_code, reply.headers["ETag"]) == (412, '"1"')

    async def test_if_match_is_demanded(self, catalog: Catalog, url: str) -> None:
        assert (await catalog.http.patch(url, json={"name": "W"})).status_code == 428

    @pytest.mark.parametrize(
        ("body", "pointer"),
        [
            ({"name": None}, "/name"),
            ({"name": ""}, "/name"),
            ({"strategy": ""}, "/strategy"),
            ({"key": "other"}, "/key"),
            ({"manager": "a\x00b"}, "/manager"),
        ],
    )
    async def test_a_malformed_field_is_named(
        self, catalog: Catalog, url: str, body: dict[str, Any], pointer: str
    ) -> None:
        reply = await catalog.http.patch(url, json=body, headers={"If-Match": "*"})

        assert reply.status_code == 422
        assert [error["pointer"] for error in reply.json()["errors"]] == [pointer]

    async def test_the_audit_trail_shows_what_changed(self, catalog: Catalog, url: str) -> None:
        await catalog.http.patch(url, json={"manager": "cal"}, headers={"If-Match": "*"})

        entries = (await catalog.http.get(f"{url}/audit")).json()["items"]

        assert [entry["action"] for entry in entries] == ["changed", "created"]
        assert (entries[0]["before"], entries[0]["after"]) == (
            {"manager": None},
            {"manager": "cal"},
        )
