"""Deciding at a gate: who may, when, exactly once; the signed statement and its log."""

import asyncio
import hashlib
import json
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from joserfc.jwk import KeySet

from catalog_api.stages.rules import read_decision, why_not
from shared.schemas.catalog import Stage
from tests.support.gates import automated, sign_off
from tests.support.improvement import Improvement, running_improvement, write_private_key
from tests.support.postgres import Database

GATE = "operate-to-improve"
BOARD = "board"


def refused(reply: httpx.Response) -> tuple[int, str]:
    return reply.status_code, reply.json()["code"]


class TestDeciding:
    async def test_freezes_the_verdict_and_names_who_decided(
        self, tollgate: Improvement, passed: Any
    ) -> None:
        reply = await tollgate.decide(passed, tollgate.caller("eve", BOARD), comment="go")

        assert reply.status_code == 201
        decision = reply.json()
        assert (decision["verdict"], decision["score"]) == ("pass", 1.0)
        assert [(c["id"], c["outcome"]) for c in decision["criteria"]] == [
            ("quiet", "pass"),
            ("owner", "pass"),
        ]
        assert (decision["from_stage"], decision["to_stage"]) == ("operate", "improve")
        assert (decision["decided_by"], decision["comment"]) == ("eve", "go")
        assert decision["delivery"] == "pending"
        after = (await tollgate.http.get(f"/v1/evaluations/{passed['id']}")).json()
        assert (after["standing"], after["verdict"]) == ("decided", "pass")
        located = await tollgate.http.get(reply.headers["Location"])
        assert located.json() == decision

    async def test_decision_and_log_name_whose_signatures_on_which_facts_stand_behind_it(
        self, tollgate: Improvement, passed: Any
    ) -> None:
        decision = (await tollgate.decide(passed, tollgate.caller("eve", BOARD))).json()

        (logged,) = (await tollgate.http.get("/v1/decision-log")).json()["items"]
        frozen = json.loads(logged["entry"])["frozen"]
        (signature,) = decision["signatures"]
        assert (signature["criterion"], signature["signed_by"]) == ("owner", "ada")
        assert (signature["role"], signature["on_behalf_of"]) == ("service_owner", None)
        assert decision["facts_hash"] == passed["facts_hash"]
        assert (frozen["signatures"], frozen["facts_hash"]) == ([signature], passed["facts_hash"])
        assert (await tollgate.http.get("/v1/decision-log/verify")).json()["intact"] is True

    async def test_a_warning_permits_it_and_is_recorded(self, tollgate: Improvement) -> None:
        criteria = [
            automated("a", expression="true", weight=3),
            automated("b", expression="false", required=False),
        ]
        await tollgate.publish(GATE, criteria)
        evaluation = await tollgate.evaluate()

        reply = await tollgate.decide(evaluation, tollgate.caller("eve", BOARD))

        assert (reply.status_code, reply.json()["verdict"]) == (201, "warning")

    async def test_without_the_role_it_is_403(self, tollgate: Improvement, passed: Any) -> None:
        reply = await tollgate.decide(passed, tollgate.caller("eve", "service_owner"))

        assert refused(reply) == (403, "role_missing")

    async def test_nobody_decides_in_the_place_of_a_person(
        self, tollgate: Improvement, passed: Any
    ) -> None:
        portal = tollgate.caller("portal", BOARD, **{"On-Behalf-Of": "eve"})

        assert refused(await tollgate.decide(passed, portal)) == (403, "not_in_person")

    async def test_who_has_signed_does_not_decide(self, tollgate: Improvement, passed: Any) -> None:
        reply = await tollgate.decide(passed, tollgate.caller("ada", BOARD, "service_owner"))

        assert refused(reply) == (409, "signer_cannot_decide")

    async def test_a_missing_signature_is_listed(self, tollgate: Improvement) -> None:
        criteria = [automated(expression="backlog_open <= 3.0"), sign_off("owner", "owner")]
        await tollgate.publish(GATE, criteria)
        evaluation = await tollgate.evaluate()

        reply = await tollgate.decide(evaluation, tollgate.caller("eve", BOARD))

        assert refused(reply) == (409, "gate_not_passed")
        assert reply.json()["verdict"] == "inconclusive"
        assert reply.json()["unmet"] == [
            {
                "id": "owner",
                "title": "Signed",
                "outcome": "inconclusive",
                "reason": "only 0 of 1 signatures of the role owner",
                "how": "sign",
            }
        ]

    @pytest.mark.parametrize(("away", "verdict"), [(set(), "fail"), ({"metrics"}, "error")])
    async def test_a_verdict_that_does_not_permit_lists_what_is_unmet(
        self, tollgate: Improvement, away: set[str], verdict: str
    ) -> None:
        await tollgate.publish(GATE, [automated(expression="backlog_open == 0.0")])
        tollgate.fake.down |= away
        evaluation = await tollgate.evaluate()

        reply = await tollgate.decide(evaluation, tollgate.caller("eve", BOARD))

        assert refused(reply) == (409, "gate_not_passed")
        assert [one["outcome"] for one in reply.json()["unmet"]] == [verdict]

    async def test_a_superseded_evaluation_is_not_decided(
        self, tollgate: Improvement, passed: Any
    ) -> None:
        tollgate.fake.add_service("vpn", backlog_open=9)
        await tollgate.evaluate()

        reply = await tollgate.decide(passed, tollgate.caller("eve", BOARD))

        assert refused(reply) == (409, "evaluation_superseded")

    async def test_an_expired_evaluation_is_not_decided(
        self, tollgate: Improvement, passed: Any
    ) -> None:
        tollgate.make_older(passed, hours=24.1)

        reply = await tollgate.decide(passed, tollgate.caller("eve", BOARD))

        assert refused(reply) == (409, "evaluation_expired")

    async def test_an_evaluation_is_decided_once(self, tollgate: Improvement, passed: Any) -> None:
        await tollgate.decide(passed, tollgate.caller("eve", BOARD))

        again = await tollgate.decide(passed, tollgate.caller("kim", BOARD))
        signature = await tollgate.sign(passed, "owner", tollgate.caller("bob", "service_owner"))

        assert refused(again) == (409, "evaluation_decided")
        assert refused(signature) == (409, "evaluation_decided")

    async def test_of_simultaneous_decisions_exactly_one_wins(
        self, tollgate: Improvement, passed: Any
    ) -> None:
        replies = await asyncio.gather(
            *(tollgate.decide(passed, tollgate.caller(f"eve-{i}", BOARD)) for i in range(6))
        )

        assert sorted(reply.status_code for reply in replies) == [201] + [409] * 5
        assert len((await tollgate.http.get("/v1/decisions")).json()["items"]) == 1

    async def test_the_evaluation_of_another_service_is_no_way_through(
        self, tollgate: Improvement, passed: Any
    ) -> None:
        tollgate.fake.add_service("mail")
        for elsewhere in ({"service": "mail"}, {"gate": "to-retirement"}):
            reply = await tollgate.decide(passed | elsewhere, tollgate.caller("eve", BOARD))
            assert refused(reply) == (422, "unknown_evaluation")
            assert reply.json()["errors"][0]["pointer"] == "/evaluation"

    async def test_an_invented_evaluation_is_422(self, tollgate: Improvement, passed: Any) -> None:
        invented = passed | {"id": "00000000-0000-0000-0000-000000000000"}

        reply = await tollgate.decide(invented, tollgate.caller("eve", BOARD))

        assert refused(reply) == (422, "unknown_evaluation")

    async def test_a_service_that_has_moved_meanwhile_is_409(
        self, tollgate: Improvement, passed: Any
    ) -> None:
        tollgate.fake.services["vpn"]["service_stage"] = "retirement"

        reply = await tollgate.decide(passed, tollgate.caller("eve", BOARD))

        assert refused(reply) == (409, "stage_does_not_fit")

    async def test_a_service_that_is_unknown_is_404(
        self, tollgate: Improvement, passed: Any
    ) -> None:
        tollgate.fake.services.clear()

        reply = await tollgate.decide(passed, tollgate.caller("eve", BOARD))

        assert refused(reply) == (404, "unknown_service")

    async def test_with_the_catalog_away_the_stage_that_was_evaluated_counts(
        self, tollgate: Improvement, passed: Any
    ) -> None:
        tollgate.fake.down.add("catalog")

        reply = await tollgate.decide(passed, tollgate.caller("eve", BOARD))

        assert (reply.status_code, reply.json()["from_stage"]) == (201, "operate")

    async def test_a_stage_that_nobody_ever_told_is_503(self, tollgate: Improvement) -> None:
        await tollgate.publish(GATE, [automated(expression="backlog_open <= 3.0")])
        tollgate.fake.down.add("catalog")
        evaluation = await tollgate.evaluate()

        reply = await tollgate.decide(evaluation, tollgate.caller("eve", BOARD))

        assert reply.status_code == 503

    @pytest.mark.parametrize("body", [{"evaluation": "x"}, {"comment": "a\u0000b"}, {"more": 1}])
    async def test_a_malformed_decision_is_422(
        self, tollgate: Improvement, passed: Any, body: dict[str, Any]
    ) -> None:
        reply = await tollgate.decide(passed, tollgate.caller("eve", BOARD), **body)

        assert reply.status_code == 422

    async def test_decisions_are_listed_newest_first_by_service_and_gate(
        self, tollgate: Improvement, passed: Any
    ) -> None:
        tollgate.fake.add_service("mail")
        eve = tollgate.caller("eve", BOARD)
        made = [(await tollgate.decide(passed, eve)).json()["id"]]
        mail = await tollgate.evaluate_and_sign("mail")
        made.append((await tollgate.decide(mail, eve)).json()["id"])

        async def listed(**params: Any) -> list[str]:
            reply = await tollgate.http.get("/v1/decisions", params=params)
            return [item["id"] for item in reply.json()["items"]]

        assert await listed() == made[::-1]
        assert await listed(service="mail", gate=GATE) == made[1:]
        assert await listed(gate="to-retirement") == []

    async def test_decisions_of_a_span_are_listed(self, tollgate: Improvement, passed: Any) -> None:
        made = (await tollgate.decide(passed, tollgate.caller("eve", BOARD))).json()

        async def listed(**params: Any) -> list[str]:
            reply = await tollgate.http.get("/v1/decisions", params=params)
            return [item["id"] for item in reply.json()["items"]]

        assert await listed(since=made["decided_at"]) == [made["id"]]
        assert await listed(until=made["decided_at"]) == []


class TestTheStatement:
    async def test_is_what_the_catalog_accepts(self, tollgate: Improvement, passed: Any) -> None:
        decision = (await tollgate.decide(passed, tollgate.caller("eve", BOARD))).json()
        public = await tollgate.http.get("/.well-known/jwks.json", headers={"Authorization": ""})
        keys = KeySet.import_key_set(public.json())

        claims = read_decision(decision["statement"], keys, "urn:tollgate:improvement-api")

        assert (claims.id, claims.evaluation) == (decision["id"], passed["id"])
        assert (claims.service, claims.gate, claims.gate_version) == ("vpn", GATE, 2)
        assert claims.decided_by == "eve"
        assert why_not(claims, "vpn", Stage.OPERATE) is None

    async def test_no_private_part_of_a_key_is_published(self, tollgate: Improvement) -> None:
        keys = (await tollgate.http.get("/.well-known/jwks.json")).json()["keys"]

        assert [set(key) for key in keys] == [{"kty", "crv", "x", "kid", "use"}]

    async def test_former_keys_stay_published_without_their_private_part(
        self, improvement_db: Database, tmp_path: Path
    ) -> None:
        former = write_private_key(tmp_path / "former.jwk", "former")
        retired = tmp_path / "retired.jwks.json"
        retired.write_text(json.dumps({"keys": [former.as_dict(private=True)]}))

        async with running_improvement(
            improvement_db, tmp_path, retired_decision_keys_file=retired
        ) as tollgate:
            keys = (await tollgate.http.get("/.well-known/jwks.json")).json()["keys"]

        assert [key["kid"] for key in keys] == ["decisions", "former"]
        assert all("d" not in key for key in keys)

    async def test_without_a_key_nothing_is_decided(
        self, improvement_db: Database, tmp_path: Path
    ) -> None:
        async with running_improvement(
            improvement_db, tmp_path, decision_key_file=None
        ) as tollgate:
            tollgate.fake.add_service("vpn")
            await tollgate.publish(GATE, [automated(expression="true")])
            evaluation = await tollgate.evaluate()
            reply = await tollgate.decide(evaluation, tollgate.caller("eve", BOARD))

        assert refused(reply) == (503, "decision_key_missing")


class TestTheLog:
    async def test_chains_every_decision_also_of_simultaneous_ones(
        self, tollgate: Improvement, passed: Any
    ) -> None:
        keys = [f"s{i}" for i in range(5)]
        for key in keys:
            tollgate.fake.add_service(key)
        evaluations = [await tollgate.evaluate_and_sign(key) for key in keys]
        eve = tollgate.caller("eve", BOARD)

        replies = await asyncio.gather(*(tollgate.decide(one, eve) for one in evaluations))

        assert [reply.status_code for reply in replies] == [201] * 5
        previous = "0" * 64
        for seq, entry, prev_hash, own_hash in log_of(tollgate):
            assert prev_hash == previous
            assert own_hash == hashlib.sha256((prev_hash + entry).encode()).hexdigest()
            assert json.loads(entry)["seq"] == seq
            previous = own_hash
        assert [row[0] for row in log_of(tollgate)] == [1, 2, 3, 4, 5]

    async def test_holds_the_statement_and_the_frozen_verdict(
        self, tollgate: Improvement, passed: Any
    ) -> None:
        decision = (await tollgate.decide(passed, tollgate.caller("eve", BOARD))).json()

        entry = json.loads(log_of(tollgate)[0][1])

        assert (entry["decision"], entry["statement"]) == (decision["id"], decision["statement"])
        assert entry["frozen"]["verdict"] == "pass"


def log_of(tollgate: Improvement) -> list[Any]:
    with psycopg.connect(tollgate.database.runtime_url) as runtime:
        return runtime.execute(
            "SELECT seq, entry, prev_hash, hash FROM improvement.decision_log ORDER BY seq"
        ).fetchall()
