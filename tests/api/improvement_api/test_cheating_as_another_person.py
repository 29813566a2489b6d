"""Ways to cheat a gate: one person in the place of two."""

import httpx
import pytest

from tests.support.cheating import (
    GATE,
    ROLES,
    Table,
    Way,
    asked_by_a_pipeline,
    check_refused,
    delegated,
    honestly_signed,
    sign_by,
)
from tests.support.gates import sign_off
from tests.support.improvement import Improvement

WAYS = Table()
way = WAYS.way


@pytest.mark.parametrize("trick", WAYS, ids=str)
async def test_is_refused(tollgate: Improvement, trick: Way) -> None:
    await check_refused(tollgate, trick)


@way("self-approval", 403, "self_approval")
async def _asks_and_signs(tollgate: Improvement) -> httpx.Response:
    await asked_by_a_pipeline(tollgate)
    ada = tollgate.caller("ada", "service_owner")
    path = f"/v1/services/vpn/gates/{GATE}/evaluations"
    asked = (await tollgate.http.post(path, headers=ada)).json()
    return await tollgate.sign(asked, "owner", ada)


@way("self-approval through a portal", 403, "self_approval")
async def _has_a_portal_ask(tollgate: Improvement) -> httpx.Response:
    await asked_by_a_pipeline(tollgate)
    portal = tollgate.caller("portal", **{"On-Behalf-Of": "ada"})
    path = f"/v1/services/vpn/gates/{GATE}/evaluations"
    asked = (await tollgate.http.post(path, headers=portal)).json()
    return await tollgate.sign(asked, "owner", tollgate.caller("ada", "service_owner"))


@way("one person for two roles", 409, "already_signed")
async def _signs_for_two_roles(tollgate: Improvement) -> httpx.Response:
    both = [sign_off("owner", "service_owner"), sign_off("manager", "manager")]
    await tollgate.publish(GATE, both)
    evaluation = await tollgate.evaluate()
    ada = tollgate.caller("ada", *ROLES)
    assert (await tollgate.sign(evaluation, "owner", ada)).status_code == 201
    return await tollgate.sign(evaluation, "manager", ada)


@way("two signatures of one person", 409, "already_signed")
async def _signs_twice(tollgate: Improvement) -> httpx.Response:
    evaluation = await asked_by_a_pipeline(tollgate, signatures=2)
    ada = tollgate.caller("ada", *ROLES)
    assert (await tollgate.sign(evaluation, "owner", ada)).status_code == 201
    return await tollgate.sign(evaluation, "owner", ada)


@way("signing and deciding", 409, "signer_cannot_decide")
async def _signs_and_decides(tollgate: Improvement) -> httpx.Response:
    evaluation = await honestly_signed(tollgate)
    return await tollgate.decide(evaluation, tollgate.caller("ada", *ROLES))


@way("signing in the name of another", 403, "not_in_person")
async def _signs_for_another(tollgate: Improvement) -> httpx.Response:
    evaluation = await asked_by_a_pipeline(tollgate)
    mallory = tollgate.caller("mallory", *ROLES, **{"On-Behalf-Of": "ada"})
    return await tollgate.sign(evaluation, "owner", mallory)


@way("deciding in the name of another", 403, "not_in_person")
async def _decides_for_another(tollgate: Improvement) -> httpx.Response:
    evaluation = await honestly_signed(tollgate)
    mallory = tollgate.caller("mallory", *ROLES, **{"On-Behalf-Of": "eve"})
    return await tollgate.decide(evaluation, mallory)


@way("deciding without the role", 403, "role_missing")
async def _decides_without_role(tollgate: Improvement) -> httpx.Response:
    evaluation = await honestly_signed(tollgate)
    return await tollgate.decide(evaluation, tollgate.caller("mallory", "service_owner"))


@way("signing though not among the named holders", 403, "not_eligible")
async def _is_not_among_the_named(tollgate: Improvement) -> httpx.Response:
    evaluation = await asked_by_a_pipeline(tollgate, of=["ada", "bob"])
    return await tollgate.sign(evaluation, "owner", tollgate.caller("mallory", "service_owner"))


# --- Delegations -----------------------------------------------------------------------------


@way("delegating to oneself", 422, "bad_delegation")
async def _delegates_to_herself(tollgate: Improvement) -> httpx.Response:
    reply: httpx.Response = await delegated(tollgate, to="ada")
    return reply


@way("passing a delegation on", 403, "role_missing")
async def _passes_a_delegation_on(tollgate: Improvement) -> httpx.Response:
    await delegated(tollgate)
    reply: httpx.Response = await delegated(tollgate, who="bob", to="mallory")
    return reply


@way("signing and having it signed for oneself", 409, "already_signed")
async def _signs_and_has_it_signed(tollgate: Improvement) -> httpx.Response:
    evaluation = await asked_by_a_pipeline(tollgate, signatures=2)
    delegation = await delegated(tollgate)
    assert (await sign_by(tollgate, evaluation, delegation, "bob")).status_code == 201
    return await tollgate.sign(evaluation, "owner", tollgate.caller("ada", "service_owner"))


@way("having it signed by two delegates", 409, "already_signed")
async def _has_it_signed_twice(tollgate: Improvement) -> httpx.Response:
    evaluation = await asked_by_a_pipeline(tollgate, signatures=2)
    first, second = await delegated(tollgate), await delegated(tollgate, to="dan")
    assert (await sign_by(tollgate, evaluation, first, "bob")).status_code == 201
    reply: httpx.Response = await sign_by(tollgate, evaluation, second, "dan")
    return reply


@way("signing for two others", 409, "already_signed")
async def _signs_for_two(tollgate: Improvement) -> httpx.Response:
    evaluation = await asked_by_a_pipeline(tollgate, signatures=2)
    first, second = await delegated(tollgate), await delegated(tollgate, who="cyd")
    assert (await sign_by(tollgate, evaluation, first, "bob")).status_code == 201
    reply: httpx.Response = await sign_by(tollgate, evaluation, second, "bob")
    return reply


@way("asking and having it signed for oneself", 403, "self_approval")
async def _asks_and_has_it_signed(tollgate: Improvement) -> httpx.Response:
    await asked_by_a_pipeline(tollgate)
    path = f"/v1/services/vpn/gates/{GATE}/evaluations"
    asked = (await tollgate.http.post(path, headers=tollgate.caller("ada"))).json()
    reply: httpx.Response = await sign_by(tollgate, asked, await delegated(tollgate), "bob")
    return reply


@way("asking and signing for another", 403, "self_approval")
async def _asks_and_signs_for_another(tollgate: Improvement) -> httpx.Response:
    await asked_by_a_pipeline(tollgate)
    path = f"/v1/services/vpn/gates/{GATE}/evaluations"
    asked = (await tollgate.http.post(path, headers=tollgate.caller("bob"))).json()
    reply: httpx.Response = await sign_by(tollgate, asked, await delegated(tollgate), "bob")
    return reply


@way("deciding what one has signed for another", 409, "signer_cannot_decide")
async def _delegate_decides(tollgate: Improvement) -> httpx.Response:
    evaluation = await asked_by_a_pipeline(tollgate)
    await sign_by(tollgate, evaluation, await delegated(tollgate), "bob")
    return await tollgate.decide(evaluation, tollgate.caller("bob", "board"))


@way("deciding what another has signed for oneself", 409, "signer_cannot_decide")
async def _delegator_decides(tollgate: Improvement) -> httpx.Response:
    evaluation = await asked_by_a_pipeline(tollgate)
    await sign_by(tollgate, evaluation, await delegated(tollgate), "bob")
    return await tollgate.decide(evaluation, tollgate.caller("ada", "board"))


@way("using the delegation of somebody else", 403, "not_your_delegation")
async def _uses_anothers_delegation(tollgate: Improvement) -> httpx.Response:
    evaluation = await asked_by_a_pipeline(tollgate)
    reply: httpx.Response = await sign_by(
        tollgate, evaluation, await delegated(tollgate), "mallory"
    )
    return reply


@way("using a delegation for another service", 403, "delegated_elsewhere")
async def _uses_it_elsewhere(tollgate: Improvement) -> httpx.Response:
    evaluation = await asked_by_a_pipeline(tollgate)
    delegation = await delegated(tollgate, service="mail")
    reply: httpx.Response = await sign_by(tollgate, evaluation, delegation, "bob")
    return reply


@way("using a delegation of another role", 403, "role_missing")
async def _uses_it_for_another_role(tollgate: Improvement) -> httpx.Response:
    evaluation = await asked_by_a_pipeline(tollgate)
    delegation = await delegated(tollgate, role="manager")
    reply: httpx.Response = await sign_by(tollgate, evaluation, delegation, "bob")
    return reply


@way("using a revoked delegation", 409, "delegation_not_valid")
async def _uses_a_revoked_one(tollgate: Improvement) -> httpx.Response:
    evaluation = await asked_by_a_pipeline(tollgate)
    delegation = await delegated(tollgate)
    path = f"/v1/delegations/{delegation['id']}/revocation"
    await tollgate.http.post(path, json={}, headers=tollgate.caller("ada"))
    reply: httpx.Response = await sign_by(tollgate, evaluation, delegation, "bob")
    return reply
