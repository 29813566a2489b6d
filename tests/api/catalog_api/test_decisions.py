"""Without a valid decision no stage moves, and the refusal says what is missing."""

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


async def hand_in(catalog: Catalog, decision: str, **more: Any) -> httpx.Response:
    return await catalog.http.post(URL, json={"decision": decision, **more})


async def stage(catalog: Catalog) -> str:
    service: dict[str, str] = (await catalog.http.get("/v1/services/vpn")).json()
    return service["stage"]


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
