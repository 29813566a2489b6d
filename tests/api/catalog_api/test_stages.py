"""A stage moves only on a signed tollgate decision, exactly once."""

import asyncio
import time
from typing import Any

import httpx
import pytest

from tests.support.catalog import Catalog, Make

URL = "/v1/services/vpn/transitions"
LIFECYCLE = [
    ("strategy-to-design", "strategy", "design"),
    ("design-to-transition", "design", "transition"),
    ("transition-to-operate", "transition", "operate"),
    ("operate-to-improve", "operate", "improve"),
    ("improve-to-operate", "improve", "operate"),
    ("to-retirement", "operate", "retirement"),
]
OWNED = {"owners": [{"role": "service_owner", "subject": "ada"}]}


async def hand_in(catalog: Catalog, decision: str, **more: Any) -> httpx.Response:
    return await catalog.http.post(URL, json={"decision": decision, **more})


async def stage(catalog: Catalog) -> str:
    service: dict[str, str] = (await catalog.http.get("/v1/services/vpn")).json()
    return service["stage"]


class TestMove:
    async def test_a_service_walks_through_its_life_gate_by_gate(
        self, catalog: Catalog, make_service: Make
    ) -> None:
        await make_service("vpn", **OWNED)

        for gate, from_stage, to_stage in LIFECYCLE:
            decision = catalog.decision("vpn", gate, from_stage, to_stage)
            assert (await hand_in(catalog, decision)).status_code == 201
            assert await stage(catalog) == to_stage

        listed = (await catalog.http.get(URL)).json()["items"]
        assert [item["gate"] for item in reversed(listed)] == [gate for gate, _, _ in LIFECYCLE]

    @pytest.mark.parametrize("from_stage", ["strategy", "design", "transition", "improve"])
    async def test_any_service_can_retire(
        self, catalog: Catalog, onboard: Make, from_stage: str
    ) -> None:
        await onboard("vpn", stage=from_stage)

        reply = await hand_in(
            catalog, catalog.decision("vpn", "to-retirement", from_stage, "retirement")
        )

        assert (reply.status_code, await stage(catalog)) == (201, "retirement")

    async def test_the_transition_keeps_what_was_decided_and_by_whom(
        self, catalog: Catalog, make_service: Make
    ) -> None:
        await make_service("vpn")
        decision = catalog.decision(
            "vpn", "strategy-to-design", "strategy", "design", jti="d1", evaluation="e1"
        )
        robot = catalog.caller("improvement-api") | {"On-Behalf-Of": "bea"}

        reply = await catalog.http.post(URL, json={"decision": decision}, headers=robot)

        shown = {
            name: value for name, value in reply.json().items() if name not in ("id", "moved_at")
        }
        assert shown.pop("decided_at").endswith("Z")
        assert shown == {
            "service": "vpn",
            "gate": "strategy-to-design",
            "gate_version": 1,
            "from_stage": "strategy",
            "to_stage": "design",
            "decision": "d1",
            "evaluation": "e1",
            "decided_by": "board@example.org",
            "moved_by": "improvement-api",
            "on_behalf_of": "bea",
        }

    async def test_the_audit_trail_shows_gate_and_decision(
        self, catalog: Catalog, make_service: Make
    ) -> None:
        await make_service("vpn")

        await hand_in(
            catalog,
            catalog.decision("vpn", "strategy-to-design", "strategy", "design", jti="d1"),
        )
        entry = (await catalog.http.get("/v1/services/vpn/audit")).json()["items"][0]

        assert (entry["action"], entry["before"]) == ("stage_moved", {"stage": "strategy"})
        assert (entry["after"]["stage"], entry["after"]["decision"]) == ("design", "d1")

    async def test_moving_needs_its_scope(self, catalog: Catalog, make_service: Make) -> None:
        await make_service("vpn")
        writer = catalog.caller(scope="catalog:read catalog:write services:onboard")

        reply = await catalog.http.post(URL, json={}, headers=writer)

        assert (reply.status_code, reply.json()["missing_scope"]) == (403, "stages:move")


class TestAgain:
    async def test_the_same_decision_again_answers_the_same_and_moves_nothing(
        self, catalog: Catalog, make_service: Make
    ) -> None:
        await make_service("vpn")
        decision = catalog.decision("vpn", "strategy-to-design", "strategy", "design")

        first, second = await hand_in(catalog, decision), await hand_in(catalog, decision)

        assert (first.status_code, second.status_code) == (201, 200)
        assert first.json() == second.json()
        assert (await catalog.http.get("/v1/services/vpn")).headers["ETag"] == '"2"'

    async def test_also_after_the_service_came_back_to_that_stage(
        self, catalog: Catalog, onboard: Make
    ) -> None:
        await onboard("vpn", stage="operate")
        there = catalog.decision("vpn", "operate-to-improve", "operate", "improve")
        back = catalog.decision("vpn", "improve-to-operate", "improve", "operate")
        for decision in (there, back):
            await hand_in(catalog, decision)

        assert (await hand_in(catalog, there)).status_code == 200
        assert await stage(catalog) == "operate"

    async def test_also_after_the_service_has_retired(
        self, catalog: Catalog, make_service: Make
    ) -> None:
        await make_service("vpn")
        decision = catalog.decision("vpn", "to-retirement", "strategy", "retirement")
        await hand_in(catalog, decision)

        assert (await hand_in(catalog, decision)).status_code == 200

    async def test_simultaneous_requests_with_one_decision_move_once(
        self, catalog: Catalog, make_service: Make
    ) -> None:
        await make_service("vpn")
        decision = catalog.decision("vpn", "strategy-to-design", "strategy", "design")

        replies = await asyncio.gather(*(hand_in(catalog, decision) for _ in range(6)))

        assert sorted(reply.status_code for reply in replies) == [200] * 5 + [201]
        assert len({reply.json()["id"] for reply in replies}) == 1
        assert len((await catalog.http.get(URL)).json()["items"]) == 1

    async def test_of_two_simultaneous_decisions_for_one_stage_one_is_taken(
        self, catalog: Catalog, make_service: Make
    ) -> None:
        await make_service("vpn")
        decisions = [
            catalog.decision("vpn", "strategy-to-design", "strategy", "design"),
            catalog.decision("vpn", "to-retirement", "strategy", "retirement"),
        ]

        replies = await asyncio.gather(*(hand_in(catalog, one) for one in decisions))

        assert sorted(reply.status_code for reply in replies) == [201, 409]


class TestStale:
    async def test_a_decision_that_was_never_used_is_not_good_once_the_service_came_back(
        self, catalog: Catalog, onboard: Make
    ) -> None:
        await onboard("vpn", stage="operate")
        an_hour_ago = int(time.time()) - 3600
        retire = catalog.decision("vpn", "to-retirement", "operate", "retirement", iat=an_hour_ago)
        for gate, *stages in LIFECYCLE[3:5]:
            await hand_in(catalog, catalog.decision("vpn", gate, *stages))

        reply = await hand_in(catalog, retire)

        assert (reply.status_code, reply.json()["code"]) == (409, "decision_invalid")
        assert "before the service came to operate" in reply.json()["detail"]
        assert await stage(catalog) == "operate"


class TestOwner:
    async def test_a_service_without_a_service_owner_does_not_go_live(
        self, catalog: Catalog, onboard: Make
    ) -> None:
        await onboard("vpn", stage="design", owners=[])
        decision = catalog.decision("vpn", "design-to-transition", "design", "transition")

        reply = await hand_in(catalog, decision)

        assert (reply.status_code, reply.json()["code"]) == (409, "service_owner_required")
        assert await stage(catalog) == "design"

    async def test_the_same_decision_works_once_there_is_one(
        self, catalog: Catalog, onboard: Make
    ) -> None:
        await onboard("vpn", stage="design", owners=[])
        decision = catalog.decision("vpn", "design-to-transition", "design", "transition")
        await hand_in(catalog, decision)

        owners = OWNED["owners"]
        await catalog.http.put("/v1/services/vpn/owners", json=owners, headers={"If-Match": "*"})

        assert (await hand_in(catalog, decision)).status_code == 201

    async def test_a_service_goes_live_or_loses_its_owner_but_not_both(
        self, catalog: Catalog, onboard: Make
    ) -> None:
        await onboard("vpn", stage="design")
        decision = catalog.decision("vpn", "design-to-transition", "design", "transition")

        replies = await asyncio.gather(
            hand_in(catalog, decision),
            catalog.http.put("/v1/services/vpn/owners", json=[], headers={"If-Match": "*"}),
        )

        assert sorted(reply.is_success for reply in replies) == [False, True]


async def test_transitions_are_listed_in_pages_newest_first(
    catalog: Catalog, onboard: Make
) -> None:
    await onboard("vpn", stage="strategy")
    for gate, from_stage, to_stage in LIFECYCLE[:3]:
        await hand_in(catalog, catalog.decision("vpn", gate, from_stage, to_stage))

    first = (await catalog.http.get(URL, params={"limit": 2})).json()
    params = {"limit": 2, "cursor": first["next_cursor"]}
    second = (await catalog.http.get(URL, params=params)).json()

    assert [item["to_stage"] for item in first["items"] + second["items"]] == [
        "operate",
        "transition",
        "design",
    ]
