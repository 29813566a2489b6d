"""Corrections over HTTP, and what they do to budgets."""

from datetime import timedelta
from typing import Any

import pytest

from shared.kit.database import transaction
from tests.support.corrections import PATH, act, approved, body, requested
from tests.support.incidents import add_service
from tests.support.metrics import Metrics
from tests.support.slos import ago, define_sli, define_slo, push, sample, status

SLICES = {"target": 0.5, "time_slice_target": 0.9, "time_slice_window": 10}


@pytest.fixture(autouse=True)
async def network(metrics: Metrics) -> None:
    async with transaction(metrics.engine) as session:
        await add_service(session, "network")
    await define_sli(metrics)


class TestStates:
    async def test_another_person_approves_and_it_is_written_down(self, metrics: Metrics) -> None:
        correction = await approved(metrics)
        read = (await metrics.http.get(f"{PATH}/{correction['id']}")).json()
        assert (read["state"], read["requested_by"], read["approver"]) == (
            "approved",
            "ada",
            "grace",
        )
        kept = (await metrics.http.get(f"{PATH}/{correction['id']}/versions")).json()["items"]
        assert [one["state"] for one in kept] == ["approved", "requested"]

    @pytest.mark.parametrize("decision", ["approve", "reject"])
    async def test_nobody_decides_what_they_asked_for(
        self, metrics: Metrics, decision: str
    ) -> None:
        reply = await act(metrics, await requested(metrics), decision, "ada")
        assert (reply.status_code, reply.json()["code"]) == (409, "self_approval")

    async def test_nor_what_they_asked_for_in_the_name_of_another(self, metrics: Metrics) -> None:
        for_zoe = metrics.caller("grace") | {"On-Behalf-Of": "zoe"}
        asked = await metrics.http.post(PATH, json=body(), headers=for_zoe)

        reply = await act(metrics, asked.json(), "approve", "grace")

        assert (asked.status_code, asked.json()["requested_by"]) == (201, "zoe")
        assert (reply.status_code, reply.json()["code"]) == (409, "self_approval")

    async def test_approving_needs_its_scope(self, metrics: Metrics) -> None:
        correction = await requested(metrics)
        headers = {**metrics.caller("grace", ["slos:write"]), "If-Match": '"1"'}
        reply = await metrics.http.post(
            f"{PATH}/{correction['id']}/approve", json={}, headers=headers
        )
        assert reply.status_code == 403

    async def test_other_moves_are_refused_with_the_allowed_ones(self, metrics: Metrics) -> None:
        correction = await approved(metrics)
        reply = await act(metrics, correction, "reject", version=2)
        assert (reply.status_code, reply.json()["allowed"]) == (409, ["revoked"])
        reply = await act(metrics, await requested(metrics), "revoke")
        assert reply.json()["allowed"] == ["approved", "rejected"]

    async def test_what_was_approved_stays_as_it_was_approved(self, metrics: Metrics) -> None:
        correction = await approved(metrics)
        reply = await metrics.http.patch(
            f"{PATH}/{correction['id']}", json={"reason": "x"}, headers={"If-Match": '"2"'}
        )
        assert reply.status_code == 409

    async def test_a_request_can_be_changed(self, metrics: Metrics) -> None:
        correction = await requested(metrics)
        path = f"{PATH}/{correction['id']}"
        fields = {"rrule": "FREQ=WEEKLY", "timezone": "Europe/Vienna"}
        changed = await metrics.http.patch(path, json=fields, headers={"If-Match": '"1"'})
        assert (changed.json()["rrule"], changed.json()["version"]) == ("FREQ=WEEKLY", 2)
        bad = await metrics.http.patch(path, json={"rrule": "x"}, headers={"If-Match": '"2"'})
        assert bad.status_code == 422

    @pytest.mark.parametrize(
        ("fields", "pointer"),
        [
            ({"service": "nobody"}, "/service"),
            ({"slo": "nothing"}, "/slo"),
            ({"duration_minutes": None}, "/end"),
            ({"start": "2026-03-01T00:00:30Z"}, "/start"),
            ({"start": "1999-03-01T00:00:00Z"}, "/start"),
            ({"rrule": "FREQ=HOURLY"}, "/rrule"),
            ({"rrule": "FREQ=DAILY;UNTIL=99991231T235959Z", "timezone": "Nowhere"}, "/timezone"),
            ({"timezone": "../etc/passwd"}, "/timezone"),
        ],
    )
    async def test_a_bad_field_is_named(
        self, metrics: Metrics, fields: dict[str, Any], pointer: str
    ) -> None:
        reply = await metrics.http.post(PATH, json=body(**fields))
        assert reply.status_code == 422, reply.text
        assert reply.json()["errors"][0]["pointer"] == pointer

    async def test_they_are_listed_by_state(self, metrics: Metrics) -> None:
        correction = await approved(metrics)
        await requested(metrics)
        listed = await metrics.http.get(PATH, params={"state": "approved", "service": "network"})
        assert [one["id"] for one in listed.json()["items"]] == [correction["id"]]


class TestEffect:
    async def test_both_values_are_kept_and_the_corrected_one_decides(
        self, metrics: Metrics
    ) -> None:
        await define_slo(metrics)
        await push(metrics, [sample(20, good=0, total=100), sample(5, good=100, total=100)])
        correction = await requested(metrics)
        assert (await status(metrics))["level"] == "missed"
        await act(metrics, correction, "approve")
        found = await status(metrics)
        objective = found["objectives"][0]
        assert (objective["corrected"]["value"], objective["uncorrected"]["value"]) == (1, 0.5)
        assert found["level"] == "met"
        await act(metrics, correction, "revoke", version=2)
        assert (await status(metrics))["level"] == "missed"

    async def test_it_is_cut_at_its_minutes(self, metrics: Metrics) -> None:
        await define_slo(metrics)
        await approved(metrics, end=ago(10).isoformat(), duration_minutes=None)
        ages = (30.1, 30, 29.9, 10.1, 10, 9.9)
        await push(metrics, [sample(age, good=1, total=1) for age in ages])
        objective = (await status(metrics))["objectives"][0]
        totals = objective["corrected"]["total"], objective["uncorrected"]["total"]
        assert totals == (3, 6)

    async def test_overlapping_ones_count_once(self, metrics: Metrics) -> None:
        await define_slo(metrics)
        await push(metrics, [sample(age, good=1, total=1) for age in (25, 5)])
        for _ in range(2):
            await approved(metrics)
        assert (await status(metrics))["objectives"][0]["corrected"]["total"] == 1

    async def test_one_of_another_slo_does_nothing(self, metrics: Metrics) -> None:
        for key in ("a", "b"):
            await define_slo(metrics, key=key)
        await push(metrics, [sample(25, good=1, total=1)])
        await approved(metrics, slo="a")
        totals = [
            (await status(metrics, key))["objectives"][0]["corrected"]["total"]
            for key in ("a", "b")
        ]
        assert totals == [0, 1]

    async def test_a_slice_that_it_touches_is_left_out(self, metrics: Metrics) -> None:
        await define_slo(metrics, budgeting_method="timeslices", objectives=[SLICES])
        boundary = ago(0) - timedelta(minutes=ago(0).minute % 10)
        begin = [(boundary - timedelta(minutes=10 * n)).isoformat() for n in (1, 2, 3)]
        await push(metrics, [{"at": at, "good": 1, "total": 1} for at in begin])
        start = boundary - timedelta(minutes=11)
        await approved(metrics, start=start.isoformat(), duration_minutes=2)
        objective = (await status(metrics))["objectives"][0]
        totals = objective["corrected"]["total"], objective["uncorrected"]["total"]
        assert totals == (1, 3)

    async def test_one_that_recurs_counts_each_time(self, metrics: Metrics) -> None:
        await define_slo(metrics)
        days = [1440 * day for day in range(5)]
        await push(metrics, [sample(age + 25, good=1, total=1) for age in days])
        start = ago(30 + 1440 * 3).isoformat()
        await approved(metrics, start=start, rrule="FREQ=DAILY;INTERVAL=2")
        assert (await status(metrics))["objectives"][0]["corrected"]["total"] == 3
