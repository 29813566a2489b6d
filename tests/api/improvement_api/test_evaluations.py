"""POST an evaluation: outcomes, verdict, what stands, and what happens when owners are away."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import psycopg
import pytest
from psycopg.types.json import Jsonb

from tests.support.eventually import eventually
from tests.support.gates import automated, sign_off
from tests.support.improvement import Improvement

GATE = "operate-to-improve"
PATH = f"/v1/services/vpn/gates/{GATE}/evaluations"
SIGNED_GATE = [automated(), sign_off("owner", "service_owner", required=False, weight=0)]
QUIET_GATE = [automated(expression="backlog_open <= 3.0"), SIGNED_GATE[1]]


def outcomes(evaluation: Any) -> dict[str, str]:
    return {criterion["id"]: criterion["outcome"] for criterion in evaluation["criteria"]}


class TestTheVerdict:
    async def test_is_201_and_says_of_each_criterion_why(self, tollgate: Improvement) -> None:
        evaluation = await tollgate.evaluate()

        assert (evaluation["verdict"], evaluation["exit_code"]) == ("fail", 1)
        assert evaluation["standing"] == "open"
        assert evaluation["new_evaluation_id"] == evaluation["id"]
        assert evaluation["stage"] == "operate"
        plan = next(c for c in evaluation["criteria"] if c["id"] == "plan")
        assert plan["outcome"] == "fail"
        assert "active_improvement_plans = 0" in plan["reason"]
        assert plan["facts"]["active_improvement_plans"]["value"] == 0

    async def test_is_inconclusive_while_a_required_signature_is_missing(
        self, tollgate: Improvement
    ) -> None:
        await tollgate.publish(GATE, [automated(expression="true"), sign_off("owner", "owner")])

        evaluation = await tollgate.evaluate()

        assert (evaluation["verdict"], evaluation["exit_code"]) == ("inconclusive", 2)
        assert outcomes(evaluation) == {"quiet": "pass", "owner": "inconclusive"}

    async def test_is_a_warning_below_the_pass_threshold(self, tollgate: Improvement) -> None:
        criteria = [
            automated("a", expression="true", weight=3),
            automated("b", expression="false", weight=1, required=False),
        ]
        await tollgate.publish(GATE, criteria)

        evaluation = await tollgate.evaluate()

        assert (evaluation["verdict"], evaluation["score"]) == ("warning", 0.75)
        assert evaluation["exit_code"] == 2

    async def test_is_an_error_without_any_weight(self, tollgate: Improvement) -> None:
        await tollgate.publish(GATE, [automated(expression="true", weight=0)])

        evaluation = await tollgate.evaluate()

        assert (evaluation["verdict"], evaluation["score"]) == ("error", None)
        assert evaluation["exit_code"] == 3

    async def test_of_a_stale_fact_is_not_a_pass(self, tollgate: Improvement) -> None:
        criteria = [automated(expression="backlog_open == 3.0", freshness_hours=1)]
        await tollgate.publish(GATE, criteria)
        tollgate.fake.as_of = datetime.now(UTC) - timedelta(hours=2)

        assert (await tollgate.evaluate())["verdict"] == "fail"


class TestWhoMay:
    async def test_an_unknown_service_is_404(self, tollgate: Improvement) -> None:
        reply = await tollgate.http.post(PATH.replace("vpn", "nothing"))

        assert (reply.status_code, reply.json()["code"]) == (404, "unknown_service")

    @pytest.mark.parametrize("key", ["No-Slug", "a" * 101, "%00", "vpn%20"])
    async def test_what_cannot_be_a_key_is_404(self, tollgate: Improvement, key: str) -> None:
        assert (await tollgate.http.post(PATH.replace("vpn", key))).status_code == 404

    async def test_an_unknown_gate_is_404(self, tollgate: Improvement) -> None:
        assert (await tollgate.http.post(PATH.replace(GATE, "heaven"))).status_code == 404

    async def test_without_the_scope_it_is_403_and_without_a_token_401(
        self, tollgate: Improvement
    ) -> None:
        reader = tollgate.caller("pipeline", scope="gates:read")

        assert (await tollgate.http.post(PATH, headers=reader)).status_code == 403
        assert (await tollgate.http.post(PATH, headers={"Authorization": ""})).status_code == 401


class TestAnOwnerThatIsAway:
    @pytest.mark.parametrize("state", ["down", "hanging"])
    async def test_metrics_makes_its_criteria_errors_within_the_time_limit(
        self, tollgate: Improvement, state: str
    ) -> None:
        getattr(tollgate.fake, state).add("metrics")
        started = time.perf_counter()

        evaluation = await tollgate.evaluate()

        assert time.perf_counter() - started < 5
        found = outcomes(evaluation)
        assert (found["target"], found["owned"]) == ("error", "pass")
        assert evaluation["verdict"] != "pass"
        reasons = [c["reason"] for c in evaluation["criteria"] if c["id"] == "target"]
        assert reasons == ["metrics-api unreachable"]

    async def test_the_catalog_does_not_make_the_service_unknown(
        self, tollgate: Improvement
    ) -> None:
        await tollgate.publish(GATE, [automated(expression="service_has_service_owner")])
        tollgate.fake.down.add("catalog")

        evaluation = await tollgate.evaluate("never-heard-of")

        assert (evaluation["verdict"], evaluation["exit_code"]) == ("error", 3)
        assert evaluation["service"] == "never-heard-of"
        assert evaluation["stage"] is None
        assert evaluation["criteria"][0]["reason"] == "catalog-api unreachable"

    async def test_a_required_fail_beside_an_error_is_still_a_fail(
        self, tollgate: Improvement
    ) -> None:
        criteria = [
            automated("a", expression="service_has_service_owner"),
            automated("b", expression="open_initiatives > 9.0"),
        ]
        await tollgate.publish(GATE, criteria)
        tollgate.fake.down.add("catalog")

        assert (await tollgate.evaluate())["verdict"] == "fail"

    async def test_each_owner_is_asked_once(self, tollgate: Improvement) -> None:
        await tollgate.evaluate()

        assert sorted(request.url.host for request in tollgate.fake.requests) == [
            "catalog",
            "metrics",
        ]

    async def test_owners_are_asked_for_the_facts_of_the_gate_and_for_the_stage(
        self, tollgate: Improvement
    ) -> None:
        criteria = [automated(), automated("owned", expression="service_has_service_owner")]
        await tollgate.publish(GATE, criteria)
        tollgate.fake.requests.clear()

        await tollgate.evaluate()

        asked = {one.url.host: one.url.params.get_list("name") for one in tollgate.fake.requests}
        assert asked == {
            "catalog": ["service_has_service_owner", "service_stage"],
            "metrics": ["backlog_open"],
        }

    async def test_who_owns_no_fact_of_the_gate_is_not_asked_but_for_the_service(
        self, tollgate: Improvement
    ) -> None:
        await tollgate.publish(GATE, [automated(expression="true")])
        tollgate.fake.down.add("metrics")
        tollgate.fake.requests.clear()

        evaluation = await tollgate.evaluate()

        assert (evaluation["verdict"], evaluation["stage"]) == ("pass", "operate")
        assert [one.url.host for one in tollgate.fake.requests] == ["catalog"]
        unknown = await tollgate.http.post(f"/v1/services/nothing/gates/{GATE}/evaluations")
        assert (unknown.status_code, unknown.json()["code"]) == (404, "unknown_service")

    async def test_what_is_judged_is_the_version_whose_facts_were_asked_for(
        self, tollgate: Improvement
    ) -> None:
        await tollgate.publish(GATE, [automated()])
        newer = [automated("owned", expression="service_has_service_owner")]
        await tollgate.publish("improve-to-operate", newer)

        async def publish_and_answer(request: httpx.Request) -> httpx.Response:
            del tollgate.fake.real["catalog"]
            tollgate.as_admin(
                "INSERT INTO improvement.gate_version SELECT (jsonb_populate_record(v, %s)).*"
                " FROM improvement.gate_version v WHERE gate = 'improve-to-operate'"
                " ORDER BY v.version DESC LIMIT 1",
                Jsonb({"gate": GATE, "version": 99}),
            )
            return await tollgate.fake.answer(request)

        tollgate.fake.real["catalog"] = httpx.MockTransport(publish_and_answer)

        evaluation = await tollgate.evaluate()

        assert outcomes(evaluation).keys() == {"quiet"}
        assert outcomes(await tollgate.evaluate()).keys() == {"owned"}

    async def test_a_service_without_records_in_metrics_has_no_values(
        self, tollgate: Improvement
    ) -> None:
        criteria = [automated(missing="inconclusive")]
        await tollgate.publish(GATE, criteria)
        tollgate.fake.add_service("new", backlog_open=None)

        assert (await tollgate.evaluate("new"))["verdict"] == "inconclusive"


class TestStanding:
    async def test_a_later_evaluation_supersedes_an_unsigned_one(
        self, tollgate: Improvement
    ) -> None:
        first = await tollgate.evaluate()
        second = await tollgate.evaluate()

        assert second["id"] == second["new_evaluation_id"] != first["id"]
        assert await standing(tollgate, first) == "superseded"
        assert await standing(tollgate, second) == "open"

    async def test_a_signed_one_keeps_standing_and_is_what_a_check_reports(
        self, tollgate: Improvement
    ) -> None:
        signed = await signed_evaluation(tollgate)

        later = await tollgate.evaluate()

        assert later["id"] == signed["id"] != later["new_evaluation_id"]
        assert later["standing"] == "signed"
        assert await standing(tollgate, {"id": later["new_evaluation_id"]}) == "superseded"

    async def test_a_signed_one_gives_way_when_an_outcome_got_worse(
        self, tollgate: Improvement
    ) -> None:
        signed = await signed_evaluation(tollgate)
        tollgate.fake.add_service("vpn", backlog_open=4)

        later = await tollgate.evaluate()

        assert later["id"] == later["new_evaluation_id"]
        assert later["verdict"] == "fail"
        assert await standing(tollgate, signed) == "superseded"

    async def test_a_signed_one_gives_way_when_an_owner_is_away(
        self, tollgate: Improvement
    ) -> None:
        signed = await signed_evaluation(tollgate)
        tollgate.fake.down.add("metrics")

        assert (await tollgate.evaluate())["verdict"] == "error"
        assert await standing(tollgate, signed) == "superseded"

    async def test_a_signed_one_gives_way_when_it_is_too_old(self, tollgate: Improvement) -> None:
        signed = await signed_evaluation(tollgate)
        tollgate.make_older(signed, hours=24.1)
        assert await standing(tollgate, signed) == "expired"

        later = await tollgate.evaluate()

        assert later["id"] == later["new_evaluation_id"]
        assert await standing(tollgate, signed) == "superseded"

    @pytest.mark.parametrize(
        "asked",
        [
            [*QUIET_GATE, automated("more", expression="true")],
            [*QUIET_GATE, sign_off("security", "security_officer")],
            [QUIET_GATE[0], {**QUIET_GATE[1], "signatures": 2}],
        ],
        ids=["another criterion", "another signature", "more signatures"],
    )
    async def test_a_signed_one_gives_way_to_a_newer_version_of_the_gate(
        self, tollgate: Improvement, asked: list[dict[str, Any]]
    ) -> None:
        signed = await signed_evaluation(tollgate)
        await tollgate.publish(GATE, asked)

        later = await tollgate.evaluate()

        assert (later["gate_version"], later["id"]) == (3, later["new_evaluation_id"])
        assert await standing(tollgate, signed) == "superseded"

    async def test_concurrent_evaluations_leave_exactly_one_that_stands(
        self, tollgate: Improvement
    ) -> None:
        made = await asyncio.gather(*(tollgate.evaluate() for _ in range(8)))

        reply = await tollgate.http.get(PATH)
        found = [item["standing"] for item in reply.json()["items"]]
        assert len({one["new_evaluation_id"] for one in made}) == 8
        assert sorted(found) == ["open"] + ["superseded"] * 7


class TestReading:
    async def test_evaluations_are_listed_newest_first_page_by_page(
        self, tollgate: Improvement
    ) -> None:
        made = [(await tollgate.evaluate())["id"] for _ in range(3)]

        first = (await tollgate.http.get(PATH, params={"limit": 2})).json()
        cursor = {"limit": 2, "cursor": first["next_cursor"]}
        second = (await tollgate.http.get(PATH, params=cursor)).json()

        found = [item["id"] for item in first["items"] + second["items"]]
        assert found == made[::-1]
        assert second["next_cursor"] is None

    async def test_a_cursor_of_somebody_else_is_400(self, tollgate: Improvement) -> None:
        reply = await tollgate.http.get(PATH, params={"cursor": "WzEsMl0"})

        assert reply.status_code == 400

    @pytest.mark.parametrize("name", ["x", "00000000-0000-0000-0000-000000000000"])
    async def test_an_unknown_evaluation_is_404(self, tollgate: Improvement, name: str) -> None:
        assert (await tollgate.http.get(f"/v1/evaluations/{name}")).status_code == 404


class TestSimulation:
    async def test_says_the_verdict_and_leaves_no_trace(self, tollgate: Improvement) -> None:
        standing_now = await tollgate.evaluate()
        path = f"/v1/services/vpn/gates/{GATE}/simulations"

        reply = await tollgate.http.post(path)

        assert reply.status_code == 200
        assert reply.json()["verdict"] == standing_now["verdict"]
        assert reply.json()["criteria"] == [
            {**criterion, "facts": then["facts"]}
            for criterion, then in zip(
                standing_now["criteria"], reply.json()["criteria"], strict=True
            )
        ]
        assert len((await tollgate.http.get(PATH)).json()["items"]) == 1

    async def test_of_an_unknown_service_is_404(self, tollgate: Improvement) -> None:
        path = f"/v1/services/nothing/gates/{GATE}/simulations"

        assert (await tollgate.http.post(path)).status_code == 404


async def test_an_idempotency_key_makes_one_evaluation_of_two_requests(
    tollgate: Improvement,
) -> None:
    headers = {"Idempotency-Key": "build-17"}

    first, again = [await tollgate.http.post(PATH, headers=headers) for _ in range(2)]

    assert first.json() == again.json()
    assert again.headers["Idempotency-Replayed"] == "true"
    assert len((await tollgate.http.get(PATH)).json()["items"]) == 1


async def test_no_transaction_is_open_while_an_owner_is_waited_for(tollgate: Improvement) -> None:
    tollgate.fake.hanging |= {"catalog", "metrics"}
    headers = {"Idempotency-Key": "build-18"}

    waiting = asyncio.create_task(tollgate.http.post(PATH, headers=headers))

    async def asked() -> bool:
        return len(tollgate.fake.requests) >= 2

    await eventually(asked)
    with psycopg.connect(tollgate.database.admin_url) as admin:
        found = admin.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = %s AND state LIKE 'idle in transaction%%'",
            [tollgate.database.name],
        ).fetchone()
    assert found == (0,)
    assert (await waiting).json()["verdict"] != "pass"


@pytest.mark.parametrize("stage", [["operate"], {"a": 1}, "heaven", 7, None])
async def test_a_stage_that_is_none_does_not_disturb_the_evaluation(
    tollgate: Improvement, stage: Any
) -> None:
    tollgate.fake.add_service("vpn", service_stage=stage)

    evaluation = await tollgate.evaluate()

    assert evaluation["stage"] is None
    assert outcomes(evaluation)["in-stage"] in {"error", "fail"}


async def standing(tollgate: Improvement, evaluation: Any) -> str:
    found: str = (await tollgate.http.get(f"/v1/evaluations/{evaluation['id']}")).json()["standing"]
    return found


async def signed_evaluation(tollgate: Improvement) -> Any:
    """An evaluation that passes with a backlog of 3, signed by the service owner."""
    await tollgate.publish(GATE, QUIET_GATE)
    evaluation = await tollgate.evaluate()
    reply = await tollgate.sign(evaluation, "owner", tollgate.caller("ada", "service_owner"))
    assert reply.status_code == 201, reply.text
    return evaluation
