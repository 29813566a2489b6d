"""Alert policies over HTTP, and what the evaluation makes of them."""

from datetime import timedelta
from typing import Any

import pytest

from metrics_api.slo_alerts.evaluation import evaluate_all
from shared.kit.clock import now
from shared.kit.database import transaction
from tests.support.incidents import add_service
from tests.support.metrics import Metrics
from tests.support.slos import change, define_sli, define_slo, made, push, retire, sample

PATH = "/v1/slos/few-errors/alert-policies"
POLICY = {
    "key": "fast",
    "severity": "page",
    "factor": 10,
    "long_window": "1h",
    "short_window": "5m",
}


@pytest.fixture(autouse=True)
async def slo(metrics: Metrics) -> None:
    async with transaction(metrics.engine) as session:
        await add_service(session, "network")
    await define_sli(metrics)
    await define_slo(metrics)


async def policy(metrics: Metrics, **fields: Any) -> Any:
    return await made(metrics, PATH, POLICY | fields)


async def evaluate(metrics: Metrics, minutes: float = 0) -> None:
    await evaluate_all(metrics.engine, now() + timedelta(minutes=minutes))


async def alerts(metrics: Metrics) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await metrics.http.get("/v1/slo-alerts")).json()["items"]
    return found


async def told(metrics: Metrics) -> list[tuple[str, dict[str, Any]]]:
    """Type and data of all events about SLOs, in the order in which they were told."""
    async with transaction(metrics.engine) as session:
        connection = await session.connection()
        rows = await connection.exec_driver_sql(
            "SELECT type, subject, data FROM metrics.outbox_event"
            " WHERE starts_with(type, 'slo.') ORDER BY occurred_at"
        )
        return [(row.type, {**row.data, "subject": row.subject}) for row in rows]


def burning() -> list[dict[str, Any]]:
    return [sample(1, good=0, total=10), sample(30, good=50, total=100)]


class TestPolicies:
    async def test_a_policy_is_read_as_it_was_written(self, metrics: Metrics) -> None:
        written = await policy(metrics, alert_after="2m", notification_targets=["on-call"])
        read = (await metrics.http.get(f"{PATH}/fast")).json()
        assert read == written
        assert {name: read[name] for name in POLICY} == POLICY

    async def test_one_that_could_never_fire_is_refused_with_the_highest_burn(
        self, metrics: Metrics
    ) -> None:
        reply = await metrics.http.post(PATH, json=POLICY | {"factor": 100})
        assert (reply.status_code, reply.json()["code"]) == (422, "can_never_fire")
        assert reply.json()["highest_burn_rate"] == 100
        reply = await metrics.http.post(PATH, json=POLICY | {"long_window": "29d"})
        assert reply.json()["errors"][0]["pointer"] == "/long_window"

    async def test_an_slo_is_not_loosened_so_that_its_policies_die(self, metrics: Metrics) -> None:
        await policy(metrics, factor=20)
        objectives = [{"target": 0.95}]
        reply = await change(metrics, "/v1/slos/few-errors", objectives=objectives)
        assert (reply.status_code, reply.json()["policies"]) == (409, ["fast"])

    async def test_the_workbooks_policies_are_made_once_and_only_those_that_can_fire(
        self, metrics: Metrics
    ) -> None:
        await define_slo(metrics, key="loose", objectives=[{"target": 0.9}])
        path = "/v1/slos/loose/default-alert-policies"
        first = (await metrics.http.post(path)).json()
        assert [one["key"] for one in first["created"]] == ["slow-burn", "low-burn"]
        assert [one["key"] for one in first["skipped"]] == ["fast-burn"]
        again = (await metrics.http.post(path)).json()
        assert again["created"] == []

    async def test_windows_without_a_whole_slice_are_refused_and_left_out(
        self, metrics: Metrics
    ) -> None:
        sliced = {"target": 0.99, "time_slice_target": 0.9, "time_slice_window": 10}
        await define_slo(metrics, key="slow", budgeting_method="timeslices", objectives=[sliced])
        reply = await metrics.http.post("/v1/slos/slow/alert-policies", json=POLICY)
        assert reply.json()["errors"][0]["pointer"] == "/short_window"
        made_of = (await metrics.http.post("/v1/slos/slow/default-alert-policies")).json()
        assert [one["key"] for one in made_of["created"]] == ["slow-burn", "low-burn"]
        longer = [sliced | {"time_slice_window": 120}]
        reply = await change(metrics, "/v1/slos/slow", objectives=longer)
        assert (reply.status_code, reply.json()["policies"]) == (409, ["slow-burn"])

    async def test_changes_are_versioned_and_a_retired_one_stays_so(self, metrics: Metrics) -> None:
        await policy(metrics)
        changed = await change(metrics, f"{PATH}/fast", severity="ticket")
        assert (changed.json()["severity"], changed.json()["version"]) == ("ticket", 2)
        assert (await change(metrics, f"{PATH}/fast", 2, factor=1000)).status_code == 422
        assert (await retire(metrics, f"{PATH}/fast", 2)).json()["state"] == "retired"
        assert (await change(metrics, f"{PATH}/fast", 3, factor=2)).status_code == 409
        kept = (await metrics.http.get(f"{PATH}/fast/versions")).json()["items"]
        assert [one["version"] for one in kept] == [3, 2, 1]
        listed = (await metrics.http.get(PATH)).json()["items"]
        assert [one["key"] for one in listed] == ["fast"]


class TestEvaluation:
    async def test_what_burns_fires_once_and_is_resolved_once(self, metrics: Metrics) -> None:
        await policy(metrics)
        await push(metrics, burning())
        for _ in range(3):
            await evaluate(metrics)
        (alert,) = await alerts(metrics)
        assert (alert["state"], alert["cause"], alert["policy_key"]) == (
            "firing",
            "burn_rate",
            "fast",
        )
        assert alert["short_burn"] == pytest.approx(100)
        for _ in range(2):
            await evaluate(metrics, minutes=10)
        (alert,) = await alerts(metrics)
        assert alert["state"] == "resolved"
        events = [one for one in await told(metrics) if one[0] != "slo.budget_exhausted"]
        assert [name for name, _ in events] == ["slo.alert_firing", "slo.alert_resolved"]
        data = events[0][1]
        assert (data["subject"], data["slo"], data["policy"]) == ("network", "few-errors", "fast")

    async def test_a_long_window_alone_does_not_fire(self, metrics: Metrics) -> None:
        await policy(metrics)
        await push(metrics, [sample(1, good=10, total=10), sample(30, good=0, total=100)])
        await evaluate(metrics)
        assert await alerts(metrics) == []

    async def test_it_waits_until_it_has_lasted(self, metrics: Metrics) -> None:
        await policy(metrics, alert_after="2m")
        await push(metrics, burning())
        await evaluate(metrics)
        assert [one["state"] for one in await alerts(metrics)] == ["pending"]
        await evaluate(metrics, minutes=2)
        assert [one["state"] for one in await alerts(metrics)] == ["firing"]

    async def test_what_passes_while_it_waits_leaves_no_trace(self, metrics: Metrics) -> None:
        await policy(metrics, alert_after="5m")
        await push(metrics, burning())
        await evaluate(metrics)
        await evaluate(metrics, minutes=60)
        assert await alerts(metrics) == []

    async def test_absent_data_fires_where_it_is_asked_for(self, metrics: Metrics) -> None:
        await policy(metrics)
        await policy(metrics, key="absent", alert_when_no_data=True)
        await evaluate(metrics)
        assert [(one["policy_key"], one["cause"]) for one in await alerts(metrics)] == [
            ("absent", "no_data")
        ]

    async def test_retiring_the_policy_or_the_slo_ends_its_alerts(self, metrics: Metrics) -> None:
        await policy(metrics)
        await push(metrics, burning())
        await evaluate(metrics)
        await retire(metrics, "/v1/slos/few-errors")
        await evaluate(metrics)
        assert [one["state"] for one in await alerts(metrics)] == ["resolved"]

    async def test_maintenance_does_not_page(self, metrics: Metrics) -> None:
        await policy(metrics)
        await push(metrics, burning())
        body = {
            "service": "network",
            "category": "deployment",
            "reason": "Release",
            "start": burning()[1]["at"],
            "duration_minutes": 60,
        }
        correction = await made(metrics, "/v1/corrections", body)
        headers = {**metrics.caller("grace"), "If-Match": '"1"'}
        path = f"/v1/corrections/{correction['id']}/approve"
        await metrics.http.post(path, json={}, headers=headers)
        await evaluate(metrics)
        assert await alerts(metrics) == []

    async def test_a_composite_alerts_as_a_whole(self, metrics: Metrics) -> None:
        members = [{"target": 0.9, "sli": "errors"}, {"target": 0.9, "sli": "errors"}]
        await define_slo(metrics, key="whole", sli=None, objectives=members)
        await made(metrics, "/v1/slos/whole/alert-policies", POLICY | {"factor": 15})
        await push(metrics, [sample(1, good=0, total=10)])
        await evaluate(metrics)
        assert [(one["slo"], one["objective"]) for one in await alerts(metrics)] == [("whole", -1)]


class TestBudgets:
    async def test_a_spent_budget_is_told_once_until_it_is_left_again(
        self, metrics: Metrics
    ) -> None:
        await push(metrics, [sample(5, good=99, total=100)])
        for _ in range(2):
            await evaluate(metrics)
        assert [name for name, _ in await told(metrics)] == ["slo.budget_exhausted"]
        await push(metrics, [sample(4, good=900, total=900)])
        await evaluate(metrics)
        await push(metrics, [sample(3, good=0, total=900)])
        await evaluate(metrics)
        events = await told(metrics)
        assert [name for name, _ in events] == ["slo.budget_exhausted"] * 2
        assert (events[0][1]["service"], events[0][1]["remaining_ratio"]) == ("network", 0)

    async def test_too_few_events_spend_nothing(self, metrics: Metrics) -> None:
        await change(metrics, "/v1/slos/few-errors", minimum_events=100)
        await push(metrics, [sample(5, good=0, total=99)])
        await evaluate(metrics)
        assert await told(metrics) == []

    async def test_a_new_window_of_the_calendar_may_be_spent_anew(self, metrics: Metrics) -> None:
        start = (now() - timedelta(days=1)).replace(tzinfo=None, microsecond=0)
        calendar = {"start_time": start.isoformat(), "timezone": "UTC"}
        window = {"duration": "1d", "calendar": calendar}
        await change(metrics, "/v1/slos/few-errors", time_window=window)
        await push(metrics, [sample(10, good=0, total=9), sample(-1, good=0, total=9)])
        # The first window ends about now; some minutes later the second has begun.
        await evaluate(metrics, minutes=-5)
        await evaluate(metrics, minutes=5)
        windows = [data["window_start"] for _, data in await told(metrics)]
        assert len(set(windows)) == 2
