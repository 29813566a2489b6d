"""Ways to cheat a gate: old signatures, evaluations and facts, and waivers."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.support.cheating import (
    GATE,
    ROLES,
    Table,
    Way,
    asked_by_a_pipeline,
    check_refused,
    eve,
    honestly_signed,
)
from tests.support.gates import automated
from tests.support.improvement import Improvement
from tests.support.waivers import WAIVERS, ask, asking, let_expire, move, waive

WAYS = Table()
way = WAYS.way


@pytest.mark.parametrize("trick", WAYS, ids=str)
async def test_is_refused(tollgate: Improvement, trick: Way) -> None:
    await check_refused(tollgate, trick)


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
