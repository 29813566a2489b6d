"""Priority schemes: versioned, one default, overrides, and the priority they give."""

import asyncio
from typing import Any

from tests.support.catalog import Catalog, Make

ALWAYS = {"key": "always", "name": "Always", "timezone": "UTC", "always_open": True}
TEXT: dict[str, Any] = {
    "impacts": ["high", "low"],
    "urgencies": ["high", "low"],
    "matrix": {"high": {"high": 1, "low": 2}, "low": {"high": 2, "low": 2}},
    "priorities": [
        {
            "priority": 1,
            "name": "Critical",
            "response_minutes": 15,
            "resolution_minutes": 240,
            "calendar": "always",
        },
        {"priority": 2, "name": "Normal", "resolution_minutes": 960, "calendar": "always"},
    ],
}


async def create(catalog: Catalog, key: str = "standard", **fields: Any) -> dict[str, Any]:
    await catalog.http.post("/v1/calendars", json=ALWAYS)
    body = {"key": key, "name": key, **TEXT, **fields}
    reply = await catalog.http.post("/v1/priority-schemes", json=body)
    assert reply.status_code == 201, reply.text
    made: dict[str, Any] = reply.json()
    return made


async def read(catalog: Catalog, path: str) -> dict[str, Any]:
    reply = await catalog.http.get(f"/v1/{path}")
    assert reply.status_code == 200, reply.text
    answer: dict[str, Any] = reply.json()
    return answer


async def defaults(catalog: Catalog) -> list[str]:
    items = (await read(catalog, "priority-schemes"))["items"]
    return [item["key"] for item in items if item["is_default"]]


class TestScheme:
    async def test_the_first_scheme_is_the_default_and_pins_its_calendars(
        self, catalog: Catalog
    ) -> None:
        made = await create(catalog)

        assert (made["is_default"], made["version"]) == (True, 1)
        assert made["current"]["priorities"][0]["calendar_version"] == 1

    async def test_another_default_replaces_the_one_before(self, catalog: Catalog) -> None:
        await create(catalog)
        await create(catalog, "strict")

        reply = await catalog.http.put("/v1/priority-schemes/strict/default")

        assert (reply.status_code, await defaults(catalog)) == (200, ["strict"])

    async def test_many_who_change_the_default_at_once_leave_exactly_one(
        self, catalog: Catalog
    ) -> None:
        keys = ["standard", "strict", "night", "weekend"]
        for key in keys:
            await create(catalog, key)

        await asyncio.gather(
            *(catalog.http.put(f"/v1/priority-schemes/{key}/default") for key in keys)
        )

        assert len(await defaults(catalog)) == 1

    async def test_a_new_version_keeps_the_older_one_and_is_announced_whole(
        self, catalog: Catalog
    ) -> None:
        first = (await create(catalog))["current"]
        text = {**TEXT, "matrix": {"high": {"high": 1, "low": 1}, "low": {"high": 2, "low": 2}}}

        reply = await catalog.http.post("/v1/priority-schemes/standard/versions", json=text)

        assert (reply.status_code, reply.json()["version"]) == (201, 2)
        assert await read(catalog, "priority-schemes/standard/versions/1") == first
        entries = (await read(catalog, "audit?resource=priority_scheme"))["items"]
        assert (entries[0]["before"], entries[0]["after"]) == (first, reply.json())

    async def test_a_calendar_stays_pinned_when_it_gets_a_new_version(
        self, catalog: Catalog
    ) -> None:
        await create(catalog)
        text = {"timezone": "UTC", "always_open": True}
        await catalog.http.post("/v1/calendars/always/versions", json=text)

        current = (await read(catalog, "priority-schemes/standard"))["current"]

        assert {one["calendar_version"] for one in current["priorities"]} == {1}

    async def test_it_is_renamed_without_a_new_version(self, catalog: Catalog) -> None:
        await create(catalog)

        reply = await catalog.http.patch(
            "/v1/priority-schemes/standard", json={"name": "Ours"}, headers={"If-Match": '"1"'}
        )

        assert (reply.json()["name"], reply.json()["version"]) == ("Ours", 1)


class TestRefusals:
    async def refused(self, catalog: Catalog, **fields: Any) -> dict[str, Any]:
        await catalog.http.post("/v1/calendars", json=ALWAYS)
        body = {"key": "standard", "name": "Standard", **TEXT, **fields}
        reply = await catalog.http.post("/v1/priority-schemes", json=body)
        assert reply.status_code == 422, reply.text
        error: dict[str, Any] = reply.json()["errors"][0]
        return error

    async def test_a_hole_in_the_matrix_is_pointed_at(self, catalog: Catalog) -> None:
        error = await self.refused(catalog, matrix={"high": {"high": 1, "low": 2}, "low": {}})

        assert (error["pointer"], error["code"]) == ("/matrix/low/high", "missing_cell")

    async def test_a_lower_priority_for_more_impact_is_pointed_at(self, catalog: Catalog) -> None:
        matrix = {"high": {"high": 2, "low": 2}, "low": {"high": 1, "low": 2}}

        error = await self.refused(catalog, matrix=matrix)

        assert (error["pointer"], error["code"]) == ("/matrix/high/high", "not_monotone")
        assert "impact low with urgency high" in error["detail"]

    async def test_an_unknown_calendar_or_version_is_pointed_at(self, catalog: Catalog) -> None:
        first, second = TEXT["priorities"]
        unknown = [first | {"calendar": "nowhere"}, second | {"calendar_version": 2}]

        reply = await self.refused(catalog, priorities=unknown)

        assert (reply["pointer"], reply["code"]) == ("/priorities/0/calendar", "unknown_calendar")

    async def test_an_unknown_scheme_cannot_be_chosen(
        self, catalog: Catalog, make_service: Make
    ) -> None:
        await make_service("vpn")

        reply = await catalog.http.put(
            "/v1/services/vpn/priority-scheme", json={"scheme": "nowhere"}
        )

        assert reply.status_code == 422
        assert reply.json()["errors"][0]["code"] == "unknown_priority_scheme"


class TestPriorityOfAService:
    async def test_the_default_holds_where_none_is_chosen(
        self, catalog: Catalog, make_service: Make
    ) -> None:
        await make_service("vpn")
        await create(catalog)

        assert await read(catalog, "services/vpn/priority?impact=high&urgency=low") == {
            "priority": 2,
            "scheme": "standard",
            "scheme_version": 1,
            "response_minutes": None,
            "resolution_minutes": 960,
            "calendar": "always",
            "calendar_version": 1,
        }

    async def test_a_chosen_scheme_goes_before_the_default_until_it_is_taken_away(
        self, catalog: Catalog, make_service: Make
    ) -> None:
        await make_service("vpn")
        await create(catalog)
        await create(catalog, "strict")
        url = "/v1/services/vpn/priority-scheme"

        chosen = (await catalog.http.put(url, json={"scheme": "strict"})).json()
        removed = await catalog.http.delete(url)

        assert (chosen["scheme"]["scheme"], chosen["overridden"]) == ("strict", True)
        assert removed.status_code == 204
        assert (await read(catalog, "services/vpn/priority-scheme"))["overridden"] is False

    async def test_an_unknown_level_is_refused_with_those_there_are(
        self, catalog: Catalog, make_service: Make
    ) -> None:
        await make_service("vpn")
        await create(catalog)

        reply = await catalog.http.get("/v1/services/vpn/priority?impact=huge&urgency=low")

        problem = reply.json()
        assert (reply.status_code, problem["code"]) == (422, "unknown_impact")
        assert (problem["errors"][0]["pointer"], problem["allowed"]) == (
            "/query/impact",
            ["high", "low"],
        )

    async def test_without_any_scheme_there_is_no_priority(
        self, catalog: Catalog, make_service: Make
    ) -> None:
        await make_service("vpn")

        reply = await catalog.http.get("/v1/services/vpn/priority?impact=high&urgency=low")

        assert (reply.status_code, reply.json()["code"]) == (404, "no_priority_scheme")
