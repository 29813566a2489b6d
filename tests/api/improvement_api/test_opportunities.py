"""Opportunities: raised, assessed, ranked by WSJF, accepted, planned or rejected."""

import asyncio
from typing import Any

import pytest

from tests.support.improvement import Improvement
from tests.support.improving import (
    OPPORTUNITY,
    accepted,
    assessed,
    known,
    planned,
    points,
    posted,
    told,
)

NOBODY = "00000000-0000-0000-0000-000000000001"


async def move(tollgate: Improvement, opportunity: Any, to: str, comment: str = "because") -> Any:
    path = f"/v1/opportunities/{opportunity['id']}/transitions"
    return await tollgate.http.post(path, json={"to": to, "comment": comment})


async def ranking(tollgate: Improvement, **query: Any) -> list[tuple[int | None, str]]:
    """Rank and title, page by page of two."""
    found, cursor = [], None
    while True:
        params = query | {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = (await tollgate.http.get("/v1/opportunities/ranking", params=params)).json()
        found += [(item["rank"], item["title"]) for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            return found


class TestRaising:
    async def test_it_is_new_and_belongs_to_who_raised_it(self, tollgate: Improvement) -> None:
        made = await posted(tollgate, "/v1/opportunities", OPPORTUNITY)

        read = await tollgate.http.get(f"/v1/opportunities/{made['id']}")
        assert read.json() == made
        assert (made["state"], made["source"], made["owner"]) == ("new", "manual", "pipeline")
        assert made["moves"] == ["assessed", "rejected"]
        assert (made["cause"], made["figures"], made["assessment"]) == (None, [], None)

    @pytest.mark.parametrize(
        ("fields", "pointer"),
        [
            ({"service": "nothing"}, "/service"),
            ({"impacts": []}, "/impacts"),
            ({"impacts": [{"stakeholder": "Clerks"}]}, "/impacts/0/effect"),
            ({"problem": ""}, "/problem"),
            ({"benefit": "a\x00b"}, "/benefit"),
        ],
    )
    async def test_who_is_hurt_and_what_solving_it_is_worth_are_part_of_it(
        self, tollgate: Improvement, fields: dict[str, Any], pointer: str
    ) -> None:
        reply = await tollgate.http.post("/v1/opportunities", json=OPPORTUNITY | fields)

        assert reply.status_code == 422
        assert reply.json()["errors"][0]["pointer"] == pointer

    async def test_a_change_needs_the_version_it_was_made_on(self, tollgate: Improvement) -> None:
        made = await posted(tollgate, "/v1/opportunities", OPPORTUNITY)
        path = f"/v1/opportunities/{made['id']}"

        replies = [
            await tollgate.http.patch(path, json={"kpi": None, "title": "Late"}, headers=headers)
            for headers in ({}, {"If-Match": '"1"'}, {"If-Match": '"1"'})
        ]

        assert [reply.status_code for reply in replies] == [428, 200, 412]
        changed = replies[1].json()
        assert (changed["kpi"], changed["title"], changed["version"]) == (None, "Late", 2)
        assert changed["problem"] == OPPORTUNITY["problem"]

    async def test_they_are_listed_newest_first_by_what_they_are(
        self, tollgate: Improvement
    ) -> None:
        tollgate.fake.add_service("mail")
        first = await posted(tollgate, "/v1/opportunities", OPPORTUNITY)
        second = await assessed(tollgate, service="mail", owner="ada")

        async def listed(**query: str) -> list[str]:
            reply = await tollgate.http.get("/v1/opportunities", params=query)
            assert reply.status_code == 200, reply.text
            return [item["id"] for item in reply.json()["items"]]

        assert await listed() == [second["id"], first["id"]]
        assert await listed(state="assessed") == await listed(owner="ada") == [second["id"]]
        assert await listed(service="vpn") == await listed(state="new") == [first["id"]]
        assert await listed(source="trigger") == await listed(kpi="csat") == []


class TestMoves:
    async def test_it_goes_from_new_to_planned_with_a_plan_that_serves_an_objective(
        self, tollgate: Improvement
    ) -> None:
        known(tollgate)
        made = await accepted(tollgate)
        reply = await tollgate.http.post(
            f"/v1/opportunities/{made['id']}/plan", json={"objective": "growth"}
        )

        plan = (await tollgate.http.get(reply.headers["Location"])).json()
        again = await tollgate.http.post(
            f"/v1/opportunities/{made['id']}/plan", json={"objective": "growth"}
        )
        assert (reply.status_code, reply.json()["state"]) == (201, "planned")
        assert reply.json()["plan"] == plan["id"]
        assert (plan["opportunity"], plan["objective"]) == (made["id"], "growth")
        assert (plan["title"], plan["problem"]) == (OPPORTUNITY["title"], OPPORTUNITY["problem"])
        assert (again.status_code, again.json()["allowed"]) == (409, ["accepted"])

    async def test_of_two_who_plan_at_once_one_gets_through(self, tollgate: Improvement) -> None:
        known(tollgate)
        made = await accepted(tollgate)
        path = f"/v1/opportunities/{made['id']}/plan"

        replies = await asyncio.gather(
            *(tollgate.http.post(path, json={"objective": "growth"}) for _ in range(4))
        )

        assert sorted(reply.status_code for reply in replies) == [201, 409, 409, 409]
        assert len((await tollgate.http.get("/v1/plans")).json()["items"]) == 1

    async def test_a_plan_needs_an_objective_that_the_catalog_knows(
        self, tollgate: Improvement
    ) -> None:
        known(tollgate)
        made = await accepted(tollgate)

        reply = await tollgate.http.post(
            f"/v1/opportunities/{made['id']}/plan", json={"objective": "nothing"}
        )

        assert (reply.status_code, reply.json()["code"]) == (422, "unknown_objective")

    @pytest.mark.parametrize(
        ("state", "to", "code", "allowed"),
        [
            ("new", "accepted", "move_not_allowed", ["assessed", "rejected"]),
            ("new", "assessed", "assessment_required", ["assessed", "rejected"]),
            ("new", "planned", "move_not_allowed", ["assessed", "rejected"]),
            ("assessed", "planned", "move_not_allowed", ["accepted", "rejected"]),
            ("assessed", "new", "move_not_allowed", ["accepted", "rejected"]),
            ("accepted", "planned", "plan_required", ["planned", "rejected"]),
            ("accepted", "assessed", "move_not_allowed", ["planned", "rejected"]),
            ("planned", "accepted", "move_not_allowed", ["rejected"]),
            ("rejected", "new", "move_not_allowed", []),
        ],
    )
    async def test_every_other_move_is_409_and_names_the_allowed_ones(
        self, tollgate: Improvement, state: str, to: str, code: str, allowed: list[str]
    ) -> None:
        made = await in_state(tollgate, state)

        reply = await move(tollgate, made, to)

        assert (reply.status_code, reply.json()["code"]) == (409, code)
        assert (reply.json()["state"], reply.json()["allowed"]) == (state, allowed)

    @pytest.mark.parametrize("state", ["new", "assessed", "accepted", "planned"])
    async def test_it_is_rejected_from_any_of_them_with_a_reason(
        self, tollgate: Improvement, state: str
    ) -> None:
        made = await in_state(tollgate, state)

        without = await move(tollgate, made, "rejected", comment=" ")
        reply = await move(tollgate, made, "rejected", comment="Too dear")

        assert (without.status_code, without.json()["code"]) == (422, "comment_required")
        assert (reply.json()["state"], reply.json()["state_comment"]) == ("rejected", "Too dear")

    @pytest.mark.parametrize("state", ["planned", "rejected"])
    async def test_what_waits_no_more_is_neither_changed_nor_assessed(
        self, tollgate: Improvement, state: str
    ) -> None:
        made = await in_state(tollgate, state)
        path = f"/v1/opportunities/{made['id']}"

        changed = await tollgate.http.patch(path, json={"title": "x"}, headers={"If-Match": "*"})
        assessment = await tollgate.http.put(
            f"{path}/assessment", json=points(1, 1, 1, 1), headers={"If-Match": "*"}
        )

        codes = [(reply.status_code, reply.json()["code"]) for reply in (changed, assessment)]
        assert codes == [(409, "state_not_allowed")] * 2

    async def test_the_trail_names_who_did_what_and_subscribers_hear_of_each_move(
        self, tollgate: Improvement
    ) -> None:
        known(tollgate)
        made = await planned(tollgate)

        entries = (await tollgate.http.get(f"/v1/audit?key={made['id']}")).json()["items"]
        events = [(each["type"], each["data"]["state"]) for each in await told(tollgate)]
        actions = [entry["action"] for entry in reversed(entries)]
        assert actions == ["raised", "assessed", "moved", "planned"]
        assert events == [
            ("opportunity.opened", "new"),
            ("opportunity.moved", "assessed"),
            ("opportunity.moved", "accepted"),
            ("plan.opened", "draft"),
            ("opportunity.moved", "planned"),
        ]


async def in_state(tollgate: Improvement, state: str) -> Any:
    if state == "planned":
        known(tollgate)
        return await planned(tollgate)
    if state in ("assessed", "accepted"):
        return await (assessed if state == "assessed" else accepted)(tollgate)
    made = await posted(tollgate, "/v1/opportunities", OPPORTUNITY)
    return made if state == "new" else (await move(tollgate, made, state)).json()


class TestRanking:
    async def test_the_highest_wsjf_stands_first_and_the_unassessed_last(
        self, tollgate: Improvement
    ) -> None:
        await posted(tollgate, "/v1/opportunities", OPPORTUNITY | {"title": "unassessed"})
        await assessed(tollgate, points(1, 1, 1, 20), title="0.15")
        await assessed(tollgate, points(8, 5, 3, 2), title="8")
        await assessed(tollgate, points(20, 20, 20, 13), title="4.6")

        assert await ranking(tollgate) == [
            (1, "8"),
            (2, "4.6"),
            (3, "0.15"),
            (None, "unassessed"),
        ]

    async def test_of_equal_ones_the_greater_cost_of_delay_goes_first_then_the_older(
        self, tollgate: Improvement
    ) -> None:
        await assessed(tollgate, points(2, 1, 1, 1), title="cost 4, older")
        await assessed(tollgate, points(1, 2, 1, 1), title="cost 4, newer")
        await assessed(tollgate, points(3, 3, 2, 2), title="cost 8")

        assert await ranking(tollgate) == [
            (1, "cost 8"),
            (2, "cost 4, older"),
            (3, "cost 4, newer"),
        ]

    async def test_only_the_backlog_is_ranked(self, tollgate: Improvement) -> None:
        known(tollgate)
        tollgate.fake.add_service("mail")
        await planned(tollgate, title="planned")
        gone = await assessed(tollgate, title="rejected")
        await move(tollgate, gone, "rejected")
        await accepted(tollgate, title="accepted", service="mail")
        await assessed(tollgate, points(1, 1, 1, 8), title="assessed")

        assert await ranking(tollgate) == [(1, "accepted"), (2, "assessed")]
        assert await ranking(tollgate, service="vpn") == [(1, "assessed")]

    async def test_wsjf_is_cost_of_delay_by_job_size(self, tollgate: Improvement) -> None:
        made = await assessed(tollgate, points(13, 8, 5, 3))

        assessment = made["assessment"]
        assert (assessment["cost_of_delay"], assessment["assessed_by"]) == (26, "pipeline")
        assert assessment["wsjf"] == pytest.approx(26 / 3, abs=1e-6)

    @pytest.mark.parametrize("wrong", [0, 4, 21, -1, 5.5, "8", None, 10**30])
    async def test_only_the_scale_is_taken(self, tollgate: Improvement, wrong: Any) -> None:
        made = await posted(tollgate, "/v1/opportunities", OPPORTUNITY)

        reply = await tollgate.http.put(
            f"/v1/opportunities/{made['id']}/assessment",
            json=points(1, 1, 1, 1) | {"job_size": wrong},
            headers={"If-Match": "*"},
        )

        assert (reply.status_code, reply.json()["errors"][0]["pointer"]) == (422, "/job_size")

    async def test_assessing_again_ranks_anew_and_needs_the_version(
        self, tollgate: Improvement
    ) -> None:
        made = await accepted(tollgate)
        path = f"/v1/opportunities/{made['id']}/assessment"

        replies = [
            await tollgate.http.put(path, json=points(20, 1, 1, 1), headers={"If-Match": tag})
            for tag in (f'"{made["version"]}"', f'"{made["version"]}"')
        ]

        assert [reply.status_code for reply in replies] == [200, 412]
        assert replies[0].json()["assessment"]["wsjf"] == 22
        assert replies[0].json()["state"] == "accepted"
