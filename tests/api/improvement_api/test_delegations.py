"""Delegations: a holder of a role lets a named person sign for it, for a time."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.support.gates import automated, sign_off
from tests.support.improvement import Improvement

GATE = "operate-to-improve"
DELEGATIONS = "/v1/delegations"


def in_days(days: float) -> str:
    return (datetime.now(UTC) + timedelta(days=days)).isoformat()


async def delegate(tollgate: Improvement, **fields: Any) -> Any:
    """By ada, a service owner, to bob, for a week."""
    body = {
        "role": "service_owner",
        "delegate": "bob",
        "valid_until": in_days(7),
        "reason": "I am on leave",
    } | fields
    ada = tollgate.caller("ada", "service_owner")
    reply = await tollgate.http.post(DELEGATIONS, json=body, headers=ada)
    assert reply.status_code == 201, reply.text
    return reply.json()


async def sign_by(tollgate: Improvement, evaluation: Any, delegation: Any, who: str) -> Any:
    body = {
        "criterion": "owner",
        "facts_hash": evaluation["facts_hash"],
        "delegation": delegation["id"],
    }
    path = f"/v1/evaluations/{evaluation['id']}/signatures"
    return await tollgate.http.post(path, json=body, headers=tollgate.caller(who))


@pytest.fixture
async def evaluation(tollgate: Improvement) -> Any:
    criteria = [automated(expression="backlog_open <= 3.0"), sign_off("owner", "service_owner")]
    await tollgate.publish(GATE, criteria)
    return await tollgate.evaluate()


async def test_a_delegate_signs_and_the_signature_names_both(
    tollgate: Improvement, evaluation: Any
) -> None:
    delegation = await delegate(tollgate, service="vpn", gate=GATE)

    reply = await sign_by(tollgate, evaluation, delegation, "bob")

    assert reply.status_code == 201, reply.text
    signature = reply.json()
    assert (signature["signed_by"], signature["on_behalf_of"]) == ("bob", "ada")
    assert signature["delegation"] == delegation["id"]
    after = (await tollgate.http.get(f"/v1/evaluations/{evaluation['id']}")).json()
    assert (after["verdict"], after["signatures"]) == ("pass", [signature])


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"delegate": "ada"}, "/delegate"),
        ({"valid_until": in_days(-1)}, "/valid_until"),
        ({"valid_until": in_days(400)}, "/valid_until"),
        ({"valid_from": in_days(3), "valid_until": in_days(2)}, "/valid_until"),
        ({"reason": ""}, "/reason"),
        ({"delegate": "b\u0000b"}, "/delegate"),
        ({"valid_until": "0001-01-01T00:00:00Z"}, "/valid_until"),
        ({"role": "No Role"}, "/role"),
    ],
)
async def test_a_delegation_that_cannot_be_is_422(
    tollgate: Improvement, fields: dict[str, Any], pointer: str
) -> None:
    body = {"role": "service_owner", "delegate": "bob", "valid_until": in_days(7), "reason": "x"}
    ada = tollgate.caller("ada", "service_owner")

    reply = await tollgate.http.post(DELEGATIONS, json=body | fields, headers=ada)

    assert reply.status_code == 422
    assert [error["pointer"] for error in reply.json()["errors"]] == [pointer]


async def test_it_is_revoked_by_either_of_the_two_and_only_once(
    tollgate: Improvement, evaluation: Any
) -> None:
    delegation = await delegate(tollgate)
    path = f"{DELEGATIONS}/{delegation['id']}/revocation"

    by_another = await tollgate.http.post(path, json={}, headers=tollgate.caller("eve"))
    by_delegate = await tollgate.http.post(path, json={}, headers=tollgate.caller("bob"))
    again = await tollgate.http.post(path, json={}, headers=tollgate.caller("ada"))
    signed = await sign_by(tollgate, evaluation, delegation, "bob")

    assert (by_another.status_code, by_another.json()["code"]) == (403, "not_your_delegation")
    assert (by_delegate.status_code, by_delegate.json()["state"]) == (200, "revoked")
    assert (again.status_code, again.json()["code"]) == (409, "delegation_not_valid")
    assert (signed.status_code, signed.json()["state"]) == (409, "revoked")


async def test_before_its_time_and_after_it_nobody_signs_by_it(
    tollgate: Improvement, evaluation: Any
) -> None:
    ahead = await delegate(tollgate, valid_from=in_days(1))
    over = await delegate(tollgate)
    tollgate.as_admin(
        "UPDATE improvement.delegation SET valid_from = now() - interval '2 days',"
        " valid_until = now() WHERE id = %s",
        over["id"],
    )

    replies = [await sign_by(tollgate, evaluation, one, "bob") for one in (ahead, over)]

    assert [reply.json()["state"] for reply in replies] == ["ahead", "over"]
    assert {reply.status_code for reply in replies} == {409}


async def test_delegations_are_listed_by_person_role_and_validity(tollgate: Improvement) -> None:
    to_bob = await delegate(tollgate)
    to_cyd = await delegate(tollgate, delegate="cyd", valid_from=in_days(1))

    async def listed(**params: Any) -> list[str]:
        reply = await tollgate.http.get(DELEGATIONS, params=params)
        assert reply.status_code == 200, reply.text
        return [item["id"] for item in reply.json()["items"]]

    assert await listed() == [to_cyd["id"], to_bob["id"]]
    assert await listed(delegate="bob") == [to_bob["id"]]
    assert await listed(delegator="bob") == []
    assert await listed(role="service_owner", valid_at=in_days(0.5)) == [to_bob["id"]]
    found = (await tollgate.http.get(f"{DELEGATIONS}/{to_cyd['id']}")).json()
    assert (found["state"], found["delegator"]) == ("ahead", "ada")


async def test_an_unknown_delegation_is_404_and_in_a_signature_422(
    tollgate: Improvement, evaluation: Any
) -> None:
    nothing = {"id": "00000000-0000-0000-0000-000000000000"}

    reply = await sign_by(tollgate, evaluation, nothing, "bob")

    assert (await tollgate.http.get(f"{DELEGATIONS}/{nothing['id']}")).status_code == 404
    assert (reply.status_code, reply.json()["errors"][0]["pointer"]) == (422, "/delegation")


class TestWithdrawing:
    async def withdraw(self, tollgate: Improvement, signature: Any, who: str) -> Any:
        path = f"/v1/evaluations/{signature['evaluation']}/signatures/{signature['id']}/withdrawal"
        body = {"reason": "The plan has changed"}
        return await tollgate.http.post(path, json=body, headers=tollgate.caller(who))

    async def test_a_signature_that_is_taken_back_counts_no_more_and_can_be_given_again(
        self, tollgate: Improvement, evaluation: Any
    ) -> None:
        ada = tollgate.caller("ada", "service_owner")
        signature = (await tollgate.sign(evaluation, "owner", ada)).json()

        reply = await self.withdraw(tollgate, signature, "ada")

        path = f"/v1/evaluations/{evaluation['id']}"
        assert (reply.status_code, reply.json()["counts"]) == (200, False)
        without = (await tollgate.http.get(path)).json()
        assert (without["verdict"], without["standing"]) == ("inconclusive", "open")
        assert without["signatures"] == [reply.json()]
        assert (await tollgate.sign(evaluation, "owner", ada)).status_code == 201
        after = (await tollgate.http.get(path)).json()
        assert [one["counts"] for one in after["signatures"]] == [False, True]
        assert after["verdict"] == "pass"

    async def test_only_who_stands_behind_a_signature_takes_it_back_and_once(
        self, tollgate: Improvement, evaluation: Any
    ) -> None:
        delegation = await delegate(tollgate)
        signature = (await sign_by(tollgate, evaluation, delegation, "bob")).json()

        replies = [await self.withdraw(tollgate, signature, who) for who in ("eve", "ada", "bob")]

        assert [reply.status_code for reply in replies] == [403, 200, 409]
        assert replies[2].json()["code"] == "signature_counts_no_more"

    async def test_after_the_decision_it_is_too_late(
        self, tollgate: Improvement, evaluation: Any
    ) -> None:
        ada = tollgate.caller("ada", "service_owner")
        signature = (await tollgate.sign(evaluation, "owner", ada)).json()
        await tollgate.decide(evaluation, tollgate.caller("eve", "board"))

        reply = await self.withdraw(tollgate, signature, "ada")

        assert (reply.status_code, reply.json()["code"]) == (409, "evaluation_decided")

    async def test_a_signature_that_is_not_there_is_404(
        self, tollgate: Improvement, evaluation: Any
    ) -> None:
        nothing = {"id": "00000000-0000-0000-0000-000000000000", "evaluation": evaluation["id"]}

        assert (await self.withdraw(tollgate, nothing, "ada")).status_code == 404


class TestHowLongASignatureCounts:
    async def test_after_its_hours_it_counts_no_more_and_can_be_given_again(
        self, tollgate: Improvement
    ) -> None:
        criteria = [sign_off("owner", "service_owner", signature_hours=2)]
        await tollgate.publish(GATE, criteria, max_age_hours=100)
        evaluation = await tollgate.evaluate_and_sign("vpn")
        path = f"/v1/evaluations/{evaluation['id']}"
        assert (await tollgate.http.get(path)).json()["verdict"] == "pass"
        tollgate.as_admin(
            "UPDATE improvement.signature SET signed_at = signed_at - interval '2 hours',"
            " expires_at = expires_at - interval '2 hours'"
        )

        lapsed = (await tollgate.http.get(path)).json()
        decided = await tollgate.decide(evaluation, tollgate.caller("eve", "board"))
        again = await tollgate.sign(evaluation, "owner", tollgate.caller("ada", "service_owner"))

        assert (lapsed["verdict"], lapsed["standing"]) == ("inconclusive", "open")
        assert lapsed["signatures"][0]["counts"] is False
        assert (decided.status_code, decided.json()["code"]) == (409, "gate_not_passed")
        assert again.status_code == 201

    async def test_what_a_decision_was_based_on_goes_on_counting_there(
        self, tollgate: Improvement
    ) -> None:
        await tollgate.publish(GATE, [sign_off("owner", "service_owner", signature_hours=2)])
        evaluation = await tollgate.evaluate_and_sign("vpn")
        await tollgate.decide(evaluation, tollgate.caller("eve", "board"))
        tollgate.as_admin("UPDATE improvement.signature SET expires_at = now() + interval '1 ms'")

        after = (await tollgate.http.get(f"/v1/evaluations/{evaluation['id']}")).json()

        assert (after["standing"], after["verdict"]) == ("decided", "pass")
        assert after["signatures"][0]["counts"] is True


class TestNOfM:
    async def test_only_the_named_holders_sign(self, tollgate: Improvement) -> None:
        criterion = sign_off("owner", "service_owner", signatures=2, of=["ada", "bob", "cyd"])
        made = await tollgate.publish(GATE, [criterion])
        evaluation = await tollgate.evaluate()

        replies = {
            who: await tollgate.sign(evaluation, "owner", tollgate.caller(who, "service_owner"))
            for who in ("ada", "dan", "cyd")
        }

        assert made["criteria"][0]["of"] == ["ada", "bob", "cyd"]
        assert [reply.status_code for reply in replies.values()] == [201, 403, 201]
        assert replies["dan"].json()["code"] == "not_eligible"
        after = (await tollgate.http.get(f"/v1/evaluations/{evaluation['id']}")).json()
        assert after["verdict"] == "pass"

    @pytest.mark.parametrize(
        "fields",
        [{"of": ["ada"], "signatures": 2}, {"of": ["ada", "ada"]}, {"of": []}],
    )
    async def test_there_are_as_many_holders_as_signatures_at_least(
        self, tollgate: Improvement, fields: dict[str, Any]
    ) -> None:
        body = {
            "criteria": [sign_off("owner", "service_owner", **fields)],
            "decided_by": "board",
            "reason": "test",
        }

        reply = await tollgate.http.post(f"/v1/gates/{GATE}/versions", json=body)

        assert reply.status_code == 422
