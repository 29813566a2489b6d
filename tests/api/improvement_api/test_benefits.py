"""Measured effects: when and how they are measured, and the page that shows one."""

import asyncio
import json
from datetime import date, timedelta
from typing import Any

import pytest

from improvement_api.benefits.measuring import measured
from improvement_api.benefits.schemas import MeasurementInputs
from tests.support.benefits import (
    END,
    LONG_AGO,
    START,
    TODAY,
    Figures,
    add_initiative,
    effect,
    falling,
    measure,
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
        assert result["sentence"].startswith("MTTR became better with the intervention: -")

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

    async def test_names_other_initiatives_that_may_have_made_the_difference(
        self, tollgate: Improvement, initiative: Any
    ) -> None:
        other = await new_plan(tollgate)
        await add_initiative(tollgate, other, title="New staff", start=END.isoformat())
        await add_initiative(tollgate, other, title="Never begun", state="planned")
        await add_initiative(tollgate, other, title="Of another KPI", kpi="mtta")

        result = (await measure(tollgate, initiative)).json()["result"]

        told = "At the same time for the same KPI: New staff"
        assert result["not_adjusted"] == {"initiatives": told}
        assert result["sentence"].endswith("Not ruled out: other initiatives.")

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
        "fields", [{"state": "in_progress"}, {"end": None}, {"end": str(TODAY + timedelta(1))}]
    )
    async def test_waits_for_the_end_of_the_initiative(
        self, tollgate: Improvement, figures: Figures, plan: Any, fields: dict[str, Any]
    ) -> None:
        initiative = await add_initiative(tollgate, plan, **fields)

        reply = await measure(tollgate, initiative)

        assert (reply.status_code, reply.json()["code"]) == (409, "initiative_not_over")
        assert not figures.asked

    @pytest.mark.parametrize("dates", [("1900-01-01", "1900-01-02"), ("1900-01-01", "2020-01-01")])
    async def test_of_the_first_days_that_are_taken_is_inconclusive(
        self, tollgate: Improvement, figures: Figures, plan: Any, dates: tuple[str, str]
    ) -> None:
        initiative = await add_initiative(tollgate, plan, start=dates[0], end=dates[1])

        assert (await measure(tollgate, initiative)).json()["verdict"] == "inconclusive"

    async def test_needs_metrics_api(self, tollgate: Improvement, initiative: Any) -> None:
        tollgate.fake.down.add("metrics")

        reply = await measure(tollgate, initiative)

        assert (reply.status_code, reply.headers["Retry-After"]) == (503, "5")

    async def test_is_for_those_who_may_write_plans(
        self, tollgate: Improvement, figures: Figures, initiative: Any
    ) -> None:
        path = f"/v1/initiatives/{initiative['id']}/measurements"
        reader = tollgate.caller("rea", scope="plans:read")

        reply = await tollgate.http.post(path, headers=reader)

        assert reply.status_code == 403
        assert not figures.asked

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
