"""Plans that a cause opens by itself, and the objective that a plan serves."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from improvement_api.periods import Grain, last_full_periods
from improvement_api.plans.actions import open_plan
from shared.kit.database import transaction
from tests.support.improvement import Improvement
from tests.support.improving import known, planned, posted, told

PLAN = {"title": "Calmer nights", "problem": "The VPN drops at 3 a.m."}
CAUSE = {"trigger": "feedback", "figures": [{"period": "2026-03", "value": 7, "n": 7}]}


async def opened(tollgate: Improvement, cause_key: str) -> UUID:
    async with transaction(tollgate.app.state.engine) as session:
        plan = await open_plan(
            session,
            title="Fewer complaints about slowness",
            problem="Seven customers said that it is slow.",
            owner="ada",
            cause_key=cause_key,
            cause=CAUSE,
            caller_name="bob",
        )
        return plan.id


async def test_a_cause_opens_one_plan_however_many_come_at_once(tollgate: Improvement) -> None:
    ids = await asyncio.gather(*(opened(tollgate, "theme:slow") for _ in range(8)))
    other = await opened(tollgate, "theme:dear")

    listed = (await tollgate.http.get("/v1/plans")).json()["items"]
    assert len(set(ids)) == 1
    assert {plan["id"] for plan in listed} == {str(ids[0]), str(other)}


async def test_a_plan_that_a_cause_opened_names_it_with_its_figures(tollgate: Improvement) -> None:
    plan_id = await opened(tollgate, "theme:slow")

    plan = (await tollgate.http.get(f"/v1/plans/{plan_id}")).json()
    entries = (await tollgate.http.get(f"/v1/audit?key={plan_id}")).json()["items"]
    assert (plan["cause_key"], plan["cause"]) == ("theme:slow", CAUSE)
    assert (plan["state"], plan["owner"], plan["created_by"]) == ("draft", "ada", "bob")
    assert [(entry["actor"], entry["on_behalf_of"]) for entry in entries] == [
        ("improvement-api", "bob")
    ]


async def test_a_plan_names_an_objective_that_is_worked_towards(tollgate: Improvement) -> None:
    more = known(tollgate)
    more.objectives["given-up"] = "dropped"

    plan = await posted(tollgate, "/v1/plans", PLAN | {"objective": "growth"})
    replies = [
        await tollgate.http.post("/v1/plans", json=PLAN | {"objective": key})
        for key in ("given-up", "nothing")
    ]

    assert plan["objective"] == "growth"
    assert [(reply.status_code, reply.json()["code"]) for reply in replies] == [
        (422, "objective_not_active"),
        (422, "unknown_objective"),
    ]


@pytest.mark.parametrize("method", ["post", "patch"])
async def test_no_objective_is_taken_on_trust_while_the_catalog_is_away(
    tollgate: Improvement, method: str
) -> None:
    plan = await posted(tollgate, "/v1/plans", PLAN)
    tollgate.fake.down.add("catalog")
    path = "/v1/plans" if method == "post" else f"/v1/plans/{plan['id']}"

    reply = await getattr(tollgate.http, method)(
        path,
        json=(PLAN if method == "post" else {}) | {"objective": "growth"},
        headers={"If-Match": "*", "Idempotency-Key": "a"},
    )

    assert reply.status_code == 503
    assert reply.headers["Retry-After"] == "5"


async def test_an_objective_is_changed_and_taken_away(tollgate: Improvement) -> None:
    known(tollgate)
    plan = await posted(tollgate, "/v1/plans", PLAN)

    async def changed(**fields: Any) -> Any:
        reply = await tollgate.http.patch(
            f"/v1/plans/{plan['id']}", json=fields, headers={"If-Match": "*"}
        )
        return reply.json()["objective"]

    assert await changed(objective="growth") == "growth"
    assert await changed(title="Quiet nights") == "growth"
    assert await changed(objective=None) is None


async def test_one_document_shows_what_a_plan_came_from_and_what_belongs_to_it(
    tollgate: Improvement,
) -> None:
    more = known(tollgate)
    months = last_full_periods(Grain.MONTH, 24, datetime.now(UTC))
    more.series["vpn", "mttr"] = dict.fromkeys(months, 4.0)
    opportunity = await planned(tollgate)
    plan = opportunity["plan"]
    due = (datetime.now(UTC) + timedelta(days=200)).date().isoformat()
    goal = {
        "service": "vpn",
        "kpi": "mttr",
        "comparator": "lte",
        "value": 4,
        "due_on": due,
        "relevant_to": "growth",
    }
    initiative = {"service": "vpn", "kpi": "mttr", "title": "Articles", "start": "2026-04-01"}
    set_goal = await posted(tollgate, f"/v1/plans/{plan}/goals", goal)
    added = await posted(tollgate, f"/v1/plans/{plan}/initiatives", initiative)

    document = (await tollgate.http.get(f"/v1/plans/{plan}/document")).json()

    assert document["plan"] == (await tollgate.http.get(f"/v1/plans/{plan}")).json()
    assert (document["plan"]["objective"], document["opportunity"]) == ("growth", opportunity)
    assert document["goals"] == {"items": [set_goal], "next_cursor": None}
    assert document["initiatives"] == {"items": [added], "next_cursor": None}


async def test_a_plan_without_an_opportunity_has_a_document_as_well(
    tollgate: Improvement,
) -> None:
    plan = await opened(tollgate, "theme:slow")

    document = (await tollgate.http.get(f"/v1/plans/{plan}/document")).json()
    unknown = await tollgate.http.get(f"/v1/plans/{UUID(int=7)}/document")

    assert (document["plan"]["cause"], document["opportunity"]) == (CAUSE, None)
    assert (document["goals"]["items"], document["initiatives"]["items"]) == ([], [])
    assert unknown.status_code == 404


async def test_subscribers_hear_of_each_state_of_a_plan(tollgate: Improvement) -> None:
    plan = await posted(tollgate, "/v1/plans", PLAN)
    await posted(tollgate, f"/v1/plans/{plan['id']}/transitions", {"to": "on_hold"})
    reply = await tollgate.http.patch(
        f"/v1/plans/{plan['id']}", json={"title": "x"}, headers={"If-Match": "*"}
    )

    events = [
        (each["type"], each["subject"], each["data"]["state"]) for each in await told(tollgate)
    ]
    assert reply.status_code == 200
    assert events == [
        ("plan.opened", plan["id"], "draft"),
        ("plan.moved", plan["id"], "on_hold"),
    ]
