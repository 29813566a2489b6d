"""What opportunities point at, what their trend suggests, and what gates hear of them."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from tests.support.gates import automated
from tests.support.improvement import Improvement
from tests.support.improving import (
    OPPORTUNITY,
    known,
    planned,
    posted,
)

NOBODY = "00000000-0000-0000-0000-000000000001"


class TestSuggestion:
    @pytest.mark.parametrize(
        ("crossing", "points_"), [("breach", 8), ("already", 20), ("never", None)]
    )
    async def test_time_criticality_follows_from_when_the_target_is_breached(
        self, tollgate: Improvement, crossing: str, points_: int | None
    ) -> None:
        on = (datetime.now(UTC) + timedelta(days=60)).date().isoformat()
        known(tollgate).trends["vpn"] = {"crossing": {"state": crossing, "on": on}}
        made = await posted(tollgate, "/v1/opportunities", OPPORTUNITY)

        reply = await tollgate.http.get(f"/v1/opportunities/{made['id']}/assessment/suggestion")

        assert reply.status_code == 200, reply.text
        assert reply.json()["time_criticality"] == points_
        assert (reply.json()["n"], reply.json()["p_value"]) == (24, 0.01)

    async def test_nothing_is_suggested_where_nothing_was_measured_or_asked(
        self, tollgate: Improvement
    ) -> None:
        known(tollgate)
        made = await posted(tollgate, "/v1/opportunities", OPPORTUNITY)
        path = f"/v1/opportunities/{made['id']}/assessment/suggestion"

        unmeasured = (await tollgate.http.get(path)).json()
        tollgate.fake.down.add("metrics")
        away = await tollgate.http.get(path)

        assert (unmeasured["time_criticality"], unmeasured["n"]) == (None, None)
        assert away.status_code == 503


class TestLinks:
    async def test_it_points_at_incidents_and_risks_that_are_there(
        self, tollgate: Improvement
    ) -> None:
        more, risk = known(tollgate), str(uuid4())
        more.incidents.add(("snow", "INC1 a"))
        more.risks.add(risk)
        made = await posted(tollgate, "/v1/opportunities", OPPORTUNITY)
        path = f"/v1/opportunities/{made['id']}/links"
        links = [
            {"kind": "incident", "target": "snow/INC1 a"},
            {"kind": "risk", "target": risk},
            {"kind": "feedback_theme", "target": "slow"},
        ]

        for link in (*links, links[0]):
            await posted(tollgate, path, link)

        async def listed() -> list[dict[str, Any]]:
            items = (await tollgate.http.get(path)).json()["items"]
            return [{name: item[name] for name in ("kind", "target")} for item in items]

        assert await listed() == links
        params = {"link_kind": "risk", "link": risk}
        found = (await tollgate.http.get("/v1/opportunities", params=params)).json()["items"]
        assert [item["id"] for item in found] == [made["id"]]
        gone = [await tollgate.http.delete(path, params=links[0]) for _ in range(2)]
        assert [reply.status_code for reply in gone] == [204, 404]
        assert await listed() == links[1:]

    @pytest.mark.parametrize(
        ("kind", "target"),
        [
            ("incident", "snow/INC2"),
            ("incident", "INC1"),
            ("risk", "1"),
            ("risk", NOBODY),
            ("root_cause_analysis", NOBODY),
            ("root_cause_analysis", "x"),
        ],
    )
    async def test_what_is_not_there_cannot_be_pointed_at(
        self, tollgate: Improvement, kind: str, target: str
    ) -> None:
        known(tollgate)
        made = await posted(tollgate, "/v1/opportunities", OPPORTUNITY)

        reply = await tollgate.http.post(
            f"/v1/opportunities/{made['id']}/links", json={"kind": kind, "target": target}
        )

        assert (reply.status_code, reply.json()["code"]) == (422, "unknown_target")

    async def test_it_points_at_a_root_cause_analysis_that_is_there(
        self, tollgate: Improvement
    ) -> None:
        body = {"service": "vpn", "title": "No sign-in", "method": "five_whys", "incidents": []}
        analysis = await posted(tollgate, "/v1/root-cause-analyses", body)
        made = await posted(tollgate, "/v1/opportunities", OPPORTUNITY)

        link = {"kind": "root_cause_analysis", "target": analysis["id"]}
        linked = await posted(tollgate, f"/v1/opportunities/{made['id']}/links", link)

        assert linked["target"] == analysis["id"]

    async def test_practices_of_the_catalog_that_are_linked_to_it_are_shown(
        self, tollgate: Improvement
    ) -> None:
        known(tollgate).practices = ["articles", "swarming", "triage"]
        made = await posted(tollgate, "/v1/opportunities", OPPORTUNITY)
        path = f"/v1/opportunities/{made['id']}/practices"

        first = (await tollgate.http.get(path, params={"limit": 2})).json()
        rest = (await tollgate.http.get(path, params={"cursor": first["next_cursor"]})).json()

        assert [item["key"] for item in first["items"]] == ["articles", "swarming"]
        assert [item["key"] for item in rest["items"]] == ["triage"]
        assert rest["next_cursor"] is None


async def test_open_opportunities_are_a_fact_that_gates_can_ask_for(tollgate: Improvement) -> None:
    known(tollgate)
    criterion = automated(expression="open_opportunities + 0.0 == 0.0")
    await tollgate.publish("operate-to-improve", [criterion])
    await planned(tollgate)
    none = await tollgate.evaluate()
    await posted(tollgate, "/v1/opportunities", OPPORTUNITY)
    one = await tollgate.evaluate()

    seen = [each["criteria"][0]["facts"]["open_opportunities"]["value"] for each in (none, one)]
    assert seen == [0, 1]
    assert [each["verdict"] for each in (none, one)] == ["pass", "fail"]
