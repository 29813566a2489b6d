"""Plans and initiatives: their states, versions, and how initiatives reach metrics-api."""

import asyncio
import json
from typing import Any

import pytest

from shared.errors import Unavailable
from tests.support.business_cases import approved_case
from tests.support.improvement import Improvement

PLAN = {"title": "Calmer nights", "problem": "The VPN drops at 3 a.m."}
INITIATIVE = {
    "service": "vpn",
    "kpi": "mttr",
    "title": "Implemented new knowledge base for common issues",
    "start": "2016-04-01",
    "end": "2016-06-30",
}
FORWARD = ["approved", "in_progress", "review"]


@pytest.fixture
async def plan(tollgate: Improvement) -> Any:
    reply = await tollgate.http.post("/v1/plans", json=PLAN)
    assert reply.status_code == 201, reply.text
    return reply.json()


@pytest.fixture
async def initiative(tollgate: Improvement, plan: Any) -> Any:
    reply = await tollgate.http.post(f"/v1/plans/{plan['id']}/initiatives", json=INITIATIVE)
    assert reply.status_code == 201, reply.text
    return reply.json()


async def move(tollgate: Improvement, plan: Any, to: str) -> Any:
    path = f"/v1/plans/{plan['id']}/transitions"
    return await tollgate.http.post(path, json={"to": to, "comment": "because"})


class TestPlans:
    async def test_a_plan_starts_as_a_draft_of_who_made_it(self, plan: Any) -> None:
        assert (plan["state"], plan["owner"], plan["version"]) == ("draft", "pipeline", 1)
        assert plan["moves"] == ["approved", "on_hold", "withdrawn"]

    async def test_it_goes_forward_to_review_and_is_not_closed_by_hand(
        self, tollgate: Improvement, plan: Any
    ) -> None:
        await approved_case(tollgate, plan)
        states = [(await move(tollgate, plan, to)).json()["state"] for to in FORWARD]

        closed = await move(tollgate, plan, "closed")

        assert states == FORWARD
        assert (closed.status_code, closed.json()["code"]) == (409, "benefit_not_measured")
        missing = [{"what": "No initiative was carried out", "on": None}]
        assert closed.json()["missing"] == missing

    async def test_what_was_put_on_hold_returns_to_where_it_was(
        self, tollgate: Improvement, plan: Any
    ) -> None:
        await approved_case(tollgate, plan)
        await move(tollgate, plan, "approved")
        held = (await move(tollgate, plan, "on_hold")).json()
        back = (await move(tollgate, plan, "approved")).json()

        assert held["moves"] == ["approved", "withdrawn"]
        assert (back["state"], back["version"]) == ("approved", 4)

    @pytest.mark.parametrize("to", ["draft", "in_progress", "review", "closed"])
    async def test_another_move_is_409_and_names_the_allowed_ones(
        self, tollgate: Improvement, plan: Any, to: str
    ) -> None:
        reply = await move(tollgate, plan, to)

        assert (reply.status_code, reply.json()["code"]) == (409, "move_not_allowed")
        assert reply.json()["allowed"] == ["approved", "on_hold", "withdrawn"]

    async def test_of_two_who_approve_at_once_one_gets_through(
        self, tollgate: Improvement, plan: Any
    ) -> None:
        await approved_case(tollgate, plan)

        replies = await asyncio.gather(*(move(tollgate, plan, "approved") for _ in range(4)))

        assert sorted(reply.status_code for reply in replies) == [201, 409, 409, 409]

    async def test_a_change_needs_the_version_it_was_made_on(
        self, tollgate: Improvement, plan: Any
    ) -> None:
        path, change = f"/v1/plans/{plan['id']}", {"title": "Quiet nights"}

        without = await tollgate.http.patch(path, json=change)
        right = await tollgate.http.patch(path, json=change, headers={"If-Match": '"1"'})
        stale = await tollgate.http.patch(path, json=change, headers={"If-Match": '"1"'})

        assert [reply.status_code for reply in (without, right, stale)] == [428, 200, 412]
        assert (right.json()["title"], right.headers["ETag"]) == ("Quiet nights", '"2"')
        assert right.json()["problem"] == PLAN["problem"]

    async def test_a_withdrawn_plan_takes_its_open_initiatives_with_it(
        self, tollgate: Improvement, plan: Any, initiative: Any
    ) -> None:
        await move(tollgate, plan, "withdrawn")

        after = (await tollgate.http.get(f"/v1/initiatives/{initiative['id']}")).json()
        change = await tollgate.http.patch(
            f"/v1/plans/{plan['id']}", json={"title": "x"}, headers={"If-Match": "*"}
        )
        more = await tollgate.http.post(f"/v1/plans/{plan['id']}/initiatives", json=INITIATIVE)

        assert (after["state"], after["revision"]) == ("cancelled", 2)
        assert [reply.json()["code"] for reply in (change, more)] == ["plan_ended"] * 2

    async def test_plans_are_listed_newest_first_by_state_service_and_owner(
        self, tollgate: Improvement, plan: Any, initiative: Any
    ) -> None:
        other = (await tollgate.http.post("/v1/plans", json=PLAN | {"owner": "ada"})).json()
        await approved_case(tollgate, other)
        await move(tollgate, other, "approved")

        async def listed(**params: str) -> list[str]:
            reply = await tollgate.http.get("/v1/plans", params=params)
            return [item["id"] for item in reply.json()["items"]]

        assert await listed() == [other["id"], plan["id"]]
        assert await listed(state="approved") == [other["id"]]
        assert await listed(service="vpn") == [plan["id"]]
        assert await listed(owner="ada", service="vpn") == []

    @pytest.mark.parametrize(
        "body",
        [{}, {"title": "x"}, PLAN | {"title": "a\u0000"}, PLAN | {"state": "approved"}],
    )
    async def test_a_malformed_plan_is_422(
        self, tollgate: Improvement, body: dict[str, Any]
    ) -> None:
        assert (await tollgate.http.post("/v1/plans", json=body)).status_code == 422

    @pytest.mark.parametrize("name", ["title", "problem", "owner"])
    async def test_what_a_plan_must_have_is_not_taken_from_it(
        self, tollgate: Improvement, plan: Any, name: str
    ) -> None:
        path = f"/v1/plans/{plan['id']}"

        reply = await tollgate.http.patch(path, json={name: None}, headers={"If-Match": "*"})

        assert reply.status_code == 422
        assert [error["pointer"] for error in reply.json()["errors"]] == [f"/{name}"]

    @pytest.mark.parametrize("path", ["x", "00000000-0000-0000-0000-000000000000"])
    async def test_an_unknown_plan_is_404(self, tollgate: Improvement, path: str) -> None:
        assert (await tollgate.http.get(f"/v1/plans/{path}")).status_code == 404
        assert (await move(tollgate, {"id": path}, "approved")).status_code == 404


class TestInitiatives:
    async def test_a_new_one_is_planned_and_not_yet_pushed(self, initiative: Any) -> None:
        assert (initiative["state"], initiative["revision"]) == ("planned", 1)
        assert (initiative["pushed"], initiative["push_failure"]) == (False, None)

    async def test_for_a_service_the_catalog_does_not_know_it_is_422(
        self, tollgate: Improvement, plan: Any
    ) -> None:
        path = f"/v1/plans/{plan['id']}/initiatives"

        reply = await tollgate.http.post(path, json=INITIATIVE | {"service": "nothing"})

        assert (reply.status_code, reply.json()["code"]) == (422, "unknown_service")
        assert reply.json()["errors"][0]["pointer"] == "/service"

    @pytest.mark.parametrize(
        "fields",
        [
            {"end": "2016-03-31"},
            {"start": "0000-01-01"},
            {"start": "2016-02-30"},
            {"start": "1459468800"},
            {"kpi": "happiness"},
            {"state": "dreamt"},
            {"title": ""},
        ],
    )
    async def test_a_malformed_one_is_422(
        self, tollgate: Improvement, plan: Any, fields: dict[str, str]
    ) -> None:
        path = f"/v1/plans/{plan['id']}/initiatives"

        assert (await tollgate.http.post(path, json=INITIATIVE | fields)).status_code == 422

    async def test_a_change_makes_the_next_revision(
        self, tollgate: Improvement, initiative: Any
    ) -> None:
        path = f"/v1/initiatives/{initiative['id']}"
        change = {"state": "done", "end": None}

        reply = await tollgate.http.patch(path, json=change, headers={"If-Match": '"1"'})
        stale = await tollgate.http.patch(path, json=change, headers={"If-Match": '"1"'})
        backwards = {"end": "2016-01-01"}
        wrong = await tollgate.http.patch(path, json=backwards, headers={"If-Match": '"2"'})
        nothing = await tollgate.http.patch(path, json={"start": None}, headers={"If-Match": "*"})

        replies = (reply, stale, wrong, nothing)
        assert [one.status_code for one in replies] == [200, 412, 422, 422]
        assert (reply.json()["state"], reply.json()["end"]) == ("done", None)
        assert (reply.json()["revision"], reply.json()["title"]) == (2, INITIATIVE["title"])

    async def test_those_of_a_plan_are_listed_in_their_order(
        self, tollgate: Improvement, plan: Any, initiative: Any
    ) -> None:
        path = f"/v1/plans/{plan['id']}/initiatives"
        second = (await tollgate.http.post(path, json=INITIATIVE)).json()

        first_page = (await tollgate.http.get(path, params={"limit": 1})).json()
        cursor = {"cursor": first_page["next_cursor"]}
        second_page = (await tollgate.http.get(path, params=cursor)).json()

        found = [page["items"][0]["id"] for page in (first_page, second_page)]
        assert found == [initiative["id"], second["id"]]


class TestPushing:
    async def push(self, tollgate: Improvement, initiative: Any) -> Any:
        await tollgate.run_job("push_initiative", {"initiative": initiative["id"]})
        return (await tollgate.http.get(f"/v1/initiatives/{initiative['id']}")).json()

    async def test_sends_what_the_reports_show(
        self, tollgate: Improvement, plan: Any, initiative: Any
    ) -> None:
        after = await self.push(tollgate, initiative)

        assert after["pushed"] is True
        sent = tollgate.fake.requests[-1]
        assert (sent.method, sent.url.path) == ("PUT", f"/v1/initiatives/{initiative['id']}")
        expected = {"state": "planned", "plan": plan["id"], "revision": 1}
        assert json.loads(sent.content) == INITIATIVE | expected

    async def test_of_an_old_revision_sends_the_present_one_once(
        self, tollgate: Improvement, initiative: Any
    ) -> None:
        await tollgate.http.patch(
            f"/v1/initiatives/{initiative['id']}",
            json={"state": "in_progress"},
            headers={"If-Match": '"1"'},
        )
        await self.push(tollgate, initiative)
        await self.push(tollgate, initiative)

        puts = [r for r in tollgate.fake.requests if r.method == "PUT"]
        assert [json.loads(put.content)["revision"] for put in puts] == [2]

    async def test_that_fails_shows_why_and_is_tried_again(
        self, tollgate: Improvement, initiative: Any
    ) -> None:
        tollgate.fake.down.add("metrics")
        with pytest.raises(Unavailable):
            await self.push(tollgate, initiative)
        waiting = (await tollgate.http.get(f"/v1/initiatives/{initiative['id']}")).json()

        tollgate.fake.down.clear()
        after = await self.push(tollgate, initiative)

        assert (waiting["pushed"], after["pushed"]) == (False, True)
        assert waiting["push_failure"].startswith("unavailable: metrics-api")
        assert after["push_failure"] is None

    async def test_that_metrics_refuses_shows_why_and_ends(
        self, tollgate: Improvement, initiative: Any
    ) -> None:
        tollgate.fake.initiative_status = 422

        after = await self.push(tollgate, initiative)

        assert (after["pushed"], after["push_failure"]) == (False, "refused: because of refused")


async def test_plans_are_facts_that_gates_can_ask_for(
    tollgate: Improvement, plan: Any, initiative: Any
) -> None:
    async def facts() -> dict[str, int]:
        evaluation = await tollgate.evaluate(gate="improve-to-operate")
        asked = [c["facts"] for c in evaluation["criteria"]]
        asked += [c["facts"] for c in (await tollgate.evaluate())["criteria"]]
        names = ("active_improvement_plans", "open_initiatives", "done_initiatives")
        return {n: seen[n]["value"] for seen in asked for n in names if n in seen}

    drafted = await facts()
    await approved_case(tollgate, plan)
    await move(tollgate, plan, "approved")
    approved = await facts()
    path, done = f"/v1/initiatives/{initiative['id']}", {"state": "done"}
    await tollgate.http.patch(path, json=done, headers={"If-Match": "*"})
    finished = await facts()

    def counts(active: int, unfinished: int, finished: int) -> dict[str, int]:
        return {
            "active_improvement_plans": active,
            "open_initiatives": unfinished,
            "done_initiatives": finished,
        }

    assert [drafted, approved, finished] == [counts(0, 1, 0), counts(1, 1, 0), counts(1, 0, 1)]
