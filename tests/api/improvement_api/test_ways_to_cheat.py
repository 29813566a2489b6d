"""A table of all the ways to cheat a gate: each is tried here, and refused.

Every way is one function: it sets its scene, tries the trick and gives the refusal. The decorator
above it says what is answered, and how many decisions (honest ones) there are at the end. Whoever
thinks of another way adds a row.
"""

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc import jws
from joserfc.jwk import OctKey, OKPKey

from tests.support.beside import catalog_beside
from tests.support.gates import automated, gate_of, sign_off
from tests.support.improvement import Improvement, running_improvement, write_private_key
from tests.support.postgres import Database
from tests.support.voting import seated, vote
from tests.support.waivers import WAIVERS, ask, asking, let_expire, move, waive

GATE = "operate-to-improve"
ROLES = ("service_owner", "manager", "board")  # of somebody who holds them all


Attempt = Callable[[Improvement], Awaitable[httpx.Response]]


@dataclass(frozen=True)
class Way:
    """How somebody tries to cheat, and what they are told."""

    name: str
    attempt: Attempt
    status: int
    code: str
    honest_decisions: int


WAYS: list[Way] = []


def way(name: str, status: int, code: str, *, decisions: int = 0) -> Callable[[Attempt], Attempt]:
    """Enter a way into the table."""

    def enter(attempt: Attempt) -> Attempt:
        WAYS.append(Way(name, attempt, status, code, decisions))
        return attempt

    return enter


@pytest.mark.parametrize("trick", WAYS, ids=lambda trick: trick.name.replace(" ", "-"))
async def test_is_refused(tollgate: Improvement, trick: Way) -> None:
    reply = await trick.attempt(tollgate)

    assert (reply.status_code, reply.json()["code"]) == (trick.status, trick.code), reply.text
    decisions = (await tollgate.http.get("/v1/decisions")).json()["items"]
    assert len(decisions) == trick.honest_decisions
    assert (await tollgate.http.get("/v1/decision-log/verify")).json()["intact"] is True


# The gate of most scenes: few incidents are open, an owner has signed, the board decides.


async def asked_by_a_pipeline(tollgate: Improvement, **signed: Any) -> Any:
    criteria = [
        automated(expression="backlog_open <= 3.0"),
        sign_off("owner", "service_owner", **signed),
    ]
    await tollgate.publish(GATE, criteria)
    return await tollgate.evaluate()


async def honestly_signed(tollgate: Improvement) -> Any:
    """By ada; it passes and may be decided."""
    evaluation = await asked_by_a_pipeline(tollgate)
    reply = await tollgate.sign(evaluation, "owner", tollgate.caller("ada", "service_owner"))
    assert reply.status_code == 201, reply.text
    return evaluation


def eve(tollgate: Improvement) -> dict[str, str]:
    """Who decides."""
    return tollgate.caller("eve", "board")


# --- One person in the place of two ----------------------------------------------------------


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


async def delegated(tollgate: Improvement, who: str = "ada", to: str = "bob", **more: Any) -> Any:
    until = (datetime.now(UTC) + timedelta(days=7)).isoformat()
    body = {"role": "service_owner", "delegate": to, "valid_until": until, "reason": "x"} | more
    holder = tollgate.caller(who, *(ROLES if who in ("ada", "cyd") else ()))
    reply = await tollgate.http.post("/v1/delegations", json=body, headers=holder)
    return reply if reply.status_code != 201 else reply.json()


async def sign_by(tollgate: Improvement, evaluation: Any, delegation: Any, who: str) -> Any:
    body = {
        "criterion": "owner",
        "facts_hash": evaluation["facts_hash"],
        "delegation": delegation["id"],
    }
    path = f"/v1/evaluations/{evaluation['id']}/signatures"
    return await tollgate.http.post(path, json=body, headers=tollgate.caller(who, "board"))


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


# --- Old signatures, old evaluations, old facts ----------------------------------------------


@way("a signature reused on new facts", 409, "facts_changed")
async def _reuses_a_signature(tollgate: Improvement) -> httpx.Response:
    signed = await honestly_signed(tollgate)
    tollgate.fake.add_service("vpn", backlog_open=9)
    later = await tollgate.evaluate()
    assert later["signatures"] == []
    ada = tollgate.caller("ada", "service_owner")
    return await tollgate.sign(later, "owner", ada, signed["facts_hash"])


@way("a withdrawn signature", 409, "gate_not_passed")
async def _decides_without_the_signature(tollgate: Improvement) -> httpx.Response:
    evaluation = await asked_by_a_pipeline(tollgate)
    ada = tollgate.caller("ada", "service_owner")
    given = (await tollgate.sign(evaluation, "owner", ada)).json()
    path = f"/v1/evaluations/{evaluation['id']}/signatures/{given['id']}/withdrawal"
    assert (await tollgate.http.post(path, json={}, headers=ada)).status_code == 200
    return await tollgate.decide(evaluation, eve(tollgate))


@way("an expired signature", 409, "gate_not_passed")
async def _decides_on_an_expired_signature(tollgate: Improvement) -> httpx.Response:
    evaluation = await asked_by_a_pipeline(tollgate, signature_hours=1)
    await tollgate.sign(evaluation, "owner", tollgate.caller("ada", "service_owner"))
    tollgate.as_admin("UPDATE improvement.signature SET expires_at = now()")
    return await tollgate.decide(evaluation, eve(tollgate))


@way("a superseded evaluation", 409, "evaluation_superseded")
async def _decides_on_a_superseded_one(tollgate: Improvement) -> httpx.Response:
    signed = await honestly_signed(tollgate)
    tollgate.fake.add_service("vpn", backlog_open=9)
    await tollgate.evaluate()
    return await tollgate.decide(signed, eve(tollgate))


@way("an expired evaluation", 409, "evaluation_expired")
async def _decides_on_an_expired_one(tollgate: Improvement) -> httpx.Response:
    signed = await honestly_signed(tollgate)
    tollgate.make_older(signed, hours=24.1)
    return await tollgate.decide(signed, eve(tollgate))


@way("the evaluation of another service", 422, "unknown_evaluation")
async def _decides_by_anothers_evaluation(tollgate: Improvement) -> httpx.Response:
    signed = await honestly_signed(tollgate)
    tollgate.fake.add_service("mail")
    return await tollgate.decide(signed | {"service": "mail"}, eve(tollgate))


@way("the evaluation of another gate", 422, "unknown_evaluation")
async def _decides_at_another_gate(tollgate: Improvement) -> httpx.Response:
    signed = await honestly_signed(tollgate)
    return await tollgate.decide(signed | {"gate": "to-retirement"}, eve(tollgate))


@way("stale facts", 409, "gate_not_passed")
async def _relies_on_stale_facts(tollgate: Improvement) -> httpx.Response:
    criteria = [automated(expression="backlog_open <= 3.0", freshness_hours=1)]
    await tollgate.publish(GATE, criteria)
    tollgate.fake.as_of = datetime.now(UTC) - timedelta(hours=2)
    return await tollgate.decide(await tollgate.evaluate(), eve(tollgate))


@way("an owner of facts that is kept from answering", 409, "gate_not_passed")
async def _keeps_an_owner_from_answering(tollgate: Improvement) -> httpx.Response:
    await tollgate.publish(GATE, [automated(expression="backlog_open <= 3.0")])
    tollgate.fake.down.add("metrics")
    return await tollgate.decide(await tollgate.evaluate(), eve(tollgate))


# --- Waivers ---------------------------------------------------------------------------------


async def failing(tollgate: Improvement) -> Any:
    await tollgate.publish(GATE, [automated()], warning_threshold=0.5)
    return await tollgate.evaluate()


@way("approving one's own waiver", 403, "self_approval")
async def _approves_her_own(tollgate: Improvement) -> httpx.Response:
    await failing(tollgate)
    waiver = await ask(tollgate, "ada")
    return await move(tollgate, waiver, "approved", tollgate.caller("ada", *ROLES))


@way("approving a waiver asked for in another name", 403, "self_approval")
async def _asks_in_another_name(tollgate: Improvement) -> httpx.Response:
    await failing(tollgate)
    as_ada = tollgate.caller("bob", **{"On-Behalf-Of": "ada"})
    waiver = (await tollgate.http.post(WAIVERS, json=asking(), headers=as_ada)).json()
    assert waiver["requested_by"] == "ada"
    return await move(tollgate, waiver, "approved", tollgate.caller("bob", *ROLES))


@way("approving a waiver without the role", 403, "role_missing")
async def _approves_without_role(tollgate: Improvement) -> httpx.Response:
    await failing(tollgate)
    waiver = await ask(tollgate, "ada")
    return await move(tollgate, waiver, "approved", tollgate.caller("rita", "service_owner"))


@way("a waiver that nobody approved", 409, "gate_not_passed")
async def _relies_on_a_request(tollgate: Improvement) -> httpx.Response:
    evaluation = await failing(tollgate)
    await ask(tollgate)
    return await tollgate.decide(evaluation, eve(tollgate))


@way("an expired waiver", 409, "gate_not_passed")
async def _relies_on_an_expired_waiver(tollgate: Improvement) -> httpx.Response:
    evaluation = await failing(tollgate)
    let_expire(tollgate, await waive(tollgate))
    return await tollgate.decide(evaluation, eve(tollgate))


@way("a waiver of another service", 409, "gate_not_passed")
async def _relies_on_anothers_waiver(tollgate: Improvement) -> httpx.Response:
    evaluation = await failing(tollgate)
    tollgate.fake.add_service("mail")
    await waive(tollgate, service="mail")
    return await tollgate.decide(evaluation, eve(tollgate))


@way("a waiver of a criterion that has changed", 409, "gate_not_passed")
async def _relies_on_a_waiver_of_less(tollgate: Improvement) -> httpx.Response:
    await failing(tollgate)
    await waive(tollgate)
    stricter = [automated(expression="backlog_open == 0.0 && open_major_incidents > 0.0")]
    await tollgate.publish(GATE, stricter, warning_threshold=0.5)
    return await tollgate.decide(await tollgate.evaluate(), eve(tollgate))


@way("waiving a signature", 422, "no_waivable_criterion")
async def _waives_a_signature(tollgate: Improvement) -> httpx.Response:
    await asked_by_a_pipeline(tollgate)
    return await tollgate.http.post(WAIVERS, json=asking("owner"))


# --- Boards ----------------------------------------------------------------------------------


async def before_the_board(tollgate: Improvement, *more: Any) -> Any:
    """ada (chair), bea and cal; two are a quorum."""
    seated(tollgate, "ada", "bea", "cal")
    criteria = [automated(expression="backlog_open <= 3.0"), *more]
    await tollgate.publish(GATE, criteria, decided_by=None, board="service-board")
    return await tollgate.evaluate()


@way("deciding alone where a board decides", 409, "board_decides")
async def _decides_alone(tollgate: Improvement) -> httpx.Response:
    evaluation = await before_the_board(tollgate)
    return await tollgate.decide(evaluation, tollgate.caller("ada", *ROLES))


@way("a retired board member", 403, "not_a_member")
async def _votes_after_leaving(tollgate: Improvement) -> httpx.Response:
    evaluation = await before_the_board(tollgate)
    seated(tollgate, "ada", "cal")
    return await vote(tollgate, evaluation, "bea")


@way("the vote of a member who left before the quorum", 403, "not_a_member")
async def _counts_on_a_vote_of_who_left(tollgate: Improvement) -> httpx.Response:
    evaluation = await before_the_board(tollgate)
    assert (await vote(tollgate, evaluation, "bea")).status_code == 201
    seated(tollgate, "ada", "cal")
    reply = await vote(tollgate, evaluation, "cal")
    assert (reply.status_code, reply.json()["result"]) == (201, "open")
    return await vote(tollgate, evaluation, "bea")


@way("voting twice", 409, "voted_already")
async def _votes_twice(tollgate: Improvement) -> httpx.Response:
    evaluation = await before_the_board(tollgate)
    assert (await vote(tollgate, evaluation, "bea")).status_code == 201
    return await vote(tollgate, evaluation, "bea")


@way("voting in the name of another", 403, "not_in_person")
async def _votes_for_another(tollgate: Improvement) -> httpx.Response:
    evaluation = await before_the_board(tollgate)
    path = f"/v1/evaluations/{evaluation['id']}/votes"
    mallory = tollgate.caller("mallory", **{"On-Behalf-Of": "bea"})
    return await tollgate.http.post(path, json={"choice": "approve"}, headers=mallory)


@way("signing and voting", 409, "signer_cannot_vote")
async def _signs_and_votes(tollgate: Improvement) -> httpx.Response:
    evaluation = await before_the_board(tollgate, sign_off("owner", "service_owner"))
    await tollgate.sign(evaluation, "owner", tollgate.caller("bea", "service_owner"))
    return await vote(tollgate, evaluation, "bea")


@way("voting and signing", 409, "voted_already")
async def _votes_and_signs(tollgate: Improvement) -> httpx.Response:
    advisory = sign_off("owner", "service_owner", required=False, weight=0)
    evaluation = await before_the_board(tollgate, advisory)
    assert (await vote(tollgate, evaluation, "bea")).status_code == 201
    return await tollgate.sign(evaluation, "owner", tollgate.caller("bea", "service_owner"))


@way("having it signed for oneself and voting", 409, "signer_cannot_vote")
async def _has_it_signed_and_votes(tollgate: Improvement) -> httpx.Response:
    evaluation = await before_the_board(tollgate, sign_off("owner", "service_owner"))
    await sign_by(tollgate, evaluation, await delegated(tollgate), "bob")
    return await vote(tollgate, evaluation, "ada")


@way("deciding what the board has rejected", 409, "evaluation_decided")
async def _asks_the_board_again(tollgate: Improvement) -> httpx.Response:
    evaluation = await before_the_board(tollgate)
    for who in ("ada", "bea"):
        assert (await vote(tollgate, evaluation, who, "reject")).status_code == 201
    return await vote(tollgate, evaluation, "cal")


# --- Decisions -------------------------------------------------------------------------------


@way("a second decision", 409, "evaluation_decided", decisions=1)
async def _decides_again(tollgate: Improvement) -> httpx.Response:
    evaluation = await honestly_signed(tollgate)
    assert (await tollgate.decide(evaluation, eve(tollgate))).status_code == 201
    return await tollgate.decide(evaluation, tollgate.caller("kim", "board"))


@way("two simultaneous decisions", 409, "evaluation_decided", decisions=1)
async def _decides_at_once(tollgate: Improvement) -> httpx.Response:
    evaluation = await honestly_signed(tollgate)
    people = [tollgate.caller(f"eve-{number}", "board") for number in range(4)]
    replies = await asyncio.gather(*(tollgate.decide(evaluation, who) for who in people))
    refused = [reply for reply in replies if reply.status_code != 201]
    assert len(refused) == 3
    return refused[0]


@way("a decision before the gate is passed", 409, "gate_not_passed")
async def _decides_too_early(tollgate: Improvement) -> httpx.Response:
    return await tollgate.decide(await asked_by_a_pipeline(tollgate), eve(tollgate))


@way("a token that one has signed oneself", 401, "invalid_token")
async def _signs_her_own_token(tollgate: Improvement) -> httpx.Response:
    evaluation = await honestly_signed(tollgate)
    honest, tollgate.issuer_key = (
        tollgate.issuer_key,
        OKPKey.generate_key("Ed25519", {"kid": "issuer"}),
    )
    forged = tollgate.caller("eve", "board")
    tollgate.issuer_key = honest
    return await tollgate.decide(evaluation, forged)


# --- The definition of the gate --------------------------------------------------------------


async def publishing(tollgate: Improvement, **fields: Any) -> httpx.Response:
    body = gate_of([automated(**fields)])
    return await tollgate.http.post(f"/v1/gates/{GATE}/versions", json=body)


@way("an unknown fact", 422, "bad_definition")
async def _asks_for_an_unknown_fact(tollgate: Improvement) -> httpx.Response:
    return await publishing(tollgate, expression="everything_is_fine")


@way("an expression that is too big", 422, "invalid")
async def _writes_too_much(tollgate: Improvement) -> httpx.Response:
    return await publishing(tollgate, expression="true" + " || true" * 300)


@way("an expression of too many words", 422, "bad_definition")
async def _writes_too_many_words(tollgate: Improvement) -> httpx.Response:
    return await publishing(tollgate, expression="true" + "||true" * 250)


@way("an expression that never ends", 422, "bad_definition")
async def _loops(tollgate: Improvement) -> httpx.Response:
    loop = "service_tags.all(a, service_tags.all(b, service_tags.all(c, a + b != c)))"
    return await publishing(tollgate, expression=loop)


@way("an expression that grows without bound", 422, "bad_definition")
async def _grows(tollgate: Improvement) -> httpx.Response:
    return await publishing(tollgate, expression="+".join(["service_stage"] * 40) + " == ''")


@way("a gate without criteria", 422, "invalid")
async def _asks_for_nothing(tollgate: Improvement) -> httpx.Response:
    return await tollgate.http.post(f"/v1/gates/{GATE}/versions", json=gate_of([]))


@way("waving through what is not known", 422, "invalid")
async def _skips_what_is_required(tollgate: Improvement) -> httpx.Response:
    return await publishing(tollgate, missing="skip")


# --- The record ------------------------------------------------------------------------------


TAMPERING = {
    "an entry": "UPDATE improvement.decision_log SET entry = replace(entry, 'eve', 'kim')",
    "a hash": "UPDATE improvement.decision_log SET hash = repeat('0', 64)",
    "an entry that is gone": "DELETE FROM improvement.decision_log",
    "who decided": "UPDATE improvement.decision SET decided_by = 'kim'",
    "the verdict": "UPDATE improvement.decision SET frozen = '{}'",
}


@pytest.mark.parametrize("what", TAMPERING)
async def test_tampering_with_the_log_shows(tollgate: Improvement, what: str) -> None:
    evaluation = await honestly_signed(tollgate)
    await tollgate.decide(evaluation, eve(tollgate), comment="eve says go")

    tollgate.as_admin(TAMPERING[what])

    assert (await tollgate.http.get("/v1/decision-log/verify")).json()["intact"] is False


# --- The catalog, which moves the stage ------------------------------------------------------


@pytest.fixture
async def patient(improvement_db: Database, tmp_path: Path) -> AsyncIterator[Improvement]:
    """improvement-api that waits for the real catalog, which compiles its statements at first."""
    deadline = timedelta(seconds=20)
    async with running_improvement(improvement_db, tmp_path, fact_deadline=deadline) as running:
        yield running


@pytest.fixture
async def catalog(
    patient: Improvement, catalog_db: Database, tmp_path: Path
) -> AsyncIterator[httpx.AsyncClient]:
    """The real one, with the service `vpn` at `operate`."""
    async with catalog_beside(patient, catalog_db, tmp_path) as http:
        service = {
            "key": "vpn",
            "name": "VPN",
            "portfolio": "workplace",
            "kind": "technical",
            "stage": "operate",
            "reason": "It runs",
            "owners": [{"role": "service_owner", "subject": "ada"}],
        }
        reply = await http.post("/v1/services/onboard", json=service)
        assert reply.status_code == 201, reply.text
        yield http


def claims(**altered: Any) -> dict[str, Any]:
    """What a decision says that moves `vpn` on."""
    return {
        "iss": "urn:tollgate:improvement-api",
        "jti": "00000000-0000-0000-0000-000000000001",
        "iat": int(time.time()),
        "service": "vpn",
        "gate": GATE,
        "gate_version": 1,
        "from_stage": "operate",
        "to_stage": "improve",
        "evaluation": "00000000-0000-0000-0000-000000000002",
        "decided_by": "mallory",
    } | altered


def signed(key: Any, alg: str = "Ed25519", typ: str = "tollgate-decision+jwt", **more: Any) -> str:
    header = {"alg": alg, "kid": "decisions", "typ": typ}
    return jws.serialize_compact(header, json.dumps(claims(**more)), key, algorithms=[alg])


def encoded(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def forgeries(directory: Path) -> dict[str, str]:
    """Statements that look like decisions; the last ones are signed by the real key."""
    real = OKPKey.import_key(json.loads((directory / "decisions.jwk").read_text()))
    other = write_private_key(directory / "mallory.jwk", "decisions")
    honest = signed(real, service="mail")
    public = OctKey.import_key(json.dumps(real.as_dict(private=False)))
    header, _, signature = honest.split(".")
    return {
        "signed by another key of the same name": signed(other),
        "signed by nobody": f"{encoded({'alg': 'none', 'typ': 'tollgate-decision+jwt'})}."
        f"{encoded(claims())}.",
        "signed by the public key as a shared secret": signed(public, "HS256"),
        "with claims altered after it was signed": f"{header}.{encoded(claims())}.{signature}",
        "without its signature": f"{header}.{encoded(claims())}.",
        "made for another service": honest,
        "made for another gate": signed(real, gate="to-retirement"),
        "made at another stage": signed(real, from_stage="improve", to_stage="operate"),
        "that is a token of another kind": signed(real, typ="JWT"),
        "of another issuer": signed(real, iss="urn:mallory"),
        "without an evaluation": signed(real, evaluation=None),
    }


async def test_a_forged_decision_moves_nothing(catalog: httpx.AsyncClient, tmp_path: Path) -> None:
    for name, statement in forgeries(tmp_path).items():
        reply = await catalog.post("/v1/services/vpn/transitions", json={"decision": statement})

        assert 400 <= reply.status_code < 500, name
    assert (await catalog.get("/v1/services/vpn")).json()["stage"] == "operate"
    assert (await catalog.get("/v1/services/vpn/transitions")).json()["items"] == []


async def test_a_replayed_decision_moves_nothing_again(
    patient: Improvement, catalog: httpx.AsyncClient
) -> None:
    patient.fake.services["vpn"] = {}
    there, back = "operate-to-improve", "improve-to-operate"
    decisions = []
    for gate in (there, back):
        await patient.publish(gate, [automated(expression="service_has_service_owner")])
        evaluation = await patient.evaluate(gate=gate)
        reply = await patient.decide(evaluation, eve(patient))
        assert reply.status_code == 201, reply.text
        decisions.append(reply.json())
        await patient.run_job("deliver_decision", {"decision": decisions[-1]["id"]})
    assert (await catalog.get("/v1/services/vpn")).json()["stage"] == "operate"

    replayed = {"decision": decisions[0]["statement"]}
    reply = await catalog.post("/v1/services/vpn/transitions", json=replayed)

    assert (await catalog.get("/v1/services/vpn")).json()["stage"] == "operate"
    moves = (await catalog.get("/v1/services/vpn/transitions")).json()["items"]
    assert sorted(move["decision"] for move in moves) == sorted(one["id"] for one in decisions)
    assert reply.status_code == 200


async def test_nobody_moves_a_stage_by_writing_it(catalog: httpx.AsyncClient) -> None:
    replies = [
        await catalog.post("/v1/services/vpn/transitions", json={"to_stage": "improve"}),
        await catalog.patch(
            "/v1/services/vpn", json={"stage": "improve"}, headers={"If-Match": "*"}
        ),
    ]

    assert replies[0].json()["code"] == "decision_required"
    assert replies[1].status_code == 422
    assert (await catalog.get("/v1/services/vpn")).json()["stage"] == "operate"
