"""Goals: refused where not SMART, judged against measured history, reached or missed."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from improvement_api.periods import Grain, last_day_of, last_full_periods, periods_between
from tests.support.gates import automated
from tests.support.improvement import Improvement
from tests.support.improving import Known, known, posted, told

NOW = datetime.now(UTC)
HISTORY = last_full_periods(Grain.MONTH, 24, NOW)
GOAL = {
    "service": "vpn",
    "kpi": "mttr",
    "comparator": "lte",
    "value": 4,
    "due_on": (NOW.date() + timedelta(days=200)).isoformat(),
    "relevant_to": "growth",
}


@pytest.fixture
def more(tollgate: Improvement) -> Known:
    """Three good months two years ago, nine hours ever since."""
    found = known(tollgate)
    found.series["vpn", "mttr"] = dict(zip(HISTORY, [4.0] * 3 + [9.0] * 21, strict=True))
    return found


@pytest.fixture
async def plan(tollgate: Improvement, more: Known) -> str:
    body = {"title": "Calmer nights", "problem": "The VPN drops at 3 a.m."}
    made: str = (await posted(tollgate, "/v1/plans", body))["id"]
    return made


async def refused(tollgate: Improvement, plan: str, **fields: Any) -> Any:
    reply = await tollgate.http.post(f"/v1/plans/{plan}/goals", json=GOAL | fields)
    return reply.status_code, reply.json()


async def set_goal(tollgate: Improvement, plan: str, **fields: Any) -> Any:
    return await posted(tollgate, f"/v1/plans/{plan}/goals", GOAL | fields)


class TestSetting:
    async def test_it_keeps_its_baseline_and_how_history_supports_it(
        self, tollgate: Improvement, plan: str
    ) -> None:
        asked = datetime.now(UTC)
        goal = await set_goal(tollgate, plan)

        read = (await tollgate.http.get(f"/v1/goals/{goal['id']}")).json()
        baseline, judgement = goal["baseline"], goal["judgement"]
        assert read == goal
        assert (goal["state"], goal["unit"], goal["owner"]) == ("open", "hours", "pipeline")
        assert (baseline["period"], baseline["value"], baseline["count"]) == (HISTORY[-1], 9, 12)
        assert asked <= datetime.fromisoformat(baseline["as_of"]) <= datetime.now(UTC)
        assert (judgement["attainability"], judgement["best_sustained"]) == ("attainable", 4)
        assert judgement["best_sustained_in"] == HISTORY[:3]
        assert (judgement["periods_with_figure"], judgement["periods_that_met"]) == (24, 3)

    @pytest.mark.parametrize(
        ("fields", "code", "pointer"),
        [
            ({"kpi": "happiness"}, "not_specific", "/kpi"),
            ({"value": None}, "not_measurable", "/value"),
            ({"comparator": "gte"}, "not_measurable", "/comparator"),
            ({"value": -1}, "not_measurable", "/value"),
            ({"comparator": "lt", "value": 0}, "not_attainable", "/value"),
            ({"relevant_to": None}, "not_relevant", "/relevant_to"),
            ({"relevant_to": "nothing"}, "not_relevant", "/relevant_to"),
            ({"relevant_to": "given-up"}, "not_relevant", "/relevant_to"),
            ({"due_on": None}, "not_time_bound", "/due_on"),
            ({"due_on": "2199-01-01"}, "not_time_bound", "/due_on"),
            ({"due_on": "1900-01-01"}, "not_time_bound", "/due_on"),
        ],
    )
    async def test_what_is_not_smart_is_refused_with_its_reason(
        self,
        tollgate: Improvement,
        plan: str,
        more: Known,
        fields: dict[str, Any],
        code: str,
        pointer: str,
    ) -> None:
        more.objectives["given-up"] = "dropped"

        status, problem = await refused(tollgate, plan, **fields)

        assert (status, problem["code"]) == (422, "not_smart")
        assert [(each["code"], each["pointer"]) for each in problem["errors"]] == [(code, pointer)]

    async def test_a_vital_activity_makes_it_relevant_as_well(
        self, tollgate: Improvement, plan: str
    ) -> None:
        goal = await set_goal(tollgate, plan, relevant_to="pay-salaries")

        assert goal["relevant_to"] == "pay-salaries"

    async def test_what_dependencies_do_not_allow_is_not_attainable(
        self, tollgate: Improvement, plan: str, more: Known
    ) -> None:
        more.ceiling = 0.995
        more.series["vpn", "availability"] = dict.fromkeys(HISTORY, 0.99)
        asked = {"kpi": "availability", "comparator": "gte"}

        status, problem = await refused(tollgate, plan, **asked, value=0.999)
        goal = await set_goal(tollgate, plan, **asked, value=0.99)

        assert (status, problem["errors"][0]["code"]) == (422, "not_attainable")
        assert "0.995" in problem["errors"][0]["detail"]
        assert goal["judgement"]["attainability"] == "attainable"

    async def test_what_history_does_not_support_needs_a_reason_and_keeps_it(
        self, tollgate: Improvement, plan: str
    ) -> None:
        status, problem = await refused(tollgate, plan, value=1, reason="  ")
        goal = await set_goal(tollgate, plan, value=1, reason="A new tool from June on")

        assert (status, problem["code"]) == (409, "history_does_not_support")
        assert problem["judgement"]["attainability"] == "unsupported"
        assert problem["judgement"]["best_sustained"] == 4
        assert (goal["judgement"]["attainability"], goal["reason"]) == (
            "unsupported",
            "A new tool from June on",
        )

    async def test_without_any_history_there_is_neither_support_nor_baseline(
        self, tollgate: Improvement, plan: str, more: Known
    ) -> None:
        more.series.clear()

        goal = await set_goal(tollgate, plan, reason="It begins in March")

        assert goal["judgement"]["attainability"] == "unsupported"
        assert (goal["baseline"]["value"], goal["baseline"]["period"]) == (None, None)

    async def test_nothing_is_set_on_trust_while_metrics_api_is_away(
        self, tollgate: Improvement, plan: str
    ) -> None:
        tollgate.fake.down.add("metrics")

        reply = await tollgate.http.post(
            f"/v1/plans/{plan}/goals", json=GOAL, headers={"Idempotency-Key": "a"}
        )

        assert (reply.status_code, reply.headers["Retry-After"]) == (503, "5")

    async def test_an_ended_or_unknown_plan_takes_no_goal(
        self, tollgate: Improvement, plan: str
    ) -> None:
        await posted(tollgate, f"/v1/plans/{plan}/transitions", {"to": "withdrawn"})

        ended = await refused(tollgate, plan, value=1)
        unknown = await refused(tollgate, str(uuid4()), value=1)

        assert [(status, problem["code"]) for status, problem in (ended, unknown)] == [
            (409, "plan_ended"),
            (404, "not_found"),
        ]

    async def test_it_is_taken_away_only_while_the_plan_is_a_draft(
        self, tollgate: Improvement, plan: str
    ) -> None:
        first, second = await set_goal(tollgate, plan), await set_goal(tollgate, plan, value=5)

        gone = await tollgate.http.delete(f"/v1/goals/{first['id']}")
        await posted(tollgate, f"/v1/plans/{plan}/transitions", {"to": "on_hold"})
        kept = await tollgate.http.delete(f"/v1/goals/{second['id']}")

        items = (await tollgate.http.get(f"/v1/plans/{plan}/goals")).json()["items"]
        assert (gone.status_code, kept.status_code) == (204, 409)
        assert [item["id"] for item in items] == [second["id"]]


def make_older(tollgate: Improvement, goal: Any, days: int, due: date | None = None) -> None:
    """Let a goal have been set earlier, and be due on a day; only an administrator can."""
    tollgate.as_admin(
        "UPDATE improvement.goal SET created_at = created_at - %s, due_on = coalesce(%s, due_on)"
        " WHERE id = %s",
        timedelta(days=days),
        due,
        goal["id"],
    )


class TestJudging:
    async def test_it_is_reached_in_the_first_full_period_that_meets_it_and_told_once(
        self, tollgate: Improvement, plan: str, more: Known
    ) -> None:
        goal = await set_goal(tollgate, plan)
        make_older(tollgate, goal, 100)
        more.series["vpn", "mttr"] |= {HISTORY[-2]: 3.5, HISTORY[-1]: 6.0}

        for _ in range(2):
            await tollgate.run_job("judge_goals", {})

        read = (await tollgate.http.get(f"/v1/goals/{goal['id']}")).json()
        events = [each for each in await told(tollgate) if each["type"].startswith("goal.")]
        assert (read["state"], read["last_period"], read["last_value"]) == (
            "reached",
            HISTORY[-1],
            6.0,
        )
        assert [(each["type"], each["subject"]) for each in events] == [("goal.reached", "vpn")]
        data = events[0]["data"]
        assert (data["period"], data["measured"], data["value"], data["baseline_value"]) == (
            HISTORY[-2],
            3.5,
            4.0,
            9.0,
        )

    async def test_it_is_missed_when_due_and_may_be_reached_late(
        self, tollgate: Improvement, plan: str, more: Known
    ) -> None:
        goal = await set_goal(tollgate, plan)
        months = periods_between(Grain.MONTH, NOW.date() - timedelta(days=70), NOW.date())
        make_older(tollgate, goal, 100, last_day_of(months[-1]) - timedelta(days=1))

        await tollgate.run_job("judge_goals", {})
        missed = (await tollgate.http.get(f"/v1/goals/{goal['id']}")).json()
        more.series["vpn", "mttr"][months[-1]] = 2.0
        await tollgate.run_job("judge_goals", {})
        late = (await tollgate.http.get(f"/v1/goals/{goal['id']}")).json()

        kinds = [each["type"] for each in await told(tollgate)]
        assert (missed["state"], missed["reached_at"]) == ("missed", None)
        assert late["state"] == "reached_late"
        assert [kind for kind in kinds if kind.startswith("goal.")] == [
            "goal.missed",
            "goal.reached",
        ]

    async def test_a_miss_is_taken_back_when_a_late_figure_shows_it_was_reached_in_time(
        self, tollgate: Improvement, plan: str, more: Known
    ) -> None:
        goal = await set_goal(tollgate, plan)
        months = periods_between(Grain.MONTH, NOW.date() - timedelta(days=70), NOW.date())
        make_older(tollgate, goal, 100, last_day_of(months[-1]))

        await tollgate.run_job("judge_goals", {})
        missed = (await tollgate.http.get(f"/v1/goals/{goal['id']}")).json()
        more.series["vpn", "mttr"][months[-1]] = 2.0
        await tollgate.run_job("judge_goals", {})
        after = (await tollgate.http.get(f"/v1/goals/{goal['id']}")).json()

        assert missed["state"] == "missed"
        assert (after["state"], after["missed_at"]) == ("reached", None)

    async def test_a_goal_that_was_just_set_is_looked_at_and_stays_open(
        self, tollgate: Improvement, plan: str
    ) -> None:
        goal = await set_goal(tollgate, plan)

        await tollgate.run_job("judge_goals", {})

        read = (await tollgate.http.get(f"/v1/goals/{goal['id']}")).json()
        assert (read["state"], read["last_period"]) == ("open", None)
        assert read["judged_at"] is not None

    async def test_goals_of_plans_that_have_ended_are_left_as_they_are(
        self, tollgate: Improvement, plan: str, more: Known
    ) -> None:
        goal = await set_goal(tollgate, plan)
        make_older(tollgate, goal, 100, NOW.date() - timedelta(days=1))
        await posted(tollgate, f"/v1/plans/{plan}/transitions", {"to": "withdrawn"})

        await tollgate.run_job("judge_goals", {})

        read = (await tollgate.http.get(f"/v1/goals/{goal['id']}")).json()
        assert (read["state"], read["judged_at"]) == ("open", None)


async def test_goals_are_facts_that_gates_can_ask_for(tollgate: Improvement, plan: str) -> None:
    expression = "goals_defined_count + 0.0 >= 1.0 && goals_overdue_count + 0.0 == 0.0"
    await tollgate.publish("operate-to-improve", [automated(expression=expression)])
    goal = await set_goal(tollgate, plan)
    before = await tollgate.evaluate()
    make_older(tollgate, goal, 100, NOW.date() - timedelta(days=1))
    after = await tollgate.evaluate()

    seen = [
        {name: fact["value"] for name, fact in each["criteria"][0]["facts"].items()}
        for each in (before, after)
    ]
    assert seen == [
        {"goals_defined_count": 1, "goals_overdue_count": 0},
        {"goals_defined_count": 1, "goals_overdue_count": 1},
    ]
    assert [each["verdict"] for each in (before, after)] == ["pass", "fail"]
