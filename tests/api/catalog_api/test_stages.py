"""A stage moves only on a signed tollgate decision, exactly once."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.catalog import Catalog, Make, new_key, public_keys

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


class TestWithoutDecision:
    async def test_the_gate_on_the_way_forward_is_named(
        self, catalog: Catalog, make_service: Make
    ) -> None:
        await make_service("vpn")

        reply = await catalog.http.post(URL, json={})

        problem = reply.json()
        assert (reply.status_code, problem["code"]) == (409, "decision_required")
        assert (problem["gate"], problem["from_stage"], problem["to_stage"]) == (
            "strategy-to-design",
            "strategy",
            "design",
        )
        assert [one["gate"] for one in problem["allowed"]] == [
            "strategy-to-design",
            "to-retirement",
        ]

    @pytest.mark.parametrize(("gate", "from_stage", "to_stage"), LIFECYCLE)
    async def test_the_gate_to_the_stage_that_is_asked_for_is_named(
        self, catalog: Catalog, onboard: Make, gate: str, from_stage: str, to_stage: str
    ) -> None:
        await onboard("vpn", stage=from_stage)

        problem = (await catalog.http.post(URL, json={"to_stage": to_stage})).json()

        assert problem["code"] == "decision_required"
        assert (problem["gate"], problem["from_stage"], problem["to_stage"]) == (
            gate,
            from_stage,
            to_stage,
        )

    async def test_a_stage_that_no_gate_leads_to_is_refused_with_the_possible_moves(
        self, catalog: Catalog, make_service: Make
    ) -> None:
        await make_service("vpn")

        reply = await catalog.http.post(URL, json={"to_stage": "operate"})

        assert (reply.status_code, reply.json()["code"]) == (409, "move_not_allowed")
        assert [one["to_stage"] for one in reply.json()["allowed"]] == ["design", "retirement"]

    async def test_nothing_leads_out_of_retirement(self, catalog: Catalog, onboard: Make) -> None:
        await onboard("vpn", stage="retirement")

        reply = await catalog.http.post(URL, json={})

        assert (reply.json()["code"], reply.json()["allowed"]) == ("move_not_allowed", [])

    @pytest.mark.parametrize("body", [{"decision": 5}, {"decision": ""}, {"to_stage": "x"}, []])
    async def test_a_malformed_body_is_refused(
        self, catalog: Catalog, make_service: Make, body: Any
    ) -> None:
        await make_service("vpn")

        assert (await catalog.http.post(URL, json=body)).status_code == 422


class TestInvalidDecision:
    @pytest.mark.parametrize(
        ("made_for", "says"),
        [
            (("mail", "strategy-to-design", "strategy", "design"), "made for the service mail"),
            (("vpn", "design-to-transition", "design", "transition"), "is at strategy"),
            (("vpn", "to-retirement", "strategy", "design"), "does not lead"),
            (("vpn", "strategy-to-design", "strategy", "operate"), "does not lead"),
        ],
    )
    async def test_a_decision_for_something_else_moves_nothing(
        self, catalog: Catalog, make_service: Make, made_for: tuple[str, ...], says: str
    ) -> None:
        await make_service("vpn")

        reply = await hand_in(catalog, catalog.decision(*made_for))

        problem = reply.json()
        assert (reply.status_code, problem["code"]) == (409, "decision_invalid")
        assert says in problem["detail"]
        assert (problem["gate"], problem["from_stage"], problem["to_stage"]) == made_for[1:]
        assert await stage(catalog) == "strategy"

    async def test_a_decision_that_leads_elsewhere_than_asked_moves_nothing(
        self, catalog: Catalog, make_service: Make
    ) -> None:
        await make_service("vpn")
        decision = catalog.decision("vpn", "to-retirement", "strategy", "retirement")

        reply = await hand_in(catalog, decision, to_stage="design")

        assert (reply.json()["code"], await stage(catalog)) == ("decision_invalid", "strategy")

    async def test_a_used_id_does_not_move_another_way(
        self, catalog: Catalog, make_service: Make
    ) -> None:
        await make_service("vpn")
        await hand_in(
            catalog, catalog.decision("vpn", "strategy-to-design", "strategy", "design", jti="d")
        )

        reply = await hand_in(
            catalog, catalog.decision("vpn", "to-retirement", "design", "retirement", jti="d")
        )

        assert reply.json()["code"] == "decision_invalid"
        assert await stage(catalog) == "design"

    @pytest.mark.parametrize("statement", ["x", "a.b.c", "..", "☃", "\x00", "e30.e30.e30"])
    async def test_what_is_no_signed_statement_moves_nothing(
        self, catalog: Catalog, make_service: Make, statement: str
    ) -> None:
        await make_service("vpn")

        reply = await hand_in(catalog, statement)

        assert (reply.status_code, reply.json()["code"]) == (409, "decision_invalid")
        assert reply.json()["gate"] == "strategy-to-design"

    async def test_a_forged_decision_moves_nothing(
        self, catalog: Catalog, make_service: Make
    ) -> None:
        await make_service("vpn")
        catalog.tollgate_key = new_key("tollgate")

        reply = await hand_in(
            catalog, catalog.decision("vpn", "strategy-to-design", "strategy", "design")
        )

        assert (reply.json()["code"], await stage(catalog)) == ("decision_invalid", "strategy")

    async def test_an_access_token_is_no_decision(
        self, catalog: Catalog, make_service: Make
    ) -> None:
        await make_service("vpn")

        reply = await hand_in(catalog, catalog.token())

        assert reply.json()["code"] == "decision_invalid"

    async def test_an_unknown_service_is_not_found(self, catalog: Catalog) -> None:
        decision = catalog.decision("vpn", "strategy-to-design", "strategy", "design")

        assert (await hand_in(catalog, decision)).status_code == 404


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


class TestKeys:
    async def test_a_rotated_key_in_the_file_counts_at_once(
        self, catalog: Catalog, make_service: Make, tmp_path: Path
    ) -> None:
        await make_service("vpn")
        following, file = new_key("2027"), tmp_path / "decisions.jwks.json"
        file.write_text(public_keys(catalog.tollgate_key))
        catalog.app.state.settings = catalog.app.state.settings.model_copy(
            update={"decision_jwks": str(file)}
        )
        catalog.tollgate_key = following
        decision = catalog.decision("vpn", "strategy-to-design", "strategy", "design")

        before = await hand_in(catalog, decision)
        file.write_text(public_keys(following))
        after = await hand_in(catalog, decision)

        assert (before.status_code, after.status_code) == (409, 201)

    @pytest.mark.parametrize("jwks", ["", "/nowhere", "{}", "{", '{"keys": [{}]}', "[]"])
    async def test_without_readable_keys_no_stage_moves(
        self, catalog: Catalog, make_service: Make, jwks: str
    ) -> None:
        await make_service("vpn")
        catalog.app.state.settings = catalog.app.state.settings.model_copy(
            update={"decision_jwks": jwks}
        )

        reply = await hand_in(
            catalog, catalog.decision("vpn", "strategy-to-design", "strategy", "design")
        )

        assert (reply.status_code, reply.json()["code"]) == (503, "decision_keys_unavailable")


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
