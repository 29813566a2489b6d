"""GitHub's webhook, and the rules by which its deployments are answered."""

from typing import Any
from uuid import uuid4

import pytest

from shared.errors import Unavailable
from tests.support.github import (
    BEFORE,
    ENDS,
    INSTALLATION,
    REQUESTS,
    RULE,
    RULES,
    GitHub,
    ask,
    asked,
    rule,
    work,
)
from tests.support.improvement import Improvement


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
        for reply in replies:
            told = (await guarded.http.get(reply.headers["Location"])).json()
            assert told["delivery"] == same

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


@pytest.mark.parametrize("delivery", ["unknown", "a%00b", "x" * 65])
async def test_a_delivery_that_nobody_sent_is_404(guarded: Improvement, delivery: str) -> None:
    reply = await guarded.http.get(f"/v1/deployment-protection/requests/{delivery}")

    assert reply.status_code == 404
