"""RACI charts over HTTP."""

import asyncio
from typing import Any

import httpx
import pytest

from shared.kit.clock import now
from tests.support.catalog import Catalog, Make

COSTS = "service_financial_management"
LIFECYCLE = "service_lifecycle_management"
ADA = {"responsibility": "accountable", "subject": "ada"}
BEA = {"responsibility": "accountable", "subject": "bea"}
CAL = {"responsibility": "responsible", "subject": "cal"}


def url(process: str = COSTS, service: str = "vpn") -> str:
    return f"/v1/services/{service}/raci/{process}"


async def put(
    catalog: Catalog, chart: Any, version: str = "*", process: str = COSTS
) -> httpx.Response:
    return await catalog.http.put(url(process), json=chart, headers={"If-Match": version})


def who(chart: dict[str, Any]) -> list[tuple[str, str]]:
    return sorted(
        (one["responsibility"], one["subject"] or one["unit"] or one["role"])
        for one in chart["assignments"]
    )


@pytest.fixture(autouse=True)
async def vpn(make_service: Make) -> None:
    await make_service("vpn")


class TestReplace:
    async def test_a_chart_is_written_over_what_was_read(self, catalog: Catalog) -> None:
        empty = await catalog.http.get(url())

        reply = await put(catalog, [ADA, CAL], empty.headers["ETag"])

        assert (empty.headers["ETag"], reply.headers["ETag"]) == ('"0"', '"1"')
        assert who(reply.json()) == [("accountable", "ada"), ("responsible", "cal")]
        assert reply.json()["gaps"] == []

    async def test_two_accountables_are_refused_by_name(self, catalog: Catalog) -> None:
        reply = await put(catalog, [ADA, BEA, CAL])

        assert (reply.status_code, reply.json()["code"]) == (409, "accountable_not_one")
        assert reply.json()["accountable"] == ["ada", "bea"]

    async def test_a_chart_keeps_its_accountable(self, catalog: Catalog) -> None:
        await put(catalog, [ADA, CAL])

        reply = await put(catalog, [CAL])

        assert (reply.status_code, reply.json()["code"]) == (409, "accountable_required")
        assert reply.json()["accountable"] == ["ada"]
        assert who((await catalog.http.get(url())).json())[0] == ("accountable", "ada")

    async def test_the_accountable_is_replaced_at_one_moment(self, catalog: Catalog) -> None:
        await put(catalog, [ADA, CAL])
        await put(catalog, [BEA, CAL])

        history = (await catalog.http.get(f"{url()}/history")).json()["items"]

        ended, begun = (one for one in history if one["responsibility"] == "accountable")
        assert (ended["subject"], begun["subject"]) == ("ada", "bea")
        assert ended["valid_to"] == begun["valid_from"]

    async def test_the_same_chart_again_leaves_no_trace(self, catalog: Catalog) -> None:
        await put(catalog, [ADA, CAL])

        assert (await put(catalog, [CAL, ADA])).headers["ETag"] == '"1"'

    async def test_a_stale_version_is_refused(self, catalog: Catalog) -> None:
        await put(catalog, [ADA])

        assert (await put(catalog, [BEA], '"0"')).status_code == 412
        assert (await catalog.http.put(url(), json=[BEA])).status_code == 428

    async def test_of_two_first_charts_at_once_one_wins(self, catalog: Catalog) -> None:
        replies = await asyncio.gather(*(put(catalog, [one], '"0"') for one in (ADA, BEA)))

        assert sorted(reply.status_code for reply in replies) == [200, 412]

    @pytest.mark.parametrize(
        ("assignment", "pointer", "code"),
        [
            ({"unit": "nowhere"}, "/1/unit", "unknown_organisation_unit"),
            ({"role": "guru"}, "/1/role", "unknown_role"),
            ({"subject": "ada", "role": "approver"}, "/1", None),
            ({}, "/1", None),
        ],
    )
    async def test_an_assignment_names_one_assignee_that_is_there(
        self, catalog: Catalog, assignment: dict[str, str], pointer: str, code: str | None
    ) -> None:
        reply = await put(catalog, [ADA, {"responsibility": "informed", **assignment}])

        error = reply.json()["errors"][0]
        assert (reply.status_code, error["pointer"]) == (422, pointer)
        assert code in (None, error["code"])

    async def test_a_duty_that_stands_twice_is_refused(self, catalog: Catalog) -> None:
        reply = await put(catalog, [ADA, CAL, CAL])

        assert (reply.status_code, reply.json()["errors"][0]["pointer"]) == (422, "/2")

    async def test_the_audit_trail_shows_both_charts(self, catalog: Catalog) -> None:
        await put(catalog, [ADA])
        await put(catalog, [BEA])

        query = {"resource": "raci", "key": f"vpn/{COSTS}"}
        newest = (await catalog.http.get("/v1/audit", params=query)).json()["items"][0]

        before, after = newest["before"]["assignments"], newest["after"]["assignments"]
        assert (before[0]["subject"], after[0]["subject"]) == ("ada", "bea")


class TestAsOf:
    async def test_a_chart_is_read_as_it_was(self, catalog: Catalog) -> None:
        before = now()
        await put(catalog, [ADA])
        between = now()
        await put(catalog, [BEA])

        async def accountable(moment: Any) -> list[str]:
            query = {"as_of": moment.isoformat()}
            reply = await catalog.http.get("/v1/services/vpn/raci", params=query)
            assert reply.json()["complete"] is None
            return [one["subject"] for p in reply.json()["processes"] for one in p["assignments"]]

        found = [await accountable(moment) for moment in (before, between, now())]
        assert found == [[], ["ada"], ["bea"]]


class TestGaps:
    async def test_a_service_lists_the_ten_processes_and_what_they_lack(
        self, catalog: Catalog
    ) -> None:
        await put(catalog, [ADA])

        shown = (await catalog.http.get("/v1/services/vpn/raci")).json()

        assert (shown["complete"], len(shown["processes"])) == (False, 10)
        lacking = [gap["kind"] for gap in shown["gaps"] if gap["process"] == COSTS]
        assert lacking == ["no_responsible"]

    async def test_the_service_owner_is_accountable_for_the_lifecycle_by_default(
        self, catalog: Catalog, make_service: Make
    ) -> None:
        await make_service("mail", owners=[{"role": "service_owner", "subject": "ada"}])

        mail = (await catalog.http.get(url(LIFECYCLE, "mail"))).json()
        vpn = (await catalog.http.get(url(LIFECYCLE, "vpn"))).json()

        assert mail["default_accountable"] == "service_owner"
        assert [gap["kind"] for gap in mail["gaps"]] == ["no_responsible"]
        assert [gap["kind"] for gap in vpn["gaps"]] == ["accountable_vacant", "no_responsible"]

    async def test_units_and_roles_need_people_behind_them(self, catalog: Catalog) -> None:
        unit = {"key": "desk", "name": "Desk", "kind": "team"}
        await catalog.http.post("/v1/organisation-units", json=unit)
        chart = [
            {"responsibility": "accountable", "role": "financial_manager"},
            {"responsibility": "responsible", "unit": "desk"},
        ]

        vacant = (await put(catalog, chart)).json()
        await catalog.http.post("/v1/organisation-units/desk/members", json={"subject": "eve"})
        owners = [{"role": "financial_manager", "subject": "fay"}]
        await catalog.http.put("/v1/services/vpn/owners", json=owners, headers={"If-Match": "*"})
        staffed = (await catalog.http.get(url())).json()

        kinds = [gap["kind"] for gap in vacant["gaps"]]
        assert kinds == ["accountable_vacant", "responsible_vacant"]
        assert staffed["gaps"] == []

    async def test_services_are_reported_page_by_page(
        self, catalog: Catalog, make_service: Make
    ) -> None:
        await make_service("mail")
        await put(catalog, [ADA, CAL])

        first = (await catalog.http.get("/v1/raci-gaps", params={"limit": 1})).json()
        query = {"limit": 1, "cursor": first["next_cursor"]}
        second = (await catalog.http.get("/v1/raci-gaps", params=query)).json()

        assert [page["items"][0]["service"] for page in (first, second)] == ["mail", "vpn"]
        counts = [len(page["items"][0]["gaps"]) for page in (first, second)]
        assert (counts, second["next_cursor"]) == ([20, 18], None)

    async def test_complete_services_can_be_left_out(
        self, catalog: Catalog, make_service: Make
    ) -> None:
        await make_service("mail")
        charts = (await catalog.http.get("/v1/services/vpn/raci")).json()["processes"]
        for chart in charts:
            await put(catalog, [ADA, CAL], process=chart["process"])

        every = (await catalog.http.get("/v1/raci-gaps")).json()["items"]
        lacking = (await catalog.http.get("/v1/raci-gaps", params={"incomplete": True})).json()

        assert [(one["service"], one["complete"]) for one in every] == [
            ("mail", False),
            ("vpn", True),
        ]
        assert [one["service"] for one in lacking["items"]] == ["mail"]


async def test_duties_of_a_person_are_found_over_all_services(
    catalog: Catalog, make_service: Make
) -> None:
    await make_service("mail")
    await put(catalog, [ADA, CAL])
    await catalog.http.put(url(service="mail"), json=[ADA], headers={"If-Match": "*"})

    first = (
        await catalog.http.get("/v1/raci-assignments", params={"subject": "ada", "limit": 1})
    ).json()
    query = {"subject": "ada", "limit": 1, "cursor": first["next_cursor"]}
    second = (await catalog.http.get("/v1/raci-assignments", params=query)).json()

    items = [*first["items"], *second["items"]]
    assert [(item["service"], item["process"]) for item in items] == [
        ("mail", COSTS),
        ("vpn", COSTS),
    ]


async def test_what_is_not_there_is_not_found(catalog: Catalog) -> None:
    assert (await catalog.http.get(url(service="none"))).status_code == 404
    assert (await catalog.http.get("/v1/services/none/raci")).status_code == 404
    reply = await catalog.http.put(url(service="none"), json=[ADA], headers={"If-Match": "*"})
    assert reply.status_code == 404
    assert (await catalog.http.get(url("cooking"))).status_code == 404
