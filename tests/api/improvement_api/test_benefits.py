"""Measured effects, guard-rails, and how plans end."""

import asyncio
import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg
import pytest

from improvement_api.benefits.measuring import measured
from improvement_api.benefits.schemas import MeasurementInputs
from improvement_api.benefits.sheet import SHEET
from shared.errors import Unavailable
from shared.kit.database import reading
from tests.support.benefits import Figures, falling, serve
from tests.support.improvement import Improvement

TODAY = datetime.now(UTC).date()
END = TODAY - timedelta(weeks=15)
START = END - timedelta(days=20)
LONG_AGO = TODAY - timedelta(weeks=60)
ANY = {"If-Match": "*"}


@pytest.fixture
def figures(tollgate: Improvement) -> Figures:
    """MTTR of vpn fell from 6 to 4 hours with the intervention."""
    served = serve(tollgate)
    served.levels["vpn", "mttr"] = falling(START, 6.0, 4.0)
    return served


async def new_plan(tollgate: Improvement) -> Any:
    body = {"title": "Calmer nights", "problem": "The VPN drops at 3 a.m."}
    reply = await tollgate.http.post("/v1/plans", json=body)
    assert reply.status_code == 201, reply.text
    return reply.json()


async def add_initiative(tollgate: Improvement, plan: Any, **fields: Any) -> Any:
    body = {
        "service": "vpn",
        "kpi": "mttr",
        "title": "Knowledge base",
        "start": START.isoformat(),
        "end": END.isoformat(),
        "state": "done",
    }
    path = f"/v1/plans/{plan['id']}/initiatives"
    reply = await tollgate.http.post(path, json=body | fields)
    assert reply.status_code == 201, reply.text
    return reply.json()


@pytest.fixture
async def plan(tollgate: Improvement) -> Any:
    return await new_plan(tollgate)


@pytest.fixture
async def initiative(tollgate: Improvement, figures: Figures, plan: Any) -> Any:
    return await add_initiative(tollgate, plan)


async def measure(tollgate: Improvement, initiative: Any, **body: Any) -> Any:
    path = f"/v1/initiatives/{initiative['id']}/measurements"
    return await tollgate.http.post(path, json=body)


async def effect(tollgate: Improvement, initiative: Any, **params: str) -> Any:
    return await tollgate.http.get(f"/v1/initiatives/{initiative['id']}/effect", params=params)


class TestMeasuring:
    async def test_tells_the_effect_with_its_interval(
        self, tollgate: Improvement, initiative: Any
    ) -> None:
        reply = await measure(tollgate, initiative)

        assert reply.status_code == 201, reply.text
        found, result = reply.json(), reply.json()["result"]
        assert (found["verdict"], found["grain"], found["look"]) == ("improved", "week", 12)
        assert (result["n_before"], result["n_after"]) == (104, 12)
        assert result["average"]["low"] < -2.0 < result["average"]["high"] < 0
        assert result["judged"]["low"] < result["average"]["low"]
        assert result["p_value"] < 0.0221
        assert result["relative"]["value"] == pytest.approx(-1 / 3, abs=0.05)
        explained = sum(result["explained"].values()) + result["average"]["value"]
        assert explained == pytest.approx(result["naive"])
        assert result["sentence"].startswith("MTTR became better by the intervention: -")

    async def test_asks_for_weeks_before_and_after_and_for_priorities(
        self, tollgate: Improvement, figures: Figures, initiative: Any
    ) -> None:
        await measure(tollgate, initiative)

        meaning, *series = figures.asked
        assert meaning.url.path == "/v1/kpis/mttr"
        assert [one.url.path for one in series] == ["/v1/services/vpn/kpis"] * 2
        before, after = (dict(one.url.params) for one in series)
        assert before["slice"] == after["slice"] == "priority"
        assert date.fromisoformat(before["to"]) < START
        assert date.fromisoformat(after["from"]) > END

    async def test_again_on_the_same_figures_gives_the_same_measurement(
        self, tollgate: Improvement, initiative: Any
    ) -> None:
        replies = await asyncio.gather(*(measure(tollgate, initiative) for _ in range(3)))

        assert sorted(one.status_code for one in replies) == [200, 200, 201]
        assert len({one.json()["id"] for one in replies}) == 1

    async def test_gives_the_same_bytes_from_the_inputs_it_stored(
        self, tollgate: Improvement, initiative: Any
    ) -> None:
        stored = (await measure(tollgate, initiative)).json()

        again = measured(MeasurementInputs.model_validate(stored["inputs"]))

        assert json.dumps(again.result.model_dump(mode="json")) == json.dumps(stored["result"])
        assert (again.inputs_hash, again.method) == (stored["inputs_hash"], stored["method"])

    async def test_figures_that_came_late_make_another_measurement(
        self, tollgate: Improvement, figures: Figures, initiative: Any
    ) -> None:
        first = (await measure(tollgate, initiative)).json()
        figures.levels["vpn", "mttr"] = falling(START, 6.0, 5.0)

        second = (await measure(tollgate, initiative)).json()
        newest = (await effect(tollgate, initiative)).json()
        path = f"/v1/initiatives/{initiative['id']}/measurements"
        listed = (await tollgate.http.get(path)).json()["items"]

        assert newest == second
        assert [one["id"] for one in listed] == [second["id"], first["id"]]
        assert listed[1] == first

    async def test_before_the_first_look_says_when_it_can_be_judged(
        self, tollgate: Improvement, figures: Figures, plan: Any
    ) -> None:
        early = TODAY - timedelta(weeks=3)
        initiative = await add_initiative(
            tollgate, plan, start=early.isoformat(), end=early.isoformat()
        )

        found = (await measure(tollgate, initiative)).json()

        assert (found["verdict"], found["look"]) == ("inconclusive", None)
        assert found["result"]["average"] is None
        assert TODAY + timedelta(weeks=8) < date.fromisoformat(found["judged_on"])
        assert date.fromisoformat(found["judged_on"]) < TODAY + timedelta(weeks=11)
        assert "until the effect is first judged" in found["result"]["sentence"]

    async def test_with_too_short_a_past_is_inconclusive(
        self, tollgate: Improvement, figures: Figures, initiative: Any
    ) -> None:
        figures.begins = START - timedelta(weeks=20)

        found = (await measure(tollgate, initiative)).json()

        assert found["verdict"] == "inconclusive"
        assert found["result"]["missing"][0].startswith("24 weeks with a figure before")

    async def test_of_a_service_without_records_is_inconclusive(
        self, tollgate: Improvement, figures: Figures, initiative: Any
    ) -> None:
        figures.levels.clear()

        assert (await measure(tollgate, initiative)).json()["verdict"] == "inconclusive"

    async def test_by_months_where_weeks_have_too_few_records(
        self, tollgate: Improvement, figures: Figures, plan: Any
    ) -> None:
        figures.records, figures.begins = 2, LONG_AGO - timedelta(days=1200)
        figures.levels["vpn", "mttr"] = falling(LONG_AGO, 6.0, 4.0)
        initiative = await add_initiative(
            tollgate, plan, start=LONG_AGO.isoformat(), end=LONG_AGO.isoformat()
        )

        found = (await measure(tollgate, initiative)).json()

        assert (found["grain"], found["look"], found["verdict"]) == ("month", 12, "improved")
        assert found["judged_on"] is None

    async def test_in_a_way_of_ones_own_decides_nothing(
        self, tollgate: Improvement, figures: Figures, initiative: Any
    ) -> None:
        explored = (await measure(tollgate, initiative, mix_by="channel")).json()

        assert explored["exploratory"] is True
        assert (await effect(tollgate, initiative)).json()["code"] == "not_measured"
        assert (await measure(tollgate, initiative)).status_code == 201

    @pytest.mark.parametrize(
        "fields", [{"state": "in_progress"}, {"end": None}, {"end": TODAY.isoformat()}]
    )
    async def test_waits_for_the_end_of_the_initiative(
        self, tollgate: Improvement, figures: Figures, plan: Any, fields: dict[str, Any]
    ) -> None:
        initiative = await add_initiative(tollgate, plan, **fields)

        reply = await measure(tollgate, initiative)

        assert (reply.status_code, reply.json()["code"]) == (409, "initiative_not_over")
        assert not figures.asked

    @pytest.mark.parametrize("dates", [("0001-01-01", "0001-01-02"), ("0001-01-01", "2020-01-01")])
    async def test_of_the_first_days_of_the_calendar_is_inconclusive(
        self, tollgate: Improvement, figures: Figures, plan: Any, dates: tuple[str, str]
    ) -> None:
        initiative = await add_initiative(tollgate, plan, start=dates[0], end=dates[1])

        assert (await measure(tollgate, initiative)).json()["verdict"] == "inconclusive"

    async def test_needs_metrics_api(self, tollgate: Improvement, initiative: Any) -> None:
        tollgate.fake.down.add("metrics")

        reply = await measure(tollgate, initiative)

        assert (reply.status_code, reply.headers["Retry-After"]) == (503, "5")

    async def test_is_audited(self, tollgate: Improvement, initiative: Any) -> None:
        found = (await measure(tollgate, initiative)).json()

        entries = (await tollgate.http.get("/v1/audit", params={"key": found["id"]})).json()
        assert entries["items"][0]["after"]["verdict"] == "improved"

    @pytest.mark.parametrize("body", [{"grain": "day"}, {"grain": "week", "x": 1}, []])
    async def test_refuses_what_it_does_not_know(
        self, tollgate: Improvement, initiative: Any, body: Any
    ) -> None:
        path = f"/v1/initiatives/{initiative['id']}/measurements"

        assert (await tollgate.http.post(path, json=body)).status_code == 422

    async def test_of_nothing_is_404(self, tollgate: Improvement) -> None:
        nothing = "00000000-0000-0000-0000-000000000000"

        replies = [
            await measure(tollgate, {"id": nothing}),
            await effect(tollgate, {"id": nothing}),
            await tollgate.http.get(f"/v1/measurements/{nothing}"),
            await tollgate.http.get(f"/v1/plans/{nothing}/guard-rails"),
            await tollgate.http.post(f"/v1/plans/{nothing}/guard-rails/measurements"),
        ]

        assert [one.status_code for one in replies] == [404] * 5


class TestThePage:
    async def test_shows_series_intervention_and_what_was_expected(
        self, tollgate: Improvement, initiative: Any
    ) -> None:
        found = (await measure(tollgate, initiative)).json()

        page = await effect(tollgate, initiative, format="html")

        assert page.headers["content-type"] == "text/html; charset=utf-8"
        for text in ("<svg", "Expected", found["inputs_hash"], "✓ improved", "Trend"):
            assert text in page.text
        assert "<script" not in page.text
        assert "http" not in page.text.split("</style>")[1]

    async def test_is_the_same_for_the_same_measurement(
        self, tollgate: Improvement, initiative: Any
    ) -> None:
        await measure(tollgate, initiative)

        pages = [(await effect(tollgate, initiative, format="html")).content for _ in range(2)]

        assert pages[0] == pages[1]

    async def test_says_that_nothing_can_be_said(
        self, tollgate: Improvement, figures: Figures, plan: Any
    ) -> None:
        figures.levels.clear()
        initiative = await add_initiative(tollgate, plan, title="<b>& more")
        await measure(tollgate, initiative)

        page = await effect(tollgate, initiative, format="html")

        assert page.status_code == 200, page.text
        assert "&lt;b&gt;&amp; more" in page.text
        assert "<b>" not in page.text
        assert "not conclusive yet" in page.text


class TestGuardRails:
    SLOWER = {"service": "vpn", "kpi": "mtta", "tolerance": "0.5"}

    async def put(self, tollgate: Improvement, plan: Any, *items: Any, **headers: str) -> Any:
        path = f"/v1/plans/{plan['id']}/guard-rails"
        return await tollgate.http.put(path, json={"items": items}, headers=headers or ANY)

    async def judged(self, tollgate: Improvement, plan: Any) -> Any:
        path = f"/v1/plans/{plan['id']}/guard-rails"
        measured = await tollgate.http.post(f"{path}/measurements")
        assert measured.status_code == 201, measured.text
        return (await tollgate.http.get(path)).json()["items"][0]

    @pytest.mark.parametrize(
        ("better", "after", "standing"),
        [
            ("lower", 3.0, "worse"),
            ("lower", 2.0, "held"),
            ("lower", 0.5, "held"),
            ("lower", 2.5, "unclear"),
            ("higher", 1.0, "worse"),
            ("higher", 3.0, "held"),
        ],
    )
    async def test_are_judged_by_the_whole_interval_against_the_tolerance(
        self,
        tollgate: Improvement,
        figures: Figures,
        initiative: Any,
        plan: Any,
        better: str,
        after: float,
        standing: str,
    ) -> None:
        figures.levels["vpn", "mtta"] = falling(START, 2.0, after)
        figures.better["mtta"] = better
        await self.put(tollgate, plan, self.SLOWER)

        found = await self.judged(tollgate, plan)

        assert (found["standing"], found["tolerance"]) == (standing, "0.5")
        assert found["change"]["low"] < after - 2.0 < found["change"]["high"]

    async def test_not_measured_yet_say_so(
        self, tollgate: Improvement, figures: Figures, plan: Any
    ) -> None:
        reply = await self.put(tollgate, plan, self.SLOWER)

        (found,) = reply.json()["items"]
        assert (found["standing"], found["change"]) == ("not_measured", None)
        assert reply.headers["ETag"] == '"2"'

    async def test_are_replaced_as_a_whole_on_the_version_seen(
        self, tollgate: Improvement, plan: Any
    ) -> None:
        other = {"service": "vpn", "kpi": "csat", "tolerance": "0"}
        await self.put(tollgate, plan, self.SLOWER, **{"If-Match": '"1"'})
        stale = await self.put(tollgate, plan, other, **{"If-Match": '"1"'})
        right = await self.put(tollgate, plan, other, **{"If-Match": '"2"'})

        assert (stale.status_code, right.status_code) == (412, 200)
        assert [one["kpi"] for one in right.json()["items"]] == ["csat"]

    async def test_stay_once_the_plan_is_in_review(self, tollgate: Improvement, plan: Any) -> None:
        path = f"/v1/plans/{plan['id']}/transitions"
        for to in ("approved", "in_progress", "review"):
            assert (await tollgate.http.post(path, json={"to": to})).status_code == 201

        reply = await self.put(tollgate, plan, self.SLOWER)

        assert (reply.status_code, reply.json()["code"]) == (409, "guard_rails_fixed")

    async def test_wait_for_all_initiatives(
        self, tollgate: Improvement, figures: Figures, initiative: Any, plan: Any
    ) -> None:
        await add_initiative(tollgate, plan, state="in_progress")
        await self.put(tollgate, plan, self.SLOWER)

        reply = await tollgate.http.post(f"/v1/plans/{plan['id']}/guard-rails/measurements")

        assert (reply.status_code, reply.json()["code"]) == (409, "initiatives_not_over")

    @pytest.mark.parametrize("tolerance", ["-1", "NaN", "Infinity", "1e30", "0.0000001", None])
    async def test_need_a_tolerance_that_is_one(
        self, tollgate: Improvement, plan: Any, tolerance: str | None
    ) -> None:
        reply = await self.put(tollgate, plan, self.SLOWER | {"tolerance": tolerance})

        assert reply.status_code == 422

    async def test_are_named_once_each(self, tollgate: Improvement, plan: Any) -> None:
        assert (await self.put(tollgate, plan, self.SLOWER, self.SLOWER)).status_code == 422


async def in_review(tollgate: Improvement, plan: Any) -> None:
    for to in ("approved", "in_progress", "review"):
        reply = await move(tollgate, plan, to)
        assert reply.status_code == 201, reply.text


async def move(tollgate: Improvement, plan: Any, to: str) -> Any:
    return await tollgate.http.post(f"/v1/plans/{plan['id']}/transitions", json={"to": to})


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

        closed = (await move(tollgate, plan, "closed")).json()

        assert closed["outcome"] == "unsuccessful"

    async def test_a_guard_rail_that_gave_way_is_unsuccessful(
        self, tollgate: Improvement, figures: Figures, initiative: Any, plan: Any
    ) -> None:
        figures.levels["vpn", "mtta"] = falling(START, 2.0, 4.0)
        rails = f"/v1/plans/{plan['id']}/guard-rails"
        await tollgate.http.put(rails, json={"items": [TestGuardRails.SLOWER]}, headers=ANY)
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
        await tollgate.http.put(rails, json={"items": [TestGuardRails.SLOWER]}, headers=ANY)
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
    await tollgate.http.put(rails, json={"items": [TestGuardRails.SLOWER]}, headers=ANY)

    async def facts() -> list[int]:
        async with reading(tollgate.app.state.engine) as session:
            loaded = await SHEET.load(session, "vpn", datetime.now(UTC))
        return [loaded[fact.name].value for fact in SHEET.definitions]

    before = await facts()
    await measure(tollgate, initiative)
    await tollgate.http.post(f"{rails}/measurements")

    assert (before, await facts()) == ([0, 1, 0], [1, 0, 1])


def set_goal(tollgate: Improvement, plan: Any, due_on: date) -> None:
    tollgate.as_admin(
        "INSERT INTO improvement.goal (id, plan_id, service, kpi, unit, grain, comparator, value,"
        " baseline_as_of, attainability, judgement, reason, due_on, relevant_to, owner,"
        " created_at, created_by)"
        " VALUES (gen_random_uuid(), %s, 'vpn', 'mttr', 'hours', 'month', 'lte', 4.5, now(),"
        " 'attainable', '{}', '', %s, 'grow', 'ada', now(), 'ada')",
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
        return sorted((row[0] for row in rows.fetchall()), key=lambda args: list(args))
