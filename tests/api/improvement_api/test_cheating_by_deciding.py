"""Ways to cheat a gate: boards, decisions, and the definition of the gate itself."""

import asyncio
from typing import Any

import httpx
import pytest
from joserfc.jwk import OKPKey

from tests.support.cheating import (
    GATE,
    ROLES,
    Table,
    Way,
    asked_by_a_pipeline,
    check_refused,
    delegated,
    eve,
    honestly_signed,
    sign_by,
)
from tests.support.gates import automated, gate_of, sign_off
from tests.support.improvement import Improvement
from tests.support.voting import seated, vote

WAYS = Table()
way = WAYS.way


@pytest.mark.parametrize("trick", WAYS, ids=str)
async def test_is_refused(tollgate: Improvement, trick: Way) -> None:
    await check_refused(tollgate, trick)


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
