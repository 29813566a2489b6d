"""Guard-rails, how plans end, what is measured every day, and what gates are told of it."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg
import pytest

from improvement_api.benefits.sheet import SHEET
from improvement_api.facts.sheets import own_facts
from shared.errors import Unavailable
from shared.kit.database import reading
from tests.support.benefits import (
    ANY,
    SLOWER,
    START,
    TODAY,
    Figures,
    add_initiative,
    effect,
    falling,
    in_review,
    measure,
    move,
    new_plan,
    serve_a_fall,
)
from tests.support.improvement import Improvement


@pytest.fixture
def figures(tollgate: Improvement) -> Figures:
    return serve_a_fall(tollgate)


@pytest.fixture
async def plan(tollgate: Improvement) -> Any:
    return await new_plan(tollgate)


@pytest.fixture
async def initiative(tollgate: Improvement, figures: Figures, plan: Any) -> Any:
    return await add_initiative(tollgate, plan)


class TestGuardRails:
    async def put(self, tollgate: Improvement, plan: Any, *items: Any, **headers: str) -> Any:
        path = f"/v1/plans/{plan['id']}/guard-rails"
        return await tollgate.http.put(path, json={"items": items}, headers=headers or ANY)

    async def judged(self, tollgate: Improvement, plan: Any) -> Any:
        path = f"/v1/plans/{plan['id']}/guard-rails"
        measured = await tollgate.http.post(f"{path}/measurements")
        assert measured.status_code == 201, measured.text
        return (await tollgate.http.get(path)).json()["items"][0]

    @pytest.mark.parametrize(
        "judged",
        [
            ("lower", 3.0, "worse"),
            ("lower", 2.5, "unclear"),
            ("higher", 3.0, "held"),
        ],
    )
    async def test_are_judged_by_the_whole_interval_against_the_tolerance(
        self, tollgate: Improvement, figures: Figures, plan: Any, judged: tuple[str, float, str]
    ) -> None:
        better, after, standing = judged
        await add_initiative(tollgate, plan)
        figures.levels["vpn", "mtta"] = falling(START, 2.0, after)
        figures.better["mtta"] = better
        await self.put(tollgate, plan, SLOWER)

        found = await self.judged(tollgate, plan)

        assert (found["standing"], found["tolerance"]) == (standing, "0.5")
        assert found["change"]["low"] < after - 2.0 < found["change"]["high"]

    async def test_not_measured_yet_say_so(
        self, tollgate: Improvement, figures: Figures, plan: Any
    ) -> None:
        reply = await self.put(tollgate, plan, SLOWER)

        (found,) = reply.json()["items"]
        assert (found["standing"], found["change"]) == ("not_measured", None)
        assert reply.headers["ETag"] == '"2"'

    async def test_are_replaced_as_a_whole_on_the_version_seen(
        self, tollgate: Improvement, plan: Any
    ) -> None:
        other = {"service": "vpn", "kpi": "csat", "tolerance": "0"}
        await self.put(tollgate, plan, SLOWER, **{"If-Match": '"1"'})
        stale = await self.put(tollgate, plan, other, **{"If-Match": '"1"'})
        right = await self.put(tollgate, plan, other, **{"If-Match": '"2"'})

        assert (stale.status_code, right.status_code) == (412, 200)
        assert [one["kpi"] for one in right.json()["items"]] == ["csat"]

    async def test_that_were_measured_are_neither_taken_away_nor_loosened(
        self, tollgate: Improvement, figures: Figures, plan: Any
    ) -> None:
        await add_initiative(tollgate, plan)
        figures.levels["vpn", "mtta"] = falling(START, 2.0, 3.0)
        await self.put(tollgate, plan, SLOWER)
        await self.judged(tollgate, plan)

        gone = await self.put(tollgate, plan)
        looser = await self.put(tollgate, plan, SLOWER | {"tolerance": "0.6"})
        more = {"service": "vpn", "kpi": "csat", "tolerance": "0"}
        tighter = await self.put(tollgate, plan, SLOWER | {"tolerance": "0.4"}, more)

        assert [one.status_code for one in (gone, looser, tighter)] == [409, 409, 200]
        assert gone.json()["code"] == "guard_rail_measured"
        assert gone.json()["guard_rails"] == ["mtta of vpn"]

    async def test_stay_once_the_plan_is_in_review(self, tollgate: Improvement, plan: Any) -> None:
        await in_review(tollgate, plan)

        reply = await self.put(tollgate, plan, SLOWER)

        assert (reply.status_code, reply.json()["code"]) == (409, "guard_rails_fixed")

    async def test_wait_for_all_initiatives(
        self, tollgate: Improvement, figures: Figures, initiative: Any, plan: Any
    ) -> None:
        await add_initiative(tollgate, plan, state="in_progress")
        await self.put(tollgate, plan, SLOWER)

        reply = await tollgate.http.post(f"/v1/plans/{plan['id']}/guard-rails/measurements")

        assert (reply.status_code, reply.json()["code"]) == (409, "initiatives_not_over")

    @pytest.mark.parametrize("tolerance", ["-1", "NaN", "Infinity", "1e30", "0.0000001", None])
    async def test_need_a_tolerance_that_is_one(
        self, tollgate: Improvement, plan: Any, tolerance: str | None
    ) -> None:
        reply = await self.put(tollgate, plan, SLOWER | {"tolerance": tolerance})

        assert reply.status_code == 422

    async def test_are_named_once_each(self, tollgate: Improvement, plan: Any) -> None:
        assert (await self.put(tollgate, plan, SLOWER, SLOWER)).status_code == 422


class TestClosing:
    async def test_by_a_shown_effect_is_successful(
        self, tollgate: Improvement, initiative: Any, plan: Any
    ) -> None:
        await in_review(tollgate, plan)
        await measure(tollgate, initiative)

        foreseen = (await tollgate.http.get(f"/v1/plans/{plan['id']}/closing")).json()
        closed = (await move(tollgate, plan, "closed")).json()

        assert (closed["state"], closed["outcome"]) == ("closed", "successful")
        expected = f"initiative 'Knowledge base' ({initiative['id']}) improved its KPI"
        assert closed["outcome_reasons"] == [expected]
        assert foreseen == {"outcome": "successful", "reasons": [expected], "missing": []}
        assert await events(tollgate, "plan.closed") == ["successful"]

    async def test_without_a_measurement_is_409_and_names_it(
        self, tollgate: Improvement, initiative: Any, plan: Any
    ) -> None:
        await in_review(tollgate, plan)

        refused = await move(tollgate, plan, "closed")

        assert (refused.status_code, refused.json()["code"]) == (409, "benefit_not_measured")
        (missing,) = refused.json()["missing"]
        assert (
            missing["what"] == f"initiative 'Knowledge base' ({initiative['id']}) is not measured"
        )

    async def test_before_an_effect_is_shown_names_the_next_day_it_is_judged(
        self, tollgate: Improvement, figures: Figures, initiative: Any, plan: Any
    ) -> None:
        figures.levels["vpn", "mttr"] = falling(START, 6.0, 6.0)
        await in_review(tollgate, plan)
        found = (await measure(tollgate, initiative)).json()

        refused = (await move(tollgate, plan, "closed")).json()

        assert found["verdict"] == "not_shown"
        assert [one["on"] for one in refused["missing"]] == [found["judged_on"]]

    async def test_with_harm_shown_is_unsuccessful(
        self, tollgate: Improvement, figures: Figures, initiative: Any, plan: Any
    ) -> None:
        figures.levels["vpn", "mttr"] = falling(START, 6.0, 9.0)
        await in_review(tollgate, plan)
        await measure(tollgate, initiative)

        closed = (await move(tollgate, plan, "closed")).json()

        assert closed["outcome"] == "unsuccessful"
        assert closed["outcome_reasons"][0].endswith("made its KPI worse")

    async def test_harm_that_was_shown_is_not_cancelled_away(
        self, tollgate: Improvement, figures: Figures, initiative: Any
    ) -> None:
        figures.levels["vpn", "mttr"] = falling(START, 6.0, 9.0)
        await measure(tollgate, initiative)
        path = f"/v1/initiatives/{initiative['id']}"

        reply = await tollgate.http.patch(path, json={"state": "cancelled"}, headers=ANY)

        assert (reply.status_code, reply.json()["code"]) == (409, "effect_judged")
        assert (await tollgate.http.get(path)).json()["state"] == "done"

    async def test_ends_what_is_unfinished_with_the_plan(
        self, tollgate: Improvement, figures: Figures, initiative: Any, plan: Any
    ) -> None:
        unfinished = await add_initiative(tollgate, plan, state="in_progress")
        figures.levels["vpn", "mttr"] = falling(START, 6.0, 9.0)
        await in_review(tollgate, plan)
        await measure(tollgate, initiative)

        closed = (await move(tollgate, plan, "closed")).json()

        states = [
            (await tollgate.http.get(f"/v1/initiatives/{one['id']}")).json()["state"]
            for one in (initiative, unfinished)
        ]
        assert closed["outcome"] == "unsuccessful"
        assert states == ["done", "cancelled"]

    async def test_when_the_dates_changed_since_asks_for_another_measurement(
        self, tollgate: Improvement, initiative: Any, plan: Any
    ) -> None:
        await in_review(tollgate, plan)
        await measure(tollgate, initiative)
        moved = {"start": (START - timedelta(days=30)).isoformat()}
        path = f"/v1/initiatives/{initiative['id']}"
        assert (await tollgate.http.patch(path, json=moved, headers=ANY)).status_code == 200

        refused = await move(tollgate, plan, "closed")

        assert refused.json()["missing"][0]["what"].endswith("is not measured")
        assert (await effect(tollgate, initiative)).status_code == 404

    async def test_a_goal_that_is_not_reached_is_waited_for(
        self, tollgate: Improvement, initiative: Any, plan: Any
    ) -> None:
        await in_review(tollgate, plan)
        await measure(tollgate, initiative)
        due_on = TODAY + timedelta(days=30)
        set_goal(tollgate, plan, due_on)

        refused = (await move(tollgate, plan, "closed")).json()
        tollgate.as_admin("UPDATE improvement.goal SET reached_at = now()")
        closed = (await move(tollgate, plan, "closed")).json()

        assert [one["on"] for one in refused["missing"]] == [due_on.isoformat()]
        assert closed["outcome"] == "successful"

    async def test_a_goal_that_was_missed_is_unsuccessful(
        self, tollgate: Improvement, initiative: Any, plan: Any
    ) -> None:
        await in_review(tollgate, plan)
        await measure(tollgate, initiative)
        set_goal(tollgate, plan, TODAY - timedelta(days=1))
        tollgate.as_admin("UPDATE improvement.goal SET missed_at = now()")

        closed = (await move(tollgate, plan, "closed")).json()

        assert closed["outcome"] == "unsuccessful"

    async def test_a_guard_rail_that_gave_way_is_unsuccessful(
        self, tollgate: Improvement, figures: Figures, initiative: Any, plan: Any
    ) -> None:
        figures.levels["vpn", "mtta"] = falling(START, 2.0, 4.0)
        rails = f"/v1/plans/{plan['id']}/guard-rails"
        await tollgate.http.put(rails, json={"items": [SLOWER]}, headers=ANY)
        await in_review(tollgate, plan)
        await measure(tollgate, initiative)

        refused = (await move(tollgate, plan, "closed")).json()
        await tollgate.http.post(f"{rails}/measurements")
        closed = (await move(tollgate, plan, "closed")).json()

        assert [one["what"] for one in refused["missing"]] == [
            "guard-rail mtta of vpn is not measured"
        ]
        assert closed["outcome"] == "unsuccessful"


class TestTheDailyJob:
    async def test_measures_what_is_over_and_again_at_the_next_look_only(
        self, tollgate: Improvement, figures: Figures, initiative: Any, plan: Any
    ) -> None:
        figures.levels["vpn", "mtta"] = falling(START, 2.0, 2.0)
        rails = f"/v1/plans/{plan['id']}/guard-rails"
        await tollgate.http.put(rails, json={"items": [SLOWER]}, headers=ANY)
        await add_initiative(tollgate, await new_plan(tollgate), state="in_progress")

        async def found() -> list[dict[str, Any]]:
            await tollgate.run_job("measure_effects", {})
            waiting = waiting_jobs(tollgate)
            for payload in waiting:
                await tollgate.run_job("measure_effect", payload)
            return waiting

        first, second = await found(), await found()
        judged = (await effect(tollgate, initiative)).json()
        guarded = (await tollgate.http.get(rails)).json()["items"][0]

        assert first == [{"initiative": initiative["id"]}, {"plan": plan["id"]}]
        assert second == []
        assert (judged["verdict"], judged["measured_by"]) == ("improved", "improvement-api")
        assert guarded["standing"] == "held"

    async def test_is_tried_again_when_metrics_api_is_away(
        self, tollgate: Improvement, initiative: Any
    ) -> None:
        tollgate.fake.down.add("metrics")

        with pytest.raises(Unavailable):
            await tollgate.run_job("measure_effect", {"initiative": initiative["id"]})

    async def test_leaves_alone_what_was_reopened(
        self, tollgate: Improvement, figures: Figures, initiative: Any
    ) -> None:
        path = f"/v1/initiatives/{initiative['id']}"
        await tollgate.http.patch(path, json={"state": "in_progress"}, headers=ANY)

        await tollgate.run_job("measure_effect", {"initiative": initiative["id"]})

        assert not figures.asked


async def test_benefits_are_facts_that_gates_can_ask_for(
    tollgate: Improvement, figures: Figures, initiative: Any, plan: Any
) -> None:
    figures.levels["vpn", "mtta"] = falling(START, 2.0, 4.0)
    rails = f"/v1/plans/{plan['id']}/guard-rails"
    await tollgate.http.put(rails, json={"items": [SLOWER]}, headers=ANY)

    async def facts() -> list[int]:
        async with reading(tollgate.app.state.engine) as session:
            names = [fact.name for fact in SHEET.definitions]
            told = await own_facts(session, "vpn", names, datetime.now(UTC))
        return [told[name].value for name in names]

    before = await facts()
    await measure(tollgate, initiative)
    await tollgate.http.post(f"{rails}/measurements")

    assert (before, await facts()) == ([0, 1, 0], [1, 0, 1])


def set_goal(tollgate: Improvement, plan: Any, due_on: date) -> None:
    """A goal of the plan, however it came about."""
    tollgate.as_admin(
        "INSERT INTO improvement.goal (id, plan_id, service, kpi, unit, grain, comparator, value,"
        " baseline_as_of, attainability, judgement, reason, due_on, relevant_to, owner,"
        " created_at, created_by)"
        " VALUES (gen_random_uuid(), %s, 'vpn', 'mttr', 'hours', 'month', 'lte', 4.5,"
        " now(), 'attainable', '{}', '', %s, 'grow', 'ada', now(), 'ada')",
        plan["id"],
        due_on,
    )


async def events(tollgate: Improvement, kind: str) -> list[str]:
    """Outcomes told by events of a type."""
    with psycopg.connect(tollgate.database.admin_url) as admin:
        rows = admin.execute(
            "SELECT data ->> 'outcome' FROM improvement.outbox_event WHERE type = %s", [kind]
        )
        return [row[0] for row in rows.fetchall()]


def waiting_jobs(tollgate: Improvement) -> list[dict[str, Any]]:
    """Payloads of effects to measure that wait; taken out of the queue."""
    with psycopg.connect(tollgate.database.admin_url, autocommit=True) as admin:
        rows = admin.execute(
            "DELETE FROM improvement_jobs.procrastinate_jobs"
            " WHERE task_name = 'measure_effect' RETURNING args"
        )
        return sorted((row[0] for row in rows.fetchall()), key=list)
