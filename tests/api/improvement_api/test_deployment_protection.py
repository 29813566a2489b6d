"""GitHub asks before a deployment, and is answered by the verdict of a gate."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest
from pydantic import SecretStr

from shared.errors import Unavailable
from tests.support.eventually import eventually
from tests.support.gates import automated, sign_off
from tests.support.github import APP_ID, INSTALLATION, GitHub, github, signature
from tests.support.improvement import Improvement, running_improvement
from tests.support.postgres import Database

GATE = "operate-to-improve"
SECRET, BEFORE = "of-the-app", "of-the-app-before"
RULES, REQUESTS = "/v1/deployment-protection/rules", "/v1/deployment-protection/requests"
RULE = {"repository": "Acme/Shop", "environment": "production", "service": "vpn", "gate": GATE}
ENDS = "deployment_protection_rule"


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[GitHub]:
    async with github(tmp_path) as server:
        yield server


@pytest.fixture
async def guarded(
    improvement_db: Database, tmp_path: Path, hub: GitHub
) -> AsyncIterator[Improvement]:
    """improvement-api as GitHub's app, at whose gate the service vpn passes."""
    knobs = {
        "github_webhook_secret": SecretStr(SECRET),
        "github_webhook_secret_before": SecretStr(BEFORE),
        "github_app_id": APP_ID,
        "github_app_key_file": hub.key_file,
        "github_api_url": hub.url,
        "public_url": "https://tollgate.example/",
    }
    async with running_improvement(improvement_db, tmp_path, **knobs) as running:
        running.fake.add_service("vpn")
        await running.publish(GATE, [automated(expression="backlog_open <= 3.0")])
        yield running


async def rule(guarded: Improvement, **fields: Any) -> Any:
    reply = await guarded.http.post(RULES, json=RULE | fields)
    assert reply.status_code == 201, reply.text
    return reply.json()


async def ask(
    guarded: Improvement, sent: dict[str, Any], secret: str = SECRET, **headers: str
) -> httpx.Response:
    body = json.dumps(sent).encode()
    told = {
        "X-GitHub-Event": "deployment_protection_rule",
        "X-GitHub-Delivery": str(uuid4()),
        "X-Hub-Signature-256": signature(body, secret),
        "Content-Type": "application/json",
    } | {name.replace("_", "-"): value for name, value in headers.items()}
    transport = httpx.ASGITransport(app=guarded.app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://improvement") as http:
        return await http.post("/v1/deployment-protection/github", content=body, headers=told)


async def asked(guarded: Improvement, hub: GitHub, **fields: Any) -> str:
    """The delivery of a question that was taken."""
    delivery = str(uuid4())
    reply = await ask(guarded, hub.asks(**fields), X_GitHub_Delivery=delivery)
    assert (reply.status_code, reply.json()["taken"]) == (202, True), reply.text
    return delivery


async def work(guarded: Improvement, delivery: str) -> Any:
    """Look at a request once, as the worker would."""
    await guarded.run_job("answer_deployment", {"delivery": delivery})
    return await read(guarded, delivery)


async def read(guarded: Improvement, delivery: str) -> Any:
    reply = await guarded.http.get(f"{REQUESTS}/{delivery}")
    assert reply.status_code == 200, reply.text
    return reply.json()


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


class TestWebhook:
    async def test_a_delivery_is_taken_once(self, guarded: Improvement, hub: GitHub) -> None:
        same = str(uuid4())

        replies = [
            await ask(guarded, hub.asks(), X_GitHub_Delivery=same),
            await ask(guarded, hub.asks(), BEFORE, X_GitHub_Delivery=same),
        ]

        assert [reply.status_code for reply in replies] == [202, 202]
        assert [reply.json()["taken"] for reply in replies] == [True, False]
        listed = (await guarded.http.get(REQUESTS)).json()["items"]
        assert [item["delivery"] for item in listed] == [same]

    async def test_a_wrong_signature_is_403_and_nothing_is_kept(
        self, guarded: Improvement, hub: GitHub
    ) -> None:
        forged = await ask(guarded, hub.asks(), "guessed")
        unsigned = await ask(guarded, hub.asks(), X_Hub_Signature_256="")

        assert [reply.status_code for reply in (forged, unsigned)] == [403, 403]
        assert (await guarded.http.get(REQUESTS)).json()["items"] == []

    @pytest.mark.parametrize(
        ("event", "action"), [("ping", None), ("push", None), (ENDS, "completed")]
    )
    async def test_other_events_are_welcome_and_not_taken(
        self, guarded: Improvement, hub: GitHub, event: str, action: str | None
    ) -> None:
        sent = {"zen": "Approachable is better than simple.", "action": action}

        reply = await ask(guarded, sent, X_GitHub_Event=event)

        assert (reply.status_code, reply.json()["taken"]) == (202, False)

    @pytest.mark.parametrize(
        ("fields", "pointer"),
        [
            ({"deployment_callback_url": "http://169.254.169.254/"}, "/deployment_callback_url"),
            ({"repository": {"full_name": "acme"}}, "/repository/full_name"),
            ({"repository": {"full_name": "acme/other"}}, "/deployment_callback_url"),
            ({"environment": "a\u0000"}, "/environment"),
            ({"installation": {"id": 2**63}}, "/installation/id"),
            ({"installation": None}, "/installation"),
        ],
    )
    async def test_what_cannot_be_answered_is_422_with_its_place(
        self, guarded: Improvement, hub: GitHub, fields: dict[str, Any], pointer: str
    ) -> None:
        reply = await ask(guarded, hub.asks(**fields))

        assert reply.status_code == 422
        assert [error["pointer"] for error in reply.json()["errors"]] == [pointer]

    async def test_a_signed_body_that_is_no_object_is_400(
        self, guarded: Improvement, hub: GitHub
    ) -> None:
        reply = await ask(guarded, [1])  # type: ignore[arg-type]

        assert (reply.status_code, reply.json()["code"]) == (400, "unparsable")

    async def test_without_settings_it_is_409_and_says_which_are_missing(
        self, tollgate: Improvement, hub: GitHub
    ) -> None:
        reply = await ask(tollgate, hub.asks())

        assert (reply.status_code, reply.json()["code"]) == (409, "github_not_configured")
        assert reply.json()["missing"] == [
            "IMPROVEMENT_GITHUB_WEBHOOK_SECRET",
            "IMPROVEMENT_GITHUB_APP_ID",
            "IMPROVEMENT_GITHUB_APP_KEY_FILE",
        ]


class TestRules:
    async def test_one_environment_has_one_rule_in_whatever_case(
        self, guarded: Improvement
    ) -> None:
        made = await rule(guarded)

        again = await guarded.http.post(
            RULES, json=RULE | {"repository": "ACME/shop", "environment": "Production"}
        )

        assert (made["repository"], made["environment"]) == ("acme/shop", "production")
        assert (again.status_code, again.json()["code"]) == (409, "rule_exists")

    async def test_it_is_changed_and_deleted_on_the_version_one_has_read(
        self, guarded: Improvement
    ) -> None:
        path = f"{RULES}/{(await rule(guarded))['id']}"
        change = {"allow_warning": True, "gate": "to-retirement"}

        without = await guarded.http.patch(path, json=change)
        changed = await guarded.http.patch(path, json=change, headers={"If-Match": '"1"'})
        stale = await guarded.http.delete(path, headers={"If-Match": '"1"'})
        deleted = await guarded.http.delete(path, headers={"If-Match": '"2"'})

        found = [reply.status_code for reply in (without, changed, stale, deleted)]
        assert found == [428, 200, 412, 204]
        assert changed.json()["gate"] == "to-retirement"
        assert (await guarded.http.get(path)).status_code == 404
        audit = await guarded.http.get("/v1/audit", params={"resource": "deployment_rule"})
        actions = [entry["action"] for entry in audit.json()["items"]]
        assert actions == ["deleted", "changed", "created"]

    async def test_rules_are_listed_by_repository_and_service(self, guarded: Improvement) -> None:
        guarded.fake.add_service("mail")
        await rule(guarded)
        await rule(guarded, environment="staging", service="mail")
        await rule(guarded, repository="acme/other")

        async def listed(**params: Any) -> list[str]:
            items = (await guarded.http.get(RULES, params=params)).json()["items"]
            return [f"{item['repository']} {item['environment']}" for item in items]

        assert await listed() == [
            "acme/other production",
            "acme/shop production",
            "acme/shop staging",
        ]
        assert await listed(repository="ACME/Shop", limit=1) == ["acme/shop production"]
        assert await listed(service="mail") == ["acme/shop staging"]

    @pytest.mark.parametrize(
        ("fields", "pointer"),
        [
            ({"service": "none"}, "/service"),
            ({"repository": "shop"}, "/repository"),
            ({"environment": ""}, "/environment"),
            ({"gate": "to-heaven"}, "/gate"),
        ],
    )
    async def test_a_malformed_one_is_422_with_its_place(
        self, guarded: Improvement, fields: dict[str, str], pointer: str
    ) -> None:
        reply = await guarded.http.post(RULES, json=RULE | fields)

        assert reply.status_code == 422
        assert reply.json()["errors"][0]["pointer"] == pointer

    async def test_requests_are_found_by_state_repository_and_environment(
        self, guarded: Improvement, hub: GitHub
    ) -> None:
        await rule(guarded)
        answered = await asked(guarded, hub)
        await work(guarded, answered)
        waiting = await asked(guarded, hub, environment="staging")

        async def listed(**params: str) -> list[str]:
            items = (await guarded.http.get(REQUESTS, params=params)).json()["items"]
            return [item["delivery"] for item in items]

        assert await listed() == [waiting, answered]
        assert await listed(state="waiting") == [waiting]
        assert await listed(environment="PRODUCTION", repository="acme/SHOP") == [answered]
        assert await listed(service="vpn") == [answered]
        unknown = await guarded.http.get(f"{REQUESTS}/{uuid4()}")
        assert unknown.status_code == 404

    async def test_an_installation_is_asked_for_as_the_webhook_named_it(
        self, guarded: Improvement, hub: GitHub
    ) -> None:
        await rule(guarded)
        delivery = await asked(guarded, hub, installation={"id": INSTALLATION + 1})

        with pytest.raises(Unavailable, match="404"):
            await work(guarded, delivery)
