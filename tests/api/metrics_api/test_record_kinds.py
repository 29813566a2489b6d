"""What each kind of record has of its own: requests, changes, outages, surveys, events."""

from datetime import datetime
from typing import Any

import pytest

from tests.support.metrics import Metrics
from tests.support.record_pushes import items, knowing_tools, push, pushed
from tests.support.records import PATHS, at

REQUEST, CHANGE, OUTAGE, SURVEY, EVENT = PATHS

KINDS = list(PATHS)
RECEIPT = ("first_received_at", "last_received_at")


@pytest.fixture
async def desk(metrics: Metrics) -> Metrics:
    return await knowing_tools(metrics)


class TestRequests:
    async def test_timings_and_steps_are_shown(self, desk: Metrics) -> None:
        step = {"id": "check", "started_at": at(1).isoformat(), "met": None}

        told = await pushed(
            desk, REQUEST, 3, state="closed", due_at=at(2), low_value=True, steps=[step]
        )

        assert (told["met"], told["low_value"], told["reopened"]) == (False, True, False)
        assert (told["steps"][0]["id"], told["steps"][0]["title"]) == ("check", None)

    async def test_filters(self, desk: Metrics) -> None:
        await push(desk, REQUEST, 3, state="closed", due_at=at(4), offering="laptop")
        await push(desk, REQUEST, external_id="2", state="new", low_value=True)

        for query, ids in (
            ({"state": "closed"}, ["1"]),
            ({"offering": "laptop", "met": True}, ["1"]),
            ({"low_value": True}, ["2"]),
            ({"fulfilled_from": at(3).isoformat(), "fulfilled_to": at(4).isoformat()}, ["1"]),
            ({"opened_to": at(0).isoformat()}, []),
        ):
            assert [each["external_id"] for each in await items(desk, "requests", **query)] == ids


class TestChanges:
    async def test_words_that_are_unknown_are_kept(self, desk: Metrics) -> None:
        told = await pushed(desk, CHANGE, type="Latent", outcome="Partly", state="closed")

        assert (told["type"], told["outcome"], told["raw_outcome"]) == ("Latent", None, "Partly")

    async def test_its_risk_is_explained(self, desk: Metrics) -> None:
        told = await pushed(
            desk,
            CHANGE,
            service="mail",
            type="emergency",
            impact="1 - High",
            planned_start_at=at(0),
            backout_plan=False,
        )

        points = {each["factor"]: each["points"] for each in told["risk_factors"]}
        assert points == {
            "type": 25,
            "impact": 20,
            "criticality": 20,
            "lead_time": 10,
            "service_history": 0,
            "group_history": 0,
            "backout_plan": 5,
        }
        assert told["risk_score"] == 80

    async def test_failures_before_it_raise_its_risk(self, desk: Metrics) -> None:
        group: dict[str, Any] = {"service": "mail", "assignment_group": "ops"}
        ended: dict[str, Any] = {"state": "closed", "completed_at": at(-48), **group}
        await push(desk, CHANGE, external_id="A", outcome="failed", **ended)
        await push(desk, CHANGE, external_id="B", outcome="rolled_back", **ended)
        await push(desk, CHANGE, external_id="C", outcome="successful", **ended)
        await push(desk, CHANGE, external_id="D", outcome="failed", **ended | {"service": "vpn"})
        late: dict[str, Any] = {"completed_at": at(48), "external_id": "E"}
        await push(desk, CHANGE, outcome="failed", **group | {"state": "closed"} | late)

        told = await pushed(desk, CHANGE, **group)

        whys = {each["factor"]: (each["points"], each["why"]) for each in told["risk_factors"]}
        assert whys["service_history"] == (5, "2 of 3 changes failed in 180 days")
        assert whys["group_history"] == (2, "3 of 4 changes failed in 180 days")

    async def test_filters(self, desk: Metrics) -> None:
        await push(desk, CHANGE, 3, state="closed", outcome="failed", type="emergency")
        await push(desk, CHANGE, external_id="2", planned_start_at=at(9), assignment_group="ops")

        for query, ids in (
            ({"outcome": "failed"}, ["1"]),
            ({"emergency": False}, ["2"]),
            ({"assignment_group": "ops"}, ["2"]),
            ({"planned_start_from": at(9).isoformat()}, ["2"]),
            ({"completed_from": at(3).isoformat()}, ["1"]),
        ):
            assert [each["external_id"] for each in await items(desk, "changes", **query)] == ids


class TestOutages:
    async def test_open_planned_and_overlapping_ones_are_kept_as_they_are(
        self, desk: Metrics
    ) -> None:
        await push(desk, OUTAGE, service="mail")
        await push(desk, OUTAGE, external_id="2", service="mail", ended_at=at(2), planned=True)
        await push(desk, OUTAGE, external_id="3", service="mail", ended_at=at(9), degraded=True)

        for query, ids in (
            ({"service": "mail"}, ["1", "2", "3"]),
            ({"open": True}, ["1"]),
            ({"open": False}, ["2", "3"]),
            ({"planned": True}, ["2"]),
            ({"degraded": True}, ["3"]),
            ({"started_from": at(1).isoformat()}, []),
        ):
            assert [each["external_id"] for each in await items(desk, "outages", **query)] == ids

    async def test_an_event_ends_it(self, desk: Metrics) -> None:
        await push(desk, OUTAGE, by="feed", caused_by="CHG1")
        told = await pushed(desk, OUTAGE, 2, by="feed", started_at=..., ended_at=at(1))

        assert datetime.fromisoformat(told["ended_at"]) == at(1)
        assert (told["caused_by"], told["state"]) == ("CHG1", None)


class TestSurveys:
    async def test_an_answer_that_does_not_count_is_kept(self, desk: Metrics) -> None:
        told = await pushed(desk, SURVEY, kind="CSAT", score=6, about="INC1", comment="no")

        assert (told["kind"], told["score"], told["raw_score"]) == ("csat", None, 6)
        odd = await pushed(desk, SURVEY, 1, kind="ces", score="meh")
        assert (odd["kind"], odd["raw_kind"], odd["raw_score"]) == (None, "ces", "meh")

    async def test_filters(self, desk: Metrics) -> None:
        await push(desk, SURVEY, kind="csat", score=5, answered_at=at(1), about="INC1")
        await push(desk, SURVEY, external_id="2", kind="nps")

        for query, ids in (
            ({"kind": "nps"}, ["2"]),
            ({"about": "INC1"}, ["1"]),
            ({"answered_from": at(1).isoformat()}, ["1"]),
            ({"sent_from": at(1).isoformat()}, []),
        ):
            assert [each["external_id"] for each in await items(desk, "surveys", **query)] == ids


class TestInfrastructureEvents:
    async def test_it_lasts_until_it_is_cleared(self, desk: Metrics) -> None:
        path = "infrastructure-events"
        await push(desk, EVENT, severity="Sev-1", component="db-1")
        assert len(await items(desk, path, open=True, severity="Sev-1", component="db-1")) == 1

        told = await pushed(desk, EVENT, 2, severity="Sev-1", component="db-1", cleared_at=at(1))

        assert datetime.fromisoformat(told["cleared_at"]) == at(1)
        assert await items(desk, path, open=True) == []
        assert len(await items(desk, path, occurred_from=at(0).isoformat())) == 1
