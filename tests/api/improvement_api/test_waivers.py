"""Waivers: a failed criterion reads as a warning, for a time, at somebody's risk."""

from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from tests.support.gates import automated, sign_off
from tests.support.improvement import Improvement
from tests.support.waivers import WAIVERS, ask, asking, let_expire, move, waive

GATE = "operate-to-improve"
BOARD = "board"
LAX = {"warning_threshold": 0.5}


def in_days(days: float) -> str:
    return (datetime.now(UTC) + timedelta(days=days)).isoformat()


@pytest.fixture
async def failing(tollgate: Improvement) -> Any:
    """An evaluation whose only criterion fails: three incidents are open."""
    await tollgate.publish(GATE, [automated()], **LAX)
    return await tollgate.evaluate()


async def read(tollgate: Improvement, evaluation: Any) -> Any:
    return (await tollgate.http.get(f"/v1/evaluations/{evaluation['id']}")).json()


async def outcome(tollgate: Improvement, evaluation: Any) -> tuple[str, str]:
    after = await read(tollgate, evaluation)
    return after["criteria"][0]["outcome"], after["verdict"]


class TestAWaiver:
    async def test_makes_a_fail_a_warning_once_it_is_approved(
        self, tollgate: Improvement, failing: Any
    ) -> None:
        assert await outcome(tollgate, failing) == ("fail", "fail")
        waiver = await ask(tollgate)
        assert await outcome(tollgate, failing) == ("fail", "fail")

        reply = await move(tollgate, waiver, "approved", tollgate.caller("bea", BOARD), "until May")

        assert reply.status_code == 201
        assert (reply.json()["state"], reply.json()["moves"]) == ("approved", ["revoked"])
        assert (reply.json()["requested_by"], reply.json()["decided_by"]) == ("ada", "bea")
        after = await read(tollgate, failing)
        (criterion,) = after["criteria"]
        assert (criterion["outcome"], after["verdict"]) == ("warning", "warning")
        assert criterion["waiver"]["id"] == waiver["id"]
        assert "at the risk of rita" in criterion["reason"]
        assert after["facts_hash"] == failing["facts_hash"]

    async def test_is_seen_by_new_evaluations_and_simulations_too(
        self, tollgate: Improvement, failing: Any
    ) -> None:
        await waive(tollgate)

        evaluation = await tollgate.evaluate()
        simulation = await tollgate.http.post(f"/v1/services/vpn/gates/{GATE}/simulations")

        assert evaluation["verdict"] == simulation.json()["verdict"] == "warning"

    async def test_ends_with_its_expiry_before_any_job_has_said_so(
        self, tollgate: Improvement, failing: Any
    ) -> None:
        waiver = await waive(tollgate)
        let_expire(tollgate, waiver)

        found = (await tollgate.http.get(f"{WAIVERS}/{waiver['id']}")).json()

        assert await outcome(tollgate, failing) == ("fail", "fail")
        assert (found["state"], found["moves"]) == ("expired", [])
        listed = await tollgate.http.get(WAIVERS, params={"state": "expired"})
        assert [one["id"] for one in listed.json()["items"]] == [waiver["id"]]
        assert (await tollgate.http.get(WAIVERS, params={"state": "approved"})).json()[
            "items"
        ] == []

    async def test_that_is_over_is_marked_and_told_once(
        self, tollgate: Improvement, failing: Any
    ) -> None:
        over, still = await waive(tollgate), await waive(tollgate)
        let_expire(tollgate, over)

        for _ in range(2):
            await tollgate.run_job("mark_expired_waivers", {})

        with psycopg.connect(tollgate.database.admin_url) as admin:
            events = admin.execute(
                "SELECT subject, data->>'waiver' FROM improvement.outbox_event"
                " WHERE type = 'waiver.expired'"
            ).fetchall()
            states = admin.execute("SELECT state, count(*) FROM improvement.waiver GROUP BY 1")
            assert dict(states.fetchall()) == {"expired": 1, "approved": 1}
        assert events == [("vpn", over["id"])]
        assert (await read(tollgate, failing))["criteria"][0]["waiver"]["id"] == still["id"]

    async def test_that_is_revoked_counts_no_more(
        self, tollgate: Improvement, failing: Any
    ) -> None:
        waiver = await waive(tollgate)

        by_requester = await move(tollgate, waiver, "revoked", tollgate.caller("ada"))
        by_owner = await move(tollgate, waiver, "revoked", tollgate.caller("rita"))
        again = await move(tollgate, waiver, "revoked", tollgate.caller("bea", BOARD))

        assert by_requester.status_code == 403
        assert (by_owner.status_code, by_owner.json()["ended_by"]) == (201, "rita")
        assert (again.status_code, again.json()["allowed"]) == (409, [])
        assert await outcome(tollgate, failing) == ("fail", "fail")

    async def test_is_frozen_by_the_decision(self, tollgate: Improvement, failing: Any) -> None:
        waiver = await waive(tollgate)
        decision = (await tollgate.decide(failing, tollgate.caller("eve", BOARD))).json()

        await move(tollgate, waiver, "revoked", tollgate.caller("rita"))

        assert decision["verdict"] == "warning"
        assert decision["criteria"][0]["waiver"] == waiver["id"]
        assert await outcome(tollgate, failing) == ("warning", "warning")

    async def test_softens_neither_what_errs_nor_what_is_missing(
        self, tollgate: Improvement
    ) -> None:
        criteria = [automated(), automated("known", missing="inconclusive")]
        await tollgate.publish(GATE, criteria)
        for criterion in ("quiet", "known"):
            await waive(tollgate, criterion=criterion)
        tollgate.fake.add_service("vpn", backlog_open=None)
        missing = await tollgate.evaluate()
        tollgate.fake.down.add("metrics")
        away = await tollgate.evaluate()

        found = [[one["outcome"] for one in each["criteria"]] for each in (missing, away)]

        assert found == [["warning", "inconclusive"], ["error", "error"]]

    async def test_lets_a_signed_evaluation_stand_until_nobody_knows_any_more(
        self, tollgate: Improvement
    ) -> None:
        criteria = [automated(), sign_off("owner", "service_owner")]
        await tollgate.publish(GATE, criteria, **LAX)
        await waive(tollgate)
        signed = await tollgate.evaluate_and_sign("vpn")

        later = await tollgate.evaluate()
        tollgate.fake.down.add("metrics")
        unknown = await tollgate.evaluate()

        assert later["id"] == signed["id"]
        assert (unknown["verdict"], unknown["id"] == signed["id"]) == ("error", False)

    async def test_means_nothing_once_the_criterion_demands_something_else(
        self, tollgate: Improvement, failing: Any
    ) -> None:
        await waive(tollgate)
        waiting = await ask(tollgate)
        reworded = automated(title="Calm", weight=5)
        await tollgate.publish(GATE, [reworded], **LAX)
        assert (await tollgate.evaluate())["verdict"] == "warning"

        await tollgate.publish(GATE, [automated(expression="backlog_open < 1.0")], **LAX)

        assert (await tollgate.evaluate())["verdict"] == "fail"
        reply = await move(tollgate, waiting, "approved", tollgate.caller("bea", BOARD))
        assert (reply.status_code, reply.json()["code"]) == (409, "criterion_changed")

    async def test_is_counted_in_a_fact(self, tollgate: Improvement, failing: Any) -> None:
        let_expire(tollgate, await waive(tollgate))
        await waive(tollgate)
        await waive(tollgate)

        await tollgate.publish(GATE, [automated(expression="active_waivers_count == 2.0")])

        assert (await tollgate.evaluate())["verdict"] == "pass"


class TestAskingForOne:
    @pytest.mark.parametrize(
        ("fields", "pointer"),
        [
            ({"criterion": "owner"}, "/criterion"),
            ({"criterion": "nonsense"}, "/criterion"),
            ({"service": "nothing"}, "/service"),
            ({"expires_at": in_days(-1)}, "/expires_at"),
            ({"expires_at": in_days(367)}, "/expires_at"),
            ({"expires_at": "9999-01-01T00:00:00Z"}, "/expires_at"),
            ({"reason": ""}, "/reason"),
            ({"compensating_control": " "}, "/compensating_control"),
            ({"risk_owner": "\u0000"}, "/risk_owner"),
        ],
    )
    async def test_for_what_cannot_be_waived_is_422(
        self, tollgate: Improvement, fields: dict[str, Any], pointer: str
    ) -> None:
        await tollgate.publish(GATE, [automated(), sign_off("owner", "service_owner")])

        reply = await tollgate.http.post(WAIVERS, json=asking(**fields))

        assert reply.status_code == 422
        assert reply.json()["errors"][0]["pointer"] == pointer

    async def test_without_the_catalog_it_is_503(self, tollgate: Improvement) -> None:
        tollgate.fake.down.add("catalog")

        assert (await tollgate.http.post(WAIVERS, json=asking("plan"))).status_code == 503

    async def test_an_unknown_one_is_404(self, tollgate: Improvement) -> None:
        nothing = {"id": "00000000-0000-0000-0000-000000000000"}

        reply = await move(tollgate, nothing, "approved", tollgate.caller("bea", BOARD))

        assert reply.status_code == 404

    async def test_a_gate_may_name_another_role_that_approves(self, tollgate: Improvement) -> None:
        await tollgate.publish(GATE, [automated()], waived_by="risk_manager")
        waiver = await ask(tollgate)

        by_decider = await move(tollgate, waiver, "approved", tollgate.caller("bea", BOARD))
        by_role = await move(tollgate, waiver, "rejected", tollgate.caller("kim", "risk_manager"))

        assert (by_decider.status_code, by_decider.json()["missing_role"]) == (403, "risk_manager")
        assert (by_role.status_code, by_role.json()["state"]) == (201, "rejected")

    async def test_they_are_listed_by_service_gate_and_criterion(
        self, tollgate: Improvement
    ) -> None:
        await tollgate.publish(GATE, [automated(), automated("calm")])
        first, second = await ask(tollgate), await ask(tollgate, criterion="calm")

        async def listed(**params: str) -> list[str]:
            items = (await tollgate.http.get(WAIVERS, params=params)).json()["items"]
            return [item["id"] for item in items]

        assert await listed() == [second["id"], first["id"]]
        assert await listed(service="vpn", gate=GATE, criterion="quiet") == [first["id"]]
        assert await listed(service="mail") == []
