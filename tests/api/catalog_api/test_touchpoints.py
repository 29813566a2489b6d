"""Touchpoints and the services offered at them over HTTP."""

from typing import Any

import httpx
import pytest

from tests.support.catalog import Catalog, Make

ANY = {"If-Match": "*"}
HOTLINE = "/v1/touchpoints/hotline"


@pytest.fixture
def make_touchpoint(catalog: Catalog) -> Make:
    async def make(key: str = "hotline", **fields: Any) -> dict[str, Any]:
        body = {"key": key, "name": key, "channel": "phone"} | fields
        reply = await catalog.http.post("/v1/touchpoints", json=body)
        assert reply.status_code == 201, reply.text
        made: dict[str, Any] = reply.json()
        return made

    return make


@pytest.fixture
async def office_hours(catalog: Catalog) -> None:
    weekly = [{"day": "monday", "start": "08:00", "end": "17:00"}]
    body = {"key": "office", "name": "Office", "timezone": "Europe/Zurich", "weekly": weekly}
    reply = await catalog.http.post("/v1/calendars", json=body)
    assert reply.status_code == 201, reply.text


async def offer(catalog: Catalog, service: str = "vpn", key: str = "hotline") -> httpx.Response:
    return await catalog.http.put(f"/v1/touchpoints/{key}/services/{service}")


class TestTouchpoints:
    async def test_it_has_a_channel_an_address_and_hours(self, catalog: Catalog) -> None:
        body = {
            "key": "hotline",
            "name": "Hotline",
            "channel": "phone",
            "address": "+41 44 555 01 01",
            "hours": "Mon to Fri",
        }

        reply = await catalog.http.post("/v1/touchpoints", json=body)

        assert (reply.status_code, reply.headers["Location"]) == (201, HOTLINE)
        assert {name: reply.json()[name] for name in body} == body
        assert (reply.json()["calendar"], reply.json()["active"]) == (None, True)

    async def test_its_hours_can_be_a_calendar(
        self, catalog: Catalog, make_touchpoint: Make, office_hours: None
    ) -> None:
        await make_touchpoint("hotline", hours="Mon to Fri")
        body = {"hours": None, "calendar": "office"}

        reply = await catalog.http.patch(HOTLINE, json=body, headers=ANY)

        assert (reply.json()["hours"], reply.json()["calendar"]) == (None, "office")

    async def test_hours_said_twice_are_refused(
        self, catalog: Catalog, make_touchpoint: Make, office_hours: None
    ) -> None:
        await make_touchpoint("hotline", hours="Mon to Fri")

        reply = await catalog.http.patch(HOTLINE, json={"calendar": "office"}, headers=ANY)

        assert (reply.status_code, reply.json()["errors"][0]["pointer"]) == (422, "/calendar")

    async def test_an_unknown_calendar_is_named(self, catalog: Catalog) -> None:
        body = {"name": "Hotline", "channel": "phone", "calendar": "lunar"}

        reply = await catalog.http.post("/v1/touchpoints", json=body)

        problem = reply.json()["errors"][0]
        assert (problem["pointer"], problem["code"]) == ("/calendar", "unknown_calendar")

    async def test_a_taken_key_is_refused(self, catalog: Catalog, make_touchpoint: Make) -> None:
        await make_touchpoint("hotline")

        reply = await catalog.http.post(
            "/v1/touchpoints", json={"name": "Hotline", "channel": "phone"}
        )

        assert (reply.status_code, reply.json()["suggestion"]) == (409, "hotline-2")

    async def test_a_stale_version_is_refused(
        self, catalog: Catalog, make_touchpoint: Make
    ) -> None:
        await make_touchpoint("hotline")

        stale = {"If-Match": '"7"'}
        reply = await catalog.http.patch(HOTLINE, json={"name": "H"}, headers=stale)

        assert reply.status_code == 412

    @pytest.mark.parametrize(
        ("filters", "expected"),
        [
            ({}, ["desk", "hotline"]),
            ({"channel": "walk_in"}, ["desk"]),
            ({"service": "vpn"}, ["hotline"]),
            ({"active": False}, ["desk"]),
        ],
    )
    async def test_each_filter_narrows(
        self,
        catalog: Catalog,
        make_touchpoint: Make,
        make_service: Make,
        filters: dict[str, Any],
        expected: list[str],
    ) -> None:
        await make_touchpoint("hotline")
        await make_touchpoint("desk", channel="walk_in")
        await catalog.http.patch("/v1/touchpoints/desk", json={"active": False}, headers=ANY)
        await make_service("vpn")
        await offer(catalog)

        reply = await catalog.http.get("/v1/touchpoints", params=filters)

        assert [item["key"] for item in reply.json()["items"]] == expected


class TestOffers:
    async def test_a_service_is_offered_once(
        self, catalog: Catalog, make_touchpoint: Make, make_service: Make
    ) -> None:
        await make_touchpoint("hotline")
        await make_service("vpn")

        first, again = await offer(catalog), await offer(catalog)
        at = await catalog.http.get("/v1/services/vpn/touchpoints")
        services = await catalog.http.get(f"{HOTLINE}/services")

        assert (first.status_code, again.json()) == (200, first.json())
        assert [item["key"] for item in at.json()["items"]] == ["hotline"]
        assert [item["service"] for item in services.json()["items"]] == ["vpn"]
        asked = {"resource": "touchpoint", "action": "offered"}
        assert len((await catalog.http.get("/v1/audit", params=asked)).json()["items"]) == 1

    async def test_a_service_in_retirement_is_offered_nowhere_new(
        self, catalog: Catalog, make_touchpoint: Make, onboard: Make
    ) -> None:
        await make_touchpoint("hotline")
        await onboard("vpn", stage="retirement", owners=[])

        reply = await offer(catalog)

        assert (reply.status_code, reply.json()["code"]) == (409, "service_retired")

    async def test_nothing_new_is_offered_where_nobody_is(
        self, catalog: Catalog, make_touchpoint: Make, make_service: Make
    ) -> None:
        await make_touchpoint("hotline")
        await make_service("vpn")
        await catalog.http.patch(HOTLINE, json={"active": False}, headers=ANY)

        reply = await offer(catalog)

        assert (reply.status_code, reply.json()["code"]) == (409, "touchpoint_inactive")

    async def test_an_offer_ends_once(
        self, catalog: Catalog, make_touchpoint: Make, make_service: Make
    ) -> None:
        await make_touchpoint("hotline")
        await make_service("vpn")
        await offer(catalog)

        first = await catalog.http.delete(f"{HOTLINE}/services/vpn")
        second = await catalog.http.delete(f"{HOTLINE}/services/vpn")

        assert (first.status_code, second.status_code) == (204, 404)

    async def test_unknown_ends_are_not_found(
        self, catalog: Catalog, make_touchpoint: Make, make_service: Make
    ) -> None:
        await make_touchpoint("hotline")
        await make_service("vpn")

        assert (await offer(catalog, "nowhere")).status_code == 404
        assert (await offer(catalog, key="nothing")).status_code == 404
