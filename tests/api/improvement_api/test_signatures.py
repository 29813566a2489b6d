"""Signing an evaluation, and every way to cheat with it."""

import asyncio
from typing import Any

import pytest

from tests.support.gates import automated, sign_off
from tests.support.improvement import Improvement

GATE = "operate-to-improve"


@pytest.fixture
async def evaluation(tollgate: Improvement) -> Any:
    """Asked for by the pipeline; two owners and one manager have to sign."""
    criteria = [
        automated(expression="backlog_open <= 3.0"),
        sign_off("owners", "service_owner", signatures=2),
        sign_off("manager", "manager"),
    ]
    await tollgate.publish(GATE, criteria)
    return await tollgate.evaluate()


async def read(tollgate: Improvement, evaluation: Any) -> Any:
    return (await tollgate.http.get(f"/v1/evaluations/{evaluation['id']}")).json()


async def test_enough_signatures_of_each_role_complete_the_verdict(
    tollgate: Improvement, evaluation: Any
) -> None:
    for subject, role, criterion in (
        ("ada", "service_owner", "owners"),
        ("bob", "service_owner", "owners"),
        ("cyd", "manager", "manager"),
    ):
        reply = await tollgate.sign(evaluation, criterion, tollgate.caller(subject, role))
        assert reply.status_code == 201
        assert reply.json()["signed_by"] == subject

    after = await read(tollgate, evaluation)
    assert (after["verdict"], after["standing"]) == ("pass", "signed")
    assert [signature["signed_by"] for signature in after["signatures"]] == ["ada", "bob", "cyd"]
    assert after["facts_hash"] == evaluation["facts_hash"]


async def test_one_of_two_signatures_is_not_enough(tollgate: Improvement, evaluation: Any) -> None:
    await tollgate.sign(evaluation, "owners", tollgate.caller("ada", "service_owner"))

    after = await read(tollgate, evaluation)
    owners = next(c for c in after["criteria"] if c["id"] == "owners")
    assert owners["outcome"] == "inconclusive"
    assert owners["reason"] == "only 1 of 2 signatures of the role service_owner"


async def refusal(reply: Any) -> tuple[int, str]:
    return reply.status_code, reply.json()["code"]


async def test_who_lacks_the_role_cannot_sign(tollgate: Improvement, evaluation: Any) -> None:
    reply = await tollgate.sign(evaluation, "manager", tollgate.caller("ada", "service_owner"))

    assert await refusal(reply) == (403, "role_missing")
    assert reply.json()["missing_role"] == "manager"


async def test_who_asked_for_the_evaluation_cannot_approve_it(tollgate: Improvement) -> None:
    ada = tollgate.caller("ada", "service_owner")
    path = f"/v1/services/vpn/gates/{GATE}/evaluations"
    asked_by_herself = (await tollgate.http.post(path, headers=ada)).json()
    through_a_portal = tollgate.caller("portal", **{"On-Behalf-Of": "ada"})

    reply = await tollgate.sign(asked_by_herself, "owner-commits", ada)
    assert await refusal(reply) == (403, "self_approval")

    asked_for_her = (await tollgate.http.post(path, headers=through_a_portal)).json()
    reply = await tollgate.sign(asked_for_her, "owner-commits", ada)
    assert await refusal(reply) == (403, "self_approval")


async def test_nobody_signs_twice(tollgate: Improvement, evaluation: Any) -> None:
    ada = tollgate.caller("ada", "service_owner")
    await tollgate.sign(evaluation, "owners", ada)

    assert await refusal(await tollgate.sign(evaluation, "owners", ada)) == (409, "already_signed")


async def test_one_person_cannot_sign_for_two_roles(tollgate: Improvement, evaluation: Any) -> None:
    ada = tollgate.caller("ada", "service_owner", "manager")
    await tollgate.sign(evaluation, "owners", ada)

    assert await refusal(await tollgate.sign(evaluation, "manager", ada)) == (409, "already_signed")


async def test_one_person_signing_for_two_roles_at_once_gets_through_with_one(
    tollgate: Improvement, evaluation: Any
) -> None:
    ada = tollgate.caller("ada", "service_owner", "manager")

    replies = await asyncio.gather(
        *(tollgate.sign(evaluation, criterion, ada) for criterion in ["owners", "manager"] * 3)
    )

    assert sorted(reply.status_code for reply in replies) == [201] + [409] * 5


async def test_a_signature_for_another_hash_is_refused(
    tollgate: Improvement, evaluation: Any
) -> None:
    ada = tollgate.caller("ada", "service_owner")

    reply = await tollgate.sign(evaluation, "owners", ada, "0" * 64)

    assert await refusal(reply) == (409, "facts_changed")
    assert reply.json()["errors"][0]["pointer"] == "/facts_hash"


async def test_a_signature_is_not_carried_over_to_new_facts(
    tollgate: Improvement, evaluation: Any
) -> None:
    ada = tollgate.caller("ada", "service_owner")
    await tollgate.sign(evaluation, "owners", ada)
    tollgate.fake.add_service("vpn", backlog_open=9)

    later = await tollgate.evaluate()

    assert later["signatures"] == []
    reply = await tollgate.sign(later, "owners", ada, evaluation["facts_hash"])
    assert await refusal(reply) == (409, "facts_changed")


async def test_a_superseded_evaluation_cannot_be_signed(
    tollgate: Improvement, evaluation: Any
) -> None:
    await tollgate.evaluate()

    reply = await tollgate.sign(evaluation, "owners", tollgate.caller("ada", "service_owner"))

    assert await refusal(reply) == (409, "evaluation_superseded")


async def test_an_expired_evaluation_cannot_be_signed(
    tollgate: Improvement, evaluation: Any
) -> None:
    tollgate.make_older(evaluation, hours=25)

    reply = await tollgate.sign(evaluation, "owners", tollgate.caller("ada", "service_owner"))

    assert await refusal(reply) == (409, "evaluation_expired")


async def test_nobody_signs_in_the_place_of_a_person(
    tollgate: Improvement, evaluation: Any
) -> None:
    portal = tollgate.caller("portal", "service_owner", **{"On-Behalf-Of": "ada"})

    assert await refusal(await tollgate.sign(evaluation, "owners", portal)) == (
        403,
        "not_in_person",
    )


@pytest.mark.parametrize("criterion", ["quiet", "nonsense"])
async def test_only_a_sign_off_criterion_can_be_signed(
    tollgate: Improvement, evaluation: Any, criterion: str
) -> None:
    reply = await tollgate.sign(evaluation, criterion, tollgate.caller("ada", "service_owner"))

    assert await refusal(reply) == (422, "no_sign_off")
    assert reply.json()["errors"][0]["pointer"] == "/criterion"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"criterion": "owners"},
        {"criterion": "owners", "facts_hash": "abc"},
        {"criterion": "No Key", "facts_hash": "0" * 64},
        {"criterion": "owners", "facts_hash": "0" * 64, "role": "manager"},
    ],
)
async def test_a_malformed_signature_is_422(
    tollgate: Improvement, evaluation: Any, body: dict[str, Any]
) -> None:
    path = f"/v1/evaluations/{evaluation['id']}/signatures"

    assert (await tollgate.http.post(path, json=body)).status_code == 422


async def test_an_unknown_evaluation_cannot_be_signed(tollgate: Improvement) -> None:
    nothing = {"id": "00000000-0000-0000-0000-000000000000", "facts_hash": "0" * 64}

    reply = await tollgate.sign(nothing, "owners", tollgate.caller("ada", "service_owner"))

    assert reply.status_code == 404


async def test_without_the_scope_nobody_signs(tollgate: Improvement, evaluation: Any) -> None:
    ada = tollgate.caller("ada", "service_owner", scope="gates:read evaluations:write")

    assert await refusal(await tollgate.sign(evaluation, "owners", ada)) == (
        403,
        "insufficient_scope",
    )
