"""SLIs that are counted from the records: each measure, its filters, availability to the minute."""

from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest

from metrics_api.records.tables import ChangeRecord, Outage, RequestRecord, Survey
from shared.kit.database import transaction
from tests.support.incidents import add_service, make_incident, store
from tests.support.metrics import Metrics
from tests.support.slos import (
    add_record,
    ago,
    define_sli,
    define_slo,
    push,
    reading,
    sample,
    status,
)

SLICES = {"target": 0.5, "time_slice_target": 0.8, "time_slice_window": 10}


@pytest.fixture(autouse=True)
async def network(metrics: Metrics) -> None:
    async with transaction(metrics.engine) as session:
        await add_service(session, "network")


async def measure(metrics: Metrics, name: str, **feed: Any) -> tuple[float, float]:
    """Good and valid events of a measure in a window of 28 days."""
    key = f"m{len(feed)}-{name.replace('_', '-')}"
    await define_sli(metrics, key=key, feed={"kind": "records", "measure": name, **feed})
    await define_slo(metrics, key=key, sli=key)
    found = await reading(metrics, key)
    return found["good"], found["total"]


async def add_incidents(metrics: Metrics) -> None:
    """One resolved in an hour in time, one in ten hours late; one of another service."""
    facts: list[dict[str, Any]] = [
        {"priority": 1, "hours": 1, "met": True, "channel": "phone"},
        {"priority": 3, "hours": 10, "met": False, "channel": "email"},
        {"priority": 1, "hours": 1, "met": True, "channel": "phone", "service": "mail"},
    ]
    async with transaction(metrics.engine) as session:
        await store(
            session,
            [
                make_incident(
                    state="resolved",
                    service=fact.get("service", "network"),
                    priority=fact["priority"],
                    channel=fact["channel"],
                    opened_at=ago(60) - timedelta(hours=fact["hours"]),
                    acknowledgement_at=ago(60),
                    resolution_at=ago(60),
                    resolution_met=fact["met"],
                    response_met=not fact["met"],
                    reopened=fact["met"],
                )
                for fact in facts
            ],
        )


class TestIncidents:
    @pytest.fixture(autouse=True)
    async def incidents(self, metrics: Metrics) -> None:
        await add_incidents(metrics)

    async def test_each_measure_counts_what_it_says(self, metrics: Metrics) -> None:
        assert await measure(metrics, "incidents_resolved_in_time") == (1, 2)
        assert await measure(metrics, "incidents_responded_in_time") == (1, 2)
        assert await measure(metrics, "incidents_not_reopened") == (1, 2)
        assert await measure(metrics, "incidents_resolved_within", within_hours=1) == (1, 2)
        assert await measure(metrics, "incidents_acknowledged_within", within_hours=10) == (2, 2)

    async def test_priorities_and_channels_narrow_it(self, metrics: Metrics) -> None:
        name = "incidents_resolved_in_time"
        assert await measure(metrics, name, priorities=[1, 2]) == (1, 1)
        assert await measure(metrics, name, channels=["email"], priorities=[3]) == (0, 1)

    async def test_a_value_is_compared_by_the_objective(self, metrics: Metrics) -> None:
        feed = {"kind": "records", "measure": "resolution_hours"}
        await define_sli(metrics, kind="threshold", parts=None, feed=feed)
        await define_slo(metrics, objectives=[{"target": 0.5, "op": "lt", "value": 10}])
        found = await reading(metrics)
        assert (found["good"], found["total"]) == (1, 2)

    async def test_another_filter_counts_anew(self, metrics: Metrics) -> None:
        feed = {"kind": "records", "measure": "incidents_resolved_in_time"}
        await define_sli(metrics, feed=feed)
        await define_slo(metrics)
        await metrics.http.patch(
            "/v1/slis/errors",
            json={"feed": {**feed, "priorities": [3]}},
            headers={"If-Match": '"1"'},
        )
        assert (await reading(metrics))["total"] == 1


async def test_requests_changes_and_surveys_are_counted(metrics: Metrics) -> None:
    at = ago(60)
    async with transaction(metrics.engine) as session:
        for met in (True, False, None):
            await add_record(
                session,
                RequestRecord,
                opened_at=at - timedelta(hours=5),
                fulfilled_at=at,
                met=met,
                reopened=False,
            )
        for outcome in ("successful", "failed", "rolled_back", None):
            await add_record(
                session, ChangeRecord, completed_at=at, outcome=outcome, emergency=False
            )
        for score in (5, 4, 3, None):
            await add_record(session, Survey, kind="csat", answered_at=at, score=score)
        await add_record(session, Survey, kind="nps", answered_at=at, score=9)
    assert await measure(metrics, "requests_fulfilled_in_time") == (1, 2)
    assert await measure(metrics, "changes_successful") == (1, 3)
    assert await measure(metrics, "csat_satisfied") == (2, 3)


class TestAvailability:
    @pytest.fixture(autouse=True)
    async def sli(self, metrics: Metrics) -> None:
        await define_sli(metrics, feed={"kind": "records", "measure": "availability"})

    async def down(self, metrics: Metrics, start: float, end: float | None, **kind: Any) -> None:
        ended_at = None if end is None else ago(end)
        usual: dict[str, Any] = {"planned": False, "degraded": False}
        async with transaction(metrics.engine) as session:
            await add_record(
                session, Outage, started_at=ago(start), ended_at=ended_at, **(usual | kind)
            )

    async def test_without_outages_a_service_is_up(self, metrics: Metrics) -> None:
        await define_slo(metrics)
        found = await reading(metrics)
        assert (found["value"], found["total"]) == (1, 28 * 1440)

    async def test_outages_count_once_and_maintenance_neither_way(self, metrics: Metrics) -> None:
        await define_slo(metrics, time_window={"duration": "1d"})
        await self.down(metrics, 100, 80)
        await self.down(metrics, 90, 70)
        await self.down(metrics, 75, 60, planned=True)
        await self.down(metrics, 50, 40, degraded=True)
        await self.down(metrics, 50, 40, state="cancelled")
        found = await reading(metrics)
        # Down from 100 to 75, maintained from 75 to 60.
        assert (found["bad"], found["total"]) == (25, 1440 - 15)
        assert found["budget"]["remaining_minutes"] == pytest.approx(14.25 - 25)

    async def test_an_open_outage_lasts_until_now(self, metrics: Metrics) -> None:
        await define_slo(metrics, time_window={"duration": "1d"})
        await self.down(metrics, 30, None)
        assert (await reading(metrics))["bad"] == 30

    async def test_slices_are_those_of_a_count_minute_by_minute(self, metrics: Metrics) -> None:
        random = Random(3)
        outages = []
        for _ in range(12):
            start = random.randint(5, 1500)
            kind = {"planned": random.random() < 0.3}
            outages.append((start, max(start - random.randint(1, 60), 0), kind["planned"]))
            await self.down(metrics, *outages[-1][:2], **kind)
        window = {"duration": "1d"}
        await define_slo(
            metrics, budgeting_method="timeslices", objectives=[SLICES], time_window=window
        )
        shares = {"target": 0.5, "time_slice_window": 10}
        await define_slo(
            metrics,
            key="shares",
            budgeting_method="ratio_timeslices",
            objectives=[shares],
            time_window=window,
        )
        end = ago(0)
        found = await reading(metrics, at=end.isoformat())
        averaged = await reading(metrics, "shares", at=end.isoformat())
        expected = minute_by_minute(outages, end)
        assert (found["good"], found["total"]) == (
            sum(share >= 0.8 for share in expected),
            len(expected),
        )
        assert averaged["value"] == pytest.approx(sum(expected) / len(expected))

    async def test_a_composite_joins_it_with_samples(self, metrics: Metrics) -> None:
        await define_sli(metrics, key="pushed")
        members = [{**SLICES, "sli": "errors"}, {**SLICES, "sli": "pushed"}]
        await define_slo(
            metrics,
            key="both",
            sli=None,
            budgeting_method="timeslices",
            objectives=members,
            time_window={"duration": "1d"},
        )
        offset = ago(0).minute % 10
        await self.down(metrics, offset + 10, offset + 5)
        await push(metrics, [sample(offset + 20, good=0, total=1)], "pushed")
        composite = (await status(metrics, "both"))["composite"]["corrected"]
        slices = 144 if offset == 0 else 143
        assert (composite["good"], composite["total"]) == (slices - 2, slices)


def minute_by_minute(outages: list[tuple[int, int, bool]], end: datetime) -> list[float]:
    """The shares of minutes up, of the whole slices of ten in the day before `end`."""

    def hit(age: int, planned: bool) -> bool:
        # The minute that begins `age` minutes before the end.
        return any(kind is planned and until < age <= start for start, until, kind in outages)

    shares = []
    offset = end.minute % 10
    for first in range(offset + 10, 1440 + 1, 10):
        ages = [age for age in range(first, first - 10, -1) if not hit(age, True)]
        if ages:
            shares.append(sum(not hit(age, False) for age in ages) / len(ages))
    return shares
