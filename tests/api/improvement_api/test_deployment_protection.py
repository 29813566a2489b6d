"""GitHub asks before a deployment, and is answered by the verdict of a gate."""

from datetime import timedelta
from typing import Any

import psycopg
import pytest

from shared.errors import Unavailable
from tests.support.eventually import eventually
from tests.support.gates import automated, sign_off
from tests.support.github import (
    ENDS,
    GATE,
    GitHub,
    asked,
    read,
    rule,
    work,
)
from tests.support.improvement import Improvement


def jobs_of(guarded: Improvement, delivery: str) -> list[Any]:
    with psycopg.connect(guarded.database.admin_url) as admin:
        return admin.execute(
            "SELECT scheduled_at FROM improvement_jobs.procrastinate_jobs"
            " WHERE task_name = 'answer_deployment' AND args ->> 'delivery' = %s",
            [delivery],
        ).fetchall()


class TestAnswers:
    async def test_a_pass_approves_with_the_verdict_and_a_link(
        self, guarded: Improvement, hub: GitHub
    ) -> None:
        await rule(guarded)

        after = await work(guarded, await asked(guarded, hub))

        link = f"https://tollgate.example/v1/evaluations/{after['evaluation']}"
        comment = f"**Tollgate {GATE} for vpn: pass**\n\n\n[The evaluation]({link})"
        assert hub.told == [
            {"environment_name": "Production", "state": "approved", "comment": comment}
        ]
        assert (after["state"], after["answer"], after["failure"]) == ("answered", "approved", None)
        evaluation = (await guarded.http.get(f"/v1/evaluations/{after['evaluation']}")).json()
        assert (evaluation["verdict"], evaluation["evaluated_by"]) == ("pass", "github:octocat")

    async def test_a_computed_fail_rejects_with_the_reasons(
        self, guarded: Improvement, hub: GitHub
    ) -> None:
        await rule(guarded)
        guarded.fake.add_service("vpn", backlog_open=9)

        after = await work(guarded, await asked(guarded, hub))

        assert hub.answers() == ["rejected"]
        assert "Quiet" in hub.told[0]["comment"]
        assert "9" in hub.told[0]["comment"]
        assert (after["state"], after["answer"]) == ("answered", "rejected")

    @pytest.mark.parametrize(("allowed", "answer"), [(True, "approved"), (False, "rejected")])
    async def test_a_warning_is_answered_as_the_rule_says(
        self, guarded: Improvement, hub: GitHub, allowed: bool, answer: str
    ) -> None:
        criteria = [automated(warning="backlog_open <= 3.0")]
        await guarded.publish(GATE, criteria, warning_threshold=0.5)
        await rule(guarded, allow_warning=allowed)

        await work(guarded, await asked(guarded, hub))

        assert hub.answers() == [answer]
        assert ("does not allow warnings" in hub.told[0]["comment"]) is not allowed

    async def test_the_app_asks_for_no_more_rights_than_it_needs(
        self, guarded: Improvement, hub: GitHub
    ) -> None:
        await rule(guarded)

        await work(guarded, await asked(guarded, hub))

        needed = {"repositories": ["shop"], "permissions": {"deployments": "write"}}
        assert hub.asked_for == [needed]

    async def test_an_answer_is_given_once_however_often_the_job_runs(
        self, guarded: Improvement, hub: GitHub
    ) -> None:
        await rule(guarded)
        delivery = await asked(guarded, hub)

        for _ in range(3):
            await work(guarded, delivery)

        assert hub.answers() == ["approved"]

    async def test_by_a_real_worker_it_is_there_soon(
        self, guarded: Improvement, hub: GitHub
    ) -> None:
        await rule(guarded)
        delivery = await asked(guarded, hub)

        async def answered() -> bool:
            return (await read(guarded, delivery))["state"] == "answered"

        async with guarded.working():
            await eventually(answered)

        assert hub.answers() == ["approved"]

    async def test_what_was_answered_is_audited_for_whom_it_was(
        self, guarded: Improvement, hub: GitHub
    ) -> None:
        await rule(guarded)
        await work(guarded, await asked(guarded, hub))

        reply = await guarded.http.get("/v1/audit", params={"resource": "deployment_request"})

        (entry,) = reply.json()["items"]
        assert (entry["actor"], entry["on_behalf_of"]) == ("improvement-api", "github:octocat")
        assert (entry["action"], entry["after"]["answer"]) == ("answered", "approved")


class TestWaiting:
    async def test_while_facts_are_missing_nothing_is_decided_and_github_shows_why(
        self, guarded: Improvement, hub: GitHub
    ) -> None:
        await rule(guarded)
        guarded.fake.down.add("metrics")
        delivery = await asked(guarded, hub)

        waiting = await work(guarded, delivery)
        still = await work(guarded, delivery)
        guarded.fake.down.clear()
        after = await work(guarded, delivery)

        assert (waiting["state"], waiting["answer"]) == ("waiting", None)
        assert still["evaluation"] != waiting["evaluation"]
        assert after["state"] == "answered"
        assert "the deployment waits" in hub.told[0]["comment"]
        assert hub.answers()[-1] == "approved"
        assert set(hub.answers()[:-1]) == {None}

    async def test_while_signatures_are_missing_the_one_being_signed_stays(
        self, guarded: Improvement, hub: GitHub
    ) -> None:
        criteria = [automated(expression="backlog_open <= 3.0"), sign_off("owner", "service_owner")]
        await guarded.publish(GATE, criteria)
        await rule(guarded)
        delivery = await asked(guarded, hub)

        waiting = [await work(guarded, delivery) for _ in range(3)]
        path = f"/v1/evaluations/{waiting[0]['evaluation']}"
        evaluation = (await guarded.http.get(path)).json()
        signed = await guarded.sign(evaluation, "owner", guarded.caller("ada", "service_owner"))
        after = await work(guarded, delivery)

        assert {one["evaluation"] for one in waiting} == {evaluation["id"]}
        assert signed.status_code == 201
        assert hub.answers() == [None, "approved"]
        assert after["evaluation"] == evaluation["id"]

    async def test_an_evaluation_from_before_the_question_is_no_answer(
        self, guarded: Improvement, hub: GitHub
    ) -> None:
        await rule(guarded)
        passed = await guarded.evaluate()
        guarded.fake.add_service("vpn", backlog_open=9)

        after = await work(guarded, await asked(guarded, hub))

        assert passed["verdict"] == "pass"
        assert after["answer"] == "rejected"

    async def test_without_a_rule_it_waits_until_there_is_one(
        self, guarded: Improvement, hub: GitHub
    ) -> None:
        delivery = await asked(guarded, hub)
        waiting = await work(guarded, delivery)
        await rule(guarded, environment="PRODUCTION")

        async def answered() -> bool:
            return (await read(guarded, delivery))["state"] == "answered"

        async with guarded.working():
            await eventually(answered)

        assert (waiting["state"], waiting["service"]) == ("waiting", None)
        assert "No rule says" in hub.told[0]["comment"]
        assert hub.answers() == [None, "approved"]

    async def test_a_service_the_catalog_does_not_know_is_waited_for(
        self, guarded: Improvement, hub: GitHub
    ) -> None:
        await rule(guarded)
        service = guarded.fake.services.pop("vpn")
        delivery = await asked(guarded, hub)

        waiting = await work(guarded, delivery)
        guarded.fake.services["vpn"] = service
        after = await work(guarded, delivery)

        assert (waiting["state"], after["answer"]) == ("waiting", "approved")
        assert "There is no service vpn" in hub.told[0]["comment"]

    async def test_looks_wait_for_one_another_and_one_at_most_is_ahead(
        self, guarded: Improvement, hub: GitHub
    ) -> None:
        delivery = await asked(guarded, hub)
        assert len(jobs_of(guarded, delivery)) == 1

        for _ in range(3):
            await work(guarded, delivery)

        assert len(jobs_of(guarded, delivery)) == 1

    async def test_after_thirty_days_it_is_given_up(
        self, guarded: Improvement, hub: GitHub
    ) -> None:
        delivery = await asked(guarded, hub)
        guarded.as_admin(
            "UPDATE improvement.deployment_request SET received_at = received_at - %s",
            timedelta(days=30),
        )

        after = await work(guarded, delivery)

        assert (after["state"], after["answer"]) == ("lapsed", None)
        assert hub.told == []


class TestFailures:
    @pytest.mark.parametrize("where", ["access_tokens", ENDS])
    async def test_an_answer_that_github_cannot_hear_is_kept_and_told_later(
        self, guarded: Improvement, hub: GitHub, where: str
    ) -> None:
        await rule(guarded)
        delivery = await asked(guarded, hub)
        hub.failing[where] = [503]

        with pytest.raises(Unavailable):
            await work(guarded, delivery)
        kept = await read(guarded, delivery)
        guarded.fake.add_service("vpn", backlog_open=9)  # the answer was found and stays
        after = await work(guarded, delivery)

        assert (kept["state"], kept["answer"]) == ("answering", "approved")
        assert "503 because it fails" in kept["failure"]
        assert (after["state"], hub.answers()) == ("answered", ["approved"])

    async def test_an_answer_that_nobody_heard_is_found_anew_once_its_evaluation_expired(
        self, guarded: Improvement, hub: GitHub
    ) -> None:
        await rule(guarded)
        delivery = await asked(guarded, hub)
        hub.failing[ENDS] = [503]
        with pytest.raises(Unavailable):
            await work(guarded, delivery)
        kept = await read(guarded, delivery)

        guarded.make_older({"id": kept["evaluation"]}, hours=25)
        guarded.fake.add_service("vpn", backlog_open=9)
        after = await work(guarded, delivery)

        assert (kept["answer"], after["answer"], hub.answers()) == (
            "approved",
            "rejected",
            ["rejected"],
        )
        assert after["evaluation"] != kept["evaluation"]

    async def test_an_answer_that_github_refuses_is_shown_with_its_reason(
        self, guarded: Improvement, hub: GitHub
    ) -> None:
        await rule(guarded)
        delivery = await asked(guarded, hub)
        hub.failing[ENDS] = [422]

        after = await work(guarded, delivery)
        again = await work(guarded, delivery)

        assert (after["state"], after["answer"]) == ("refused", "approved")
        assert "422 because it fails" in after["failure"]
        assert (again, hub.told) == (after, [])

    async def test_a_status_report_that_fails_keeps_nobody_from_the_answer(
        self, guarded: Improvement, hub: GitHub
    ) -> None:
        delivery = await asked(guarded, hub)
        hub.failing[ENDS] = [500]

        waiting = await work(guarded, delivery)
        await work(guarded, delivery)

        assert "500" in waiting["failure"]
        assert hub.answers() == [None]

    async def test_a_run_that_is_gone_is_asked_about_no_more(
        self, guarded: Improvement, hub: GitHub
    ) -> None:
        delivery = await asked(guarded, hub)
        hub.failing[ENDS] = [404]

        after = await work(guarded, delivery)

        assert (after["state"], "404" in after["failure"]) == ("lapsed", True)

    async def test_github_gets_few_status_reports_of_one_run(
        self, guarded: Improvement, hub: GitHub
    ) -> None:
        await rule(guarded)
        guarded.fake.down.add("metrics")
        delivery = await asked(guarded, hub)

        for _ in range(10):
            await work(guarded, delivery)

        assert len(hub.told) == 8
