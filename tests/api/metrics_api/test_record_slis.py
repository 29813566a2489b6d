"""SLIs that are counted from the records: each measure, its filters, availability to the minute."""

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from metrics_api.indicators.periods import Span
from metrics_api.indicators.scopes import Scope, ScopeKind
from metrics_api.record_kpis.queries import Question, record_sums
from metrics_api.records.tables import ChangeRecord, Outage, RequestRecord, Survey
from shared.kit.database import transaction
from shared.schemas.metrics import KpiId
from tests.support.copies import add_copy
from tests.support.incidents import add_service, make_incident, store
from tests.support.metrics import Metrics
from tests.support.promises import agreement, calendar, weekly
from tests.support.slos import (
    add_record,
    ago,
    define_sli,
    define_slo,
    measure,
    push,
    reading,
    sample,
    status,
)
from tests.support.statements import counted_statements

SLICES = {"target": 0.5, "time_slice_target": 0.8, "time_slice_window": 10}


@pytest.fixture(autouse=True)
async def network(metrics: Metrics) -> None:
    async with transaction(metrics.engine) as session:
        await add_service(session, "network")


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


# Vienna puts its clocks back in the night before Sunday 2025-10-26; slices of ten minutes are cut
# by these hours, and a pause is shorter than one.
AUTUMN = datetime(2025, 10, 28, tzinfo=UTC)
HOURS = [
    *weekly("08:05", "12:00"),
    *weekly("12:05", "17:03"),
    *weekly("20:00", "24:00", ("saturday",)),
    *weekly("00:00", "06:00", ("sunday",)),
]
OUTAGES = [
    ("2025-10-23T09:00Z", "2025-10-23T09:42Z", False),
    ("2025-10-24T10:58Z", "2025-10-24T18:00Z", False),
    ("2025-10-24T13:00Z", "2025-10-24T13:31Z", True),
    ("2025-10-25T22:30Z", "2025-10-26T02:30Z", False),
    ("2025-10-26T00:45Z", "2025-10-26T01:15Z", True),
    ("2025-10-26T04:00Z", "2025-10-26T07:00Z", True),
    ("2025-10-26T12:00Z", "2025-10-26T15:00Z", False),
]
AUTUMN_OUTAGES = [
    (datetime.fromisoformat(start), datetime.fromisoformat(end), planned)
    for start, end, planned in OUTAGES
]
WEEK = {"duration": "7d"}


class TestSupportHours:
    """Records rule 10 for objectives too."""

    @pytest.fixture(autouse=True)
    async def sli(self, metrics: Metrics) -> None:
        await define_sli(metrics, feed={"kind": "records", "measure": "availability"})

    async def supported(self, metrics: Metrics, **facts: Any) -> None:
        days = calendar("shifts", timezone="Europe/Vienna", weekly=HOURS, **facts)
        terms = {"calendar": "shifts", "calendar_version": 1}
        promise = agreement("sla", services=("network",), hours=terms)
        async with transaction(metrics.engine) as session:
            await add_copy(session, "calendar_version", "shifts@1", days)
            await add_copy(session, "agreement_version", "sla@1", promise)

    async def autumn(self, metrics: Metrics) -> None:
        await self.supported(metrics)
        async with transaction(metrics.engine) as session:
            for start, end, planned in AUTUMN_OUTAGES:
                times = {"started_at": start, "ended_at": end}
                await add_record(session, Outage, **times, planned=planned, degraded=False)

    async def test_minutes_are_those_of_the_kpi_over_the_same_span(self, metrics: Metrics) -> None:
        await self.autumn(metrics)
        await define_slo(metrics, time_window=WEEK)
        span = Span(0, AUTUMN - timedelta(days=7), AUTUMN)
        scope = Scope(ScopeKind.SERVICE, "network", ("network",))
        async with transaction(metrics.engine) as session:
            (kpi,) = await record_sums(session, KpiId.AVAILABILITY, Question(scope, [span], AUTUMN))

        found = await reading(metrics, at=AUTUMN.isoformat())

        minute = 60_000_000
        assert (found["good"], found["total"]) == (kpi.total / minute, kpi.count / minute)
        # Five workdays of 533 minutes and the eleven hours of the shift; down are the 42 minutes of
        # Thursday, of Friday from 12:58 less half an hour, and four hours of the shift less half.
        assert found["total"] == 5 * 533 + 660 - 31 - 30 - 60
        assert found["bad"] == 42 + (245 - 31) + (240 - 30)

    async def test_slices_are_those_of_a_count_minute_by_minute(self, metrics: Metrics) -> None:
        await self.autumn(metrics)
        slices = {"budgeting_method": "timeslices", "time_window": WEEK}
        await define_slo(metrics, objectives=[SLICES], **slices)
        feed = {"kind": "records", "measure": "availability"}
        await define_sli(metrics, key="same", feed=feed)
        members = [{**SLICES, "sli": "errors"}, {**SLICES, "sli": "same"}]
        await define_slo(metrics, key="joint", sli=None, objectives=members, **slices)
        shares = {"target": 0.5, "time_slice_window": 10}
        averaging = {"budgeting_method": "ratio_timeslices", "objectives": [shares]}
        await define_slo(metrics, key="shares", **averaging, time_window=WEEK)
        at = AUTUMN.isoformat()

        found = await reading(metrics, at=at)
        joint = (await status(metrics, "joint", at=at))["composite"]["corrected"]
        averaged = await reading(metrics, "shares", at=at)

        expected = agreed_slices(AUTUMN)
        good = sum(share >= 0.8 for share in expected)
        assert (found["good"], found["total"]) == (good, len(expected))
        assert (joint["good"], joint["total"]) == (good, len(expected))
        assert averaged["total"] == len(expected)
        assert averaged["value"] == pytest.approx(sum(expected) / len(expected))

    async def test_where_the_calendar_knows_no_holidays_nothing_was_agreed(
        self, metrics: Metrics
    ) -> None:
        await self.supported(metrics, first_year=2026, last_year=2026)
        await define_slo(metrics, time_window=WEEK)

        assert (await reading(metrics, at=AUTUMN.isoformat()))["total"] == 0

    async def test_many_services_cost_no_more_statements_than_one(self, metrics: Metrics) -> None:
        await self.autumn(metrics)
        await define_slo(metrics, key="first")
        with counted_statements() as for_one:
            await metrics.http.get("/v1/slo-statuses")
        feed = {"kind": "records", "measure": "availability"}
        for service in ("mail", "phone"):
            async with transaction(metrics.engine) as session:
                await add_service(session, service)
            await define_sli(metrics, key=service, service=service, feed=feed)
            await define_slo(metrics, key=service, service=service, sli=service)

        with counted_statements() as for_three:
            await metrics.http.get("/v1/slo-statuses")

        assert len(for_three) == len(for_one)


def agreed_slices(end: datetime) -> list[float]:
    """The shares of agreed minutes up, of the slices of ten of the week that have any."""
    minute, week = timedelta(minutes=1), 7 * 1440

    def hit(at: datetime, kind: bool) -> bool:
        return any(
            planned is kind and start <= at < until for start, until, planned in AUTUMN_OUTAGES
        )

    shares = []
    for first in range(0, week, 10):
        begin = end - (week - first) * minute
        moments = [begin + number * minute for number in range(10)]
        agreed = [at for at in moments if is_open(at) and not hit(at, True)]
        if agreed:
            shares.append(sum(not hit(at, False) for at in agreed) / len(agreed))
    return shares


def is_open(at: datetime) -> bool:
    """By the wall clock of the zone, as people read it."""
    local = at.astimezone(ZoneInfo("Europe/Vienna"))
    reading = f"{local:%H:%M}"
    return any(
        f"{local:%A}".lower() == hours["day"] and hours["start"] <= reading < hours["end"]
        for hours in HOURS
    )


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
