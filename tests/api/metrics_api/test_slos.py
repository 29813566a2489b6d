"""SLOs over HTTP: definitions, status, history, composites."""

from datetime import timedelta
from typing import Any

import pytest

from shared.kit.clock import now
from shared.kit.database import transaction
from tests.support.incidents import add_service
from tests.support.metrics import Metrics
from tests.support.slos import (
    SLO,
    ago,
    change,
    define_sli,
    define_slo,
    push,
    reading,
    retire,
    sample,
    status,
)
from tests.support.statements import counted_statements

SLICES = {"target": 0.5, "time_slice_target": 0.9, "time_slice_window": 10}


@pytest.fixture(autouse=True)
async def network(metrics: Metrics) -> None:
    async with transaction(metrics.engine) as session:
        await add_service(session, "network")
        await add_service(session, "mail")
    await define_sli(metrics)


def slice_start(slices_ago: int) -> float:
    """Minutes since a slice of ten minutes began; the one of 1 is the last whole one."""
    since = (ago(0).minute % 10) + 10 * slices_ago
    return float(since)


class TestCreate:
    async def test_an_slo_is_read_as_it_was_written(self, metrics: Metrics) -> None:
        fields: dict[str, Any] = {
            "name": "Few errors",
            "time_window": {
                "duration": "1M",
                "calendar": {"start_time": "2026-01-01T00:00:00", "timezone": "Europe/Vienna"},
            },
            "objectives": [{"name": "most", "target": 0.999}, {"name": "all", "target": 0.9999}],
            "labels": {"tier": "1"},
        }
        reply = await metrics.http.post("/v1/slos", json=SLO | fields)
        assert (reply.status_code, reply.headers["ETag"]) == (201, '"1"')
        read = (await metrics.http.get(reply.headers["Location"])).json()
        assert read == reply.json()
        assert read["time_window"] == fields["time_window"]
        assert [one["target"] for one in read["objectives"]] == [0.999, 0.9999]
        assert (read["composite"], read["at_risk_below"]) == (False, 0.25)

    @pytest.mark.parametrize(
        ("fields", "pointer"),
        [
            ({"service": "nobody"}, "/service"),
            ({"sli": "nothing"}, "/sli"),
            ({"service": "mail"}, "/sli"),
            ({"objectives": []}, "/objectives"),
            ({"objectives": [{"target": 1}]}, "/objectives/0/target"),
            ({"objectives": [{"target": -0.1}]}, "/objectives/0/target"),
            ({"objectives": [{"target": "NaN"}]}, "/objectives/0/target"),
            ({"objectives": [{"target": 0.9, "weight": 2}]}, "/objectives/0/weight"),
            ({"sli": None}, "/objectives/0/sli"),
            ({"time_window": {"duration": "99999Y"}}, "/time_window/duration"),
            ({"time_window": {"duration": "28x"}}, "/time_window/duration"),
            ({"minimum_events": -1}, "/minimum_events"),
        ],
    )
    async def test_a_bad_field_is_named(
        self, metrics: Metrics, fields: dict[str, Any], pointer: str
    ) -> None:
        reply = await metrics.http.post("/v1/slos", json=SLO | fields)
        assert reply.status_code == 422
        assert reply.json()["errors"][0]["pointer"] == pointer

    async def test_a_retired_sli_is_none(self, metrics: Metrics) -> None:
        await retire(metrics, "/v1/slis/errors")
        reply = await metrics.http.post("/v1/slos", json=SLO)
        assert reply.json()["errors"][0]["code"] == "unknown_sli"

    async def test_the_same_idempotency_key_defines_it_once(self, metrics: Metrics) -> None:
        once = {"Idempotency-Key": "k"}
        first = await metrics.http.post("/v1/slos", json=SLO, headers=once)
        second = await metrics.http.post("/v1/slos", json=SLO, headers=once)
        assert (first.status_code, first.json()) == (second.status_code, second.json())


class TestChange:
    async def test_another_target_judges_anew_and_the_old_version_stays(
        self, metrics: Metrics
    ) -> None:
        await define_slo(metrics)
        await push(metrics, [sample(5, good=95, total=100)])
        assert (await status(metrics))["level"] == "missed"
        await change(metrics, "/v1/slos/few-errors", objectives=[{"target": 0.9}])
        assert (await status(metrics))["level"] == "met"
        kept = (await metrics.http.get("/v1/slos/few-errors/versions")).json()["items"]
        assert [one["objectives"][0]["target"] for one in kept] == [0.9, 0.99]

    async def test_other_slices_are_counted_of_what_was_sampled_before(
        self, metrics: Metrics
    ) -> None:
        await define_slo(metrics)
        await push(metrics, [sample(slice_start(1), good=1, total=1)])
        fields: dict[str, Any] = {"budgeting_method": "timeslices", "objectives": [SLICES]}
        assert (await change(metrics, "/v1/slos/few-errors", **fields)).status_code == 200
        found = await reading(metrics)
        assert (found["good"], found["total"]) == (1, 1)

    @pytest.mark.parametrize("fields", [{"objectives": None}, {"target": 1}, {"sli": "other"}])
    async def test_a_bad_change_is_refused(self, metrics: Metrics, fields: dict[str, Any]) -> None:
        await define_slo(metrics)
        assert (await change(metrics, "/v1/slos/few-errors", **fields)).status_code == 422

    async def test_nothing_differs_nothing_happens(self, metrics: Metrics) -> None:
        slo = await define_slo(metrics)
        same = {"objectives": slo["objectives"], "time_window": {"duration": "28d"}}
        assert (await change(metrics, "/v1/slos/few-errors", **same)).json() == slo

    async def test_a_retired_slo_is_kept_and_left_out_of_the_statuses(
        self, metrics: Metrics
    ) -> None:
        await define_slo(metrics)
        assert (await retire(metrics, "/v1/slos/few-errors")).json()["state"] == "retired"
        assert (await change(metrics, "/v1/slos/few-errors", 2, name="x")).status_code == 409
        assert (await metrics.http.get("/v1/slo-statuses")).json()["items"] == []


class TestStatus:
    async def test_budget_and_burn_rates_are_those_of_the_window(self, metrics: Metrics) -> None:
        await define_slo(metrics)
        await push(metrics, [sample(5, good=98, total=100), sample(2000, good=900, total=900)])
        found = await status(metrics, lookbacks="1h,1d,7d")
        corrected = found["objectives"][0]["corrected"]
        assert corrected["budget"] == {
            "total": 10.0,
            "spent": 2.0,
            "remaining": 8.0,
            "remaining_minutes": None,
            "remaining_ratio": 0.8,
        }
        rates = [one["burn_rate"] for one in found["objectives"][0]["burn_rates"]]
        assert rates == pytest.approx([2, 2, 0.2])
        assert found["level"] == "met"

    async def test_what_lies_before_the_window_or_after_the_moment_counts_for_nothing(
        self, metrics: Metrics
    ) -> None:
        await define_slo(metrics, time_window={"duration": "1d"})
        await push(metrics, [sample(age, good=1, total=1) for age in (0, 1, 1440, 1441)])
        assert (await reading(metrics))["total"] == 2
        assert (await reading(metrics, at=ago(1).isoformat()))["total"] == 2
        assert (await reading(metrics, at=ago(1440).isoformat()))["total"] == 1

    async def test_without_data_nothing_is_known(self, metrics: Metrics) -> None:
        await define_slo(metrics)
        found = await status(metrics)
        assert (found["level"], found["reason"]) == ("unknown", "no_data")
        assert found["objectives"][0]["corrected"]["value"] is None

    async def test_too_few_events_are_shown_and_decide_nothing(self, metrics: Metrics) -> None:
        await define_slo(metrics, minimum_events=10)
        await push(metrics, [sample(5, good=0, total=9)])
        found = await status(metrics)
        assert (found["level"], found["reason"]) == ("unknown", "insufficient_data")
        assert found["objectives"][0]["corrected"]["value"] == 0
        assert found["objectives"][0]["corrected"]["interval"]["high"] > 0.2

    async def test_good_slices_are_counted(self, metrics: Metrics) -> None:
        await define_slo(metrics, budgeting_method="timeslices", objectives=[SLICES])
        parts = [(1, 8, 10), (1, 10, 10), (2, 8, 10), (4, 1, 1)]
        samples = [
            sample(slice_start(slices) - 0.1 * n, good=good, total=total)
            for n, (slices, good, total) in enumerate(parts)
        ]
        await push(metrics, samples)
        found = await reading(metrics)
        # 18 of 20 are just enough, 8 of 10 are not; the slice without events is none.
        assert (found["good"], found["total"]) == (2, 3)
        assert found["budget"]["remaining_minutes"] == 5

    async def test_shares_of_slices_are_averaged(self, metrics: Metrics) -> None:
        objective = {"target": 0.5, "time_slice_window": 10}
        await define_slo(metrics, budgeting_method="ratio_timeslices", objectives=[objective])
        await push(
            metrics,
            [
                sample(slice_start(1), good=1, total=2),
                sample(slice_start(2), good=1000, total=1000),
            ],
        )
        assert (await reading(metrics))["value"] == 0.75

    async def test_before_its_first_window_an_slo_has_not_begun(self, metrics: Metrics) -> None:
        calendar = {"start_time": "2090-01-01T00:00:00", "timezone": "UTC"}
        await define_slo(metrics, time_window={"duration": "1M", "calendar": calendar})
        found = await status(metrics)
        assert (found["level"], found["reason"]) == ("unknown", "not_begun")

    @pytest.mark.parametrize(
        ("asked", "code"),
        [
            ({"at": "2199-01-01T00:00:00Z"}, "in_the_future"),
            ({"lookbacks": "1x"}, "bad_lookbacks"),
            ({"lookbacks": "99999Y"}, "bad_lookbacks"),
            ({"lookbacks": ",".join(f"{n}m" for n in range(1, 12))}, "bad_lookbacks"),
        ],
    )
    async def test_what_cannot_be_asked_is_refused(
        self, metrics: Metrics, asked: dict[str, str], code: str
    ) -> None:
        await define_slo(metrics)
        reply = await metrics.http.get("/v1/slos/few-errors/status", params=asked)
        assert (reply.status_code, reply.json()["code"]) == (422, code)

    async def test_long_ago_there_was_nothing(self, metrics: Metrics) -> None:
        await define_slo(metrics)
        assert (await status(metrics, at="1900-01-01T00:00:00Z"))["level"] == "unknown"


class TestStatuses:
    async def test_all_are_listed_by_level_and_page(self, metrics: Metrics) -> None:
        await push(metrics, [sample(5, good=95, total=100)])
        for key, target in (("a", 0.99), ("b", 0.9), ("c", 0.94)):
            await define_slo(metrics, key=key, objectives=[{"target": target}])
        levels = {}
        asked: dict[str, Any] = {"limit": 2}
        page = (await metrics.http.get("/v1/slo-statuses", params=asked)).json()
        asked["cursor"] = page["next_cursor"]
        rest = (await metrics.http.get("/v1/slo-statuses", params=asked)).json()
        levels = {one["slo"]: one["level"] for one in [*page["items"], *rest["items"]]}
        assert levels == {"a": "missed", "b": "met", "c": "at_risk"}
        missed = await metrics.http.get("/v1/slo-statuses", params={"level": "missed"})
        assert [one["slo"] for one in missed.json()["items"]] == ["a"]

    async def test_many_slos_cost_no_more_statements_than_one(self, metrics: Metrics) -> None:
        await define_slo(metrics, key="a")
        with counted_statements() as for_one:
            await metrics.http.get("/v1/slo-statuses")
        for key in ("b", "c", "d"):
            await define_slo(metrics, key=key)
        with counted_statements() as for_four:
            await metrics.http.get("/v1/slo-statuses")
        assert len(for_four) == len(for_one)


class TestHistory:
    async def test_each_day_stands_with_its_window_and_alone(self, metrics: Metrics) -> None:
        await define_slo(metrics)
        midnight = now().replace(hour=0, minute=0, second=0, microsecond=0)
        stamps = [(midnight - timedelta(hours=30), 1), (midnight - timedelta(hours=1), 0)]
        await push(
            metrics, [{"at": at.isoformat(), "good": good, "total": 1} for at, good in stamps]
        )
        first = (midnight - timedelta(days=3)).date().isoformat()
        reply = await metrics.http.get("/v1/slos/few-errors/history", params={"from": first})
        days = reply.json()["items"]
        objectives = [day["objectives"][0] for day in days]
        assert [one["value"] for one in objectives] == [None, 1, 0.5, 0.5]
        assert [one["day_total"] for one in objectives] == [0, 1, 1, 0]
        assert [day["complete"] for day in days] == [True, True, True, False]

    async def test_days_are_paged(self, metrics: Metrics) -> None:
        await define_slo(metrics)
        asked: dict[str, Any] = {"from": "2026-01-01", "to": "2026-01-03", "limit": 2}
        page = (await metrics.http.get("/v1/slos/few-errors/history", params=asked)).json()
        asked["cursor"] = page["next_cursor"]
        rest = (await metrics.http.get("/v1/slos/few-errors/history", params=asked)).json()
        days = [day["day"] for day in [*page["items"], *rest["items"]]]
        assert days == ["2026-01-01", "2026-01-02", "2026-01-03"]
        assert rest["next_cursor"] is None

    @pytest.mark.parametrize("asked", [{"from": "2199-12-31"}, {"from": "1900-01-01", "limit": 3}])
    async def test_no_range_is_a_defect(self, metrics: Metrics, asked: dict[str, Any]) -> None:
        await define_slo(metrics)
        reply = await metrics.http.get("/v1/slos/few-errors/history", params=asked)
        assert reply.status_code == 200

    async def test_a_history_does_not_end_before_it_begins(self, metrics: Metrics) -> None:
        await define_slo(metrics)

        asked = {"from": "2026-01-02", "to": "2026-01-01"}
        reply = await metrics.http.get("/v1/slos/few-errors/history", params=asked)

        assert (reply.status_code, reply.json()["code"]) == (422, "bad_range")
        assert reply.json()["errors"][0]["pointer"] == "/query/to"


class TestComposite:
    @pytest.fixture(autouse=True)
    async def other(self, metrics: Metrics) -> None:
        await define_sli(metrics, key="latency", service="mail")

    async def test_members_burn_the_budget_at_their_rate_and_weight(self, metrics: Metrics) -> None:
        members = [
            {"target": 0.9, "sli": "errors", "weight": 2},
            {"target": 0.5, "sli": "latency"},
        ]
        await define_slo(metrics, sli=None, objectives=members)
        await push(metrics, [sample(5, good=99, total=100)])
        await push(metrics, [sample(5, good=9, total=10)], "latency")
        composite = (await status(metrics))["composite"]
        # 0.1 of the budget at weight 2, and 0.2 at weight 1.
        assert composite["corrected"]["remaining_ratio"] == pytest.approx(0.6)
        assert (composite["level"], composite["corrected"]["value"]) == ("met", None)

    async def test_a_slice_is_good_if_it_is_for_all(self, metrics: Metrics) -> None:
        members = [{**SLICES, "sli": "errors"}, {**SLICES, "target": 0.75, "sli": "latency"}]
        await define_slo(metrics, sli=None, budgeting_method="timeslices", objectives=members)
        bad = {"errors": {2}, "latency": {2, 3}}
        for sli, numbers in bad.items():
            samples = [
                sample(slice_start(n), good=int(n not in numbers), total=1) for n in (1, 2, 3)
            ]
            await push(metrics, samples, sli)
        composite = (await status(metrics))["composite"]
        assert (composite["corrected"]["good"], composite["corrected"]["total"]) == (1, 3)
        assert composite["target"] == 0.25

    async def test_missing_parts_of_slices_add_up(self, metrics: Metrics) -> None:
        sliced = {"target": 0.9, "time_slice_window": 10}
        members = [{**sliced, "sli": "errors"}, {**sliced, "sli": "latency"}]
        await define_slo(metrics, sli=None, budgeting_method="ratio_timeslices", objectives=members)
        for sli in ("errors", "latency"):
            await push(metrics, [sample(slice_start(1), good=95, total=100)], sli)
        composite = (await status(metrics))["composite"]
        assert composite["corrected"]["value"] == pytest.approx(0.9)

    async def test_its_history_has_the_whole_beside_its_members(self, metrics: Metrics) -> None:
        members = [{**SLICES, "sli": "errors"}, {**SLICES, "sli": "latency"}]
        await define_slo(metrics, sli=None, budgeting_method="timeslices", objectives=members)
        today = now().date().isoformat()
        reply = await metrics.http.get("/v1/slos/few-errors/history", params={"from": today})
        numbers = [one["number"] for one in reply.json()["items"][0]["objectives"]]
        assert numbers == [0, 1, -1]


class TestFacts:
    async def test_tollgates_are_told_how_the_slos_of_a_service_stand(
        self, metrics: Metrics
    ) -> None:
        await push(metrics, [sample(5, good=95, total=100)])
        for key, target in (("a", 0.9), ("b", 0.99)):
            await define_slo(metrics, key=key, objectives=[{"target": target}])
        facts = (await metrics.http.get("/v1/services/network/facts")).json()["facts"]
        values = {name: one["value"] for name, one in facts.items() if name.startswith("slo")}
        assert values == {
            "slo_count": 2,
            "slos_met_count": 1,
            "slos_at_risk_count": 0,
            "slos_missed_count": 1,
            "slos_unknown_count": 0,
            "slo_budget_remaining_min": -4,
            "slo_alerts_firing_count": 0,
        }

    async def test_without_slos_there_is_no_budget_and_it_says_why(self, metrics: Metrics) -> None:
        facts = (await metrics.http.get("/v1/services/network/facts")).json()["facts"]
        assert facts["slo_count"]["value"] == 0
        assert facts["slo_budget_remaining_min"]["value"] is None
        assert facts["slo_budget_remaining_min"]["reason"] == "no_slos"
