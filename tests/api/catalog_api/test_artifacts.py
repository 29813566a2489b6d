"""The artifact register over HTTP."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import Text, bindparam, select

from catalog_api.artifacts.actions import assess_all
from catalog_api.artifacts.holdings_queries import count_holdings
from catalog_api.artifacts.sheet import SECTIONS
from shared.kit.clock import now
from shared.kit.database import transaction
from tests.support.catalog import Catalog, Make

URL = "/v1/artifacts"
PORTAL = {"kind": "portal", "title": "Portal", "uri": "https://portal.example.org"}


async def change(
    catalog: Catalog, key: str, body: dict[str, Any], version: str = "*"
) -> httpx.Response:
    return await catalog.http.patch(f"{URL}/{key}", json=body, headers={"If-Match": version})


async def link(catalog: Catalog, key: str, body: dict[str, Any]) -> httpx.Response:
    return await catalog.http.post(f"{URL}/{key}/resources", json=body)


async def read(catalog: Catalog, key: str) -> dict[str, Any]:
    found: dict[str, Any] = (await catalog.http.get(f"{URL}/{key}")).json()
    return found


async def facts(catalog: Catalog) -> dict[str, Any]:
    (section,) = SECTIONS
    assert section.select is not None
    statement = select(section.select(bindparam("service", type_=Text())))
    async with transaction(catalog.app.state.engine) as session:
        found = await session.scalar(statement, {"service": "vpn"})
    return {name: fact.value for name, fact in section.facts(found, now()).items()}


async def test_the_ten_artifacts_are_registered_in_their_order(catalog: Catalog) -> None:
    items = (await catalog.http.get(URL)).json()["items"]

    assert len(items) == 10
    assert items[0]["key"] == "service-governance-framework"
    assert items[0]["missing"][:3] == [
        "nobody owns it",
        "it has no review date",
        "no resource realises it",
    ]


async def test_the_register_is_paged(catalog: Catalog) -> None:
    first = (await catalog.http.get(URL, params={"limit": 6})).json()
    query = {"limit": 6, "cursor": first["next_cursor"]}
    second = (await catalog.http.get(URL, params=query)).json()

    assert (len(first["items"]), len(second["items"])) == (6, 4)


async def test_an_artifact_without_its_resource_is_incomplete(catalog: Catalog) -> None:
    body = {"owner": "ada", "review_on": (now() + timedelta(days=9)).date().isoformat()}
    await change(catalog, "service-portal", body, '"1"')
    without = await read(catalog, "service-portal")

    linked = await link(catalog, "service-portal", PORTAL)

    assert without["missing"] == ["no resource realises it"]
    assert without["completeness"] == pytest.approx(2 / 3, abs=0.001)
    assert (linked.json()["missing"], linked.json()["completeness"]) == ([], 1)


async def test_a_resource_is_linked_once_and_taken_away(catalog: Catalog) -> None:
    linked = await link(catalog, "service-portal", PORTAL)
    again = await link(catalog, "service-portal", PORTAL)
    there = await catalog.http.get(linked.headers["Location"])

    gone = await catalog.http.delete(linked.headers["Location"])

    assert (again.status_code, again.json()["code"]) == (409, "resource_linked")
    assert (there.json()["uri"], there.json()["present"]) == (PORTAL["uri"], True)
    assert gone.status_code == 204
    assert "no resource realises it" in (await read(catalog, "service-portal"))["missing"]
    assert (await catalog.http.delete(linked.headers["Location"])).status_code == 404


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"kind": "priority_scheme", "key": "p"}, "/kind"),
        ({"kind": "portal", "key": "p"}, "/uri"),
        ({"kind": "portal", "key": "p", "uri": "https://p.example.org"}, "/uri"),
        ({"kind": "touchpoint", "uri": "https://p.example.org"}, "/key"),
        ({"kind": "touchpoint", "key": "nowhere"}, "/key"),
        ({"kind": "portal", "uri": "no uri"}, "/uri"),
    ],
)
async def test_what_cannot_realise_an_artifact_is_refused(
    catalog: Catalog, body: dict[str, Any], pointer: str
) -> None:
    reply = await link(catalog, "service-portal", {"title": "t", **body})

    assert (reply.status_code, reply.json()["errors"][0]["pointer"]) == (422, pointer)


async def test_a_linked_board_that_ends_leaves_a_gap(catalog: Catalog) -> None:
    board = {
        "key": "board",
        "name": "b",
        "purpose": "p",
        "cadence_days": 30,
        "members": [{"subject": "ada", "role": "chair"}],
    }
    await catalog.http.post("/v1/boards", json=board)
    body = {"kind": "board", "key": "board", "title": "The board"}
    linked = await link(catalog, "service-governance-framework", body)

    await catalog.http.post("/v1/boards/board/end", headers={"If-Match": "*"})
    found = await read(catalog, "service-governance-framework")

    assert linked.status_code == 201
    assert found["resources"][0]["present"] is False
    assert "1 of 1 linked resources are gone" in found["missing"]


async def test_what_the_catalog_holds_is_counted_by_the_statement(
    catalog: Catalog, onboard: Make, make_service: Make
) -> None:
    managed = {"manager": "pam", "strategy": "Grow."}
    await catalog.http.post("/v1/portfolios", json={"key": "p", "name": "P"} | managed)
    await onboard("vpn", portfolio="p")
    await make_service("mail")
    charts = [
        {"responsibility": "accountable", "subject": "ada"},
        {"responsibility": "responsible", "subject": "bea"},
    ]
    for process in ("service_strategy_definition", "service_roadmap_definition"):
        url = f"/v1/services/vpn/raci/{process}"
        await catalog.http.put(url, json=charts, headers={"If-Match": "*"})

    async with transaction(catalog.app.state.engine) as session:
        held = await count_holdings(session)

    assert (held.services, held.services_managed, held.live) == (2, 1, 1)
    assert (held.live_planning_answered_for, held.live_answered_for) == (1, 0)
    assert (held.live_offered, held.live_planned, held.live_agreed) == (0, 0, 0)


async def test_all_ten_charts_answer_for_a_live_service(catalog: Catalog, onboard: Make) -> None:
    await onboard("vpn")
    processes = [
        one["process"]
        for one in (await catalog.http.get("/v1/services/vpn/raci")).json()["processes"]
    ]
    for process in processes:
        chart = [{"responsibility": "responsible", "subject": "bea"}]
        chart += [{"responsibility": "accountable", "role": "service_owner"}]
        url = f"/v1/services/vpn/raci/{process}"
        await catalog.http.put(url, json=chart, headers={"If-Match": "*"})

    async with transaction(catalog.app.state.engine) as session:
        held = await count_holdings(session)

    assert held.live_answered_for == 1


class TestReview:
    async def test_a_review_sets_the_next_one_a_cadence_away(self, catalog: Catalog) -> None:
        path = f"{URL}/service-plan/review"
        early = await catalog.http.post(path, headers={"If-Match": "*"})
        await change(catalog, "service-plan", {"review_cadence_days": 90})

        reply = await catalog.http.post(path, headers={"If-Match": '"2"'})

        assert (early.status_code, early.json()["code"]) == (409, "no_cadence")
        assert reply.json()["review_on"] == (now().date() + timedelta(days=90)).isoformat()

    async def test_who_changed_what_is_audited(self, catalog: Catalog) -> None:
        await change(catalog, "service-plan", {"owner": "ada"})

        query = {"resource": "artifact", "key": "service-plan"}
        entry = (await catalog.http.get("/v1/audit", params=query)).json()["items"][0]

        assert (entry["before"], entry["after"]) == ({"owner": None}, {"owner": "ada"})
        assert (await change(catalog, "service-plan", {}, '"1"')).status_code == 412


class TestFacts:
    async def test_there_are_none_before_the_first_assessment(self, catalog: Catalog) -> None:
        assert (await facts(catalog))["key_artifacts_missing"] is None

    async def test_the_job_assesses_and_may_run_twice(self, catalog: Catalog) -> None:
        for _ in range(2):
            async with transaction(catalog.app.state.engine) as session:
                await assess_all(session)

        found = await facts(catalog)
        assert (found["key_artifacts_complete_count"], len(found["key_artifacts_missing"])) == (
            0,
            10,
        )

    async def test_a_change_of_the_register_is_seen_at_once(self, catalog: Catalog) -> None:
        await link(catalog, "service-portal", PORTAL)
        body = {"owner": "ada", "review_on": "2199-01-01"}
        await change(catalog, "service-portal", body)

        found = await facts(catalog)

        assert found["key_artifacts_complete_count"] == 1
        assert "service-portal" not in found["key_artifacts_missing"]


async def test_an_artifact_that_is_none_of_the_ten_is_not_found(catalog: Catalog) -> None:
    assert (await catalog.http.get(f"{URL}/service-cookbook")).status_code == 404
    nowhere = "00000000-0000-0000-0000-000000000000"
    path = f"{URL}/service-plan/resources/{nowhere}"
    assert (await catalog.http.get(path)).status_code == 404


async def test_resources_linked_at_once_are_all_linked(catalog: Catalog) -> None:
    bodies = [PORTAL | {"uri": f"https://portal.example.org/{n}"} for n in range(3)]
    plan = {"kind": "document", "title": "Plan", "uri": "urn:doc:plan"}

    replies = await asyncio.gather(
        *(link(catalog, "service-portal", body) for body in bodies),
        *(link(catalog, key, plan) for key in ("service-plan", "service-catalog")),
    )

    assert {reply.status_code for reply in replies} == {201}
    assert len((await read(catalog, "service-portal"))["resources"]) == 3
