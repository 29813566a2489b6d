"""Availability, time between failures and outages: SQL against a count minute by minute."""

from collections.abc import AsyncIterator, Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncEngine

from metrics_api.indicators.periods import Span
from metrics_api.indicators.scopes import RecordSums, Scope, ScopeKind, Slice
from metrics_api.record_kpis.queries import Question, record_sums
from metrics_api.records.tables import Outage
from metrics_api.settings import Settings
from shared.kit.database import engine_for, transaction
from shared.schemas.metrics import KpiId
from tests.support.copies import add_copy
from tests.support.postgres import Database
from tests.support.promises import agreement, calendar, weekly
from tests.support.record_rows import JANUARY, add_records

ALL = Scope(ScopeKind.ALL, None, None)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
JANUARY_2026 = Span(0, JANUARY, JANUARY + 31 * DAY)
LATER = JANUARY + 300 * DAY
MICROSECONDS = timedelta(microseconds=1)


@pytest.fixture
async def engine(metrics_db: Database) -> AsyncIterator[AsyncEngine]:
    engine = engine_for(Settings(database_url=SecretStr(metrics_db.runtime_url)))
    yield engine
    await engine.dispose()


def scope_of(*services: str) -> Scope:
    if len(services) == 1:
        return Scope(ScopeKind.SERVICE, services[0], services)
    return Scope(ScopeKind.PORTFOLIO, "demo", services)


async def sums(
    engine: AsyncEngine, kpi: KpiId, scope: Scope, *spans: Span, now: datetime = LATER, **how: Any
) -> list[RecordSums]:
    async with transaction(engine) as session:
        return await record_sums(session, kpi, Question(scope, spans, now, **how))


async def given_outages(engine: AsyncEngine, *outages: dict[str, Any]) -> None:
    async with transaction(engine) as session:
        await add_records(session, Outage, *outages)


def outage(first: float, last: float | None, **facts: Any) -> dict[str, Any]:
    """From one hour of January to another."""
    ended_at = None if last is None else JANUARY + last * HOUR
    return {"started_at": JANUARY + first * HOUR, "ended_at": ended_at, **facts}


async def supported(
    engine: AsyncEngine,
    service: str,
    zone: str,
    hours: list[dict[str, str]],
    closed: Iterable[date] = (),
    **calendar_facts: Any,
) -> None:
    """Let an agreement say that a service is supported at these hours."""
    key = f"hours-of-{service}"
    days = [{"date": day, "name": "closed"} for day in closed]
    hours_of = calendar(key, timezone=zone, weekly=hours, closed_days=days, **calendar_facts)
    terms = {"calendar": key, "calendar_version": 1}
    async with transaction(engine) as session:
        await add_copy(session, "calendar_version", f"{key}@1", hours_of)
        promise = agreement(f"sla-{service}", services=(service,), hours=terms)
        await add_copy(session, "agreement_version", f"sla-{service}@1", promise)


# -- minute by minute -----------------------------------------------------------------------------

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
# Weekends in which the clocks of one of these zones change, and one in which none do.
WEEKENDS = [date(2026, 3, 28), date(2026, 10, 24), date(2026, 4, 4), date(2026, 3, 7)]
ZONES = [
    "UTC",
    "Europe/Vienna",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "America/St_Johns",
]
clock_times = st.integers(0, 96).map(lambda quarters: f"{quarters // 4:02}:{quarters % 4 * 15:02}")


@st.composite
def hours_of_a_week(draw: st.DrawFn) -> list[dict[str, str]]:
    """One interval on some of the days, as the catalog writes it."""
    found = []
    for day in draw(st.lists(st.sampled_from(WEEKDAYS), min_size=1, unique=True)):
        start, end = sorted(draw(st.lists(clock_times, min_size=2, max_size=2, unique=True)))
        found.append({"day": day, "start": start, "end": end})
    return found


@st.composite
def outages_about(draw: st.DrawFn, first: datetime) -> dict[str, Any]:
    started_at = first + timedelta(minutes=draw(st.integers(-1500, 4500)))
    lasts = draw(st.none() | st.integers(0, 2000))
    return {
        "started_at": started_at,
        "ended_at": None if lasts is None else started_at + timedelta(minutes=lasts),
        "planned": draw(st.booleans()),
        "degraded": draw(st.sampled_from([False, False, False, True])),
        "state": draw(st.sampled_from([None, "closed", "cancelled"])),
    }


def count_minutes(
    outages: list[dict[str, Any]],
    hours: tuple[str, list[dict[str, str]], set[date]],
    span: Span,
    now: datetime,
) -> tuple[int, int]:
    """Agreed and down minutes of a span, looking at the wall clock in every minute."""
    zone, weekly_hours, closed = ZoneInfo(hours[0]), hours[1], hours[2]
    real = [one for one in outages if one["state"] != "cancelled" and not one["degraded"]]
    agreed = down = 0
    assert span.start is not None
    for number in range((span.end - span.start) // timedelta(minutes=1)):
        moment = span.start + number * timedelta(minutes=1)
        local = moment.astimezone(zone)
        reading = f"{local:%H:%M}"
        is_open = local.date() not in closed and any(
            WEEKDAYS[local.weekday()] == one["day"] and one["start"] <= reading < one["end"]
            for one in weekly_hours
        )
        during = [one["planned"] for one in real if one["started_at"] <= moment < until(one, now)]
        if is_open and True not in during:
            agreed += 1
            down += False in during
    return agreed, down


def reached(outages: list[dict[str, Any]], span: Span, now: datetime) -> tuple[int, int]:
    """How many unplanned outages reach into a span, and how many begin in it."""
    real = [one for one in outages if one["state"] != "cancelled" and not one["degraded"]]
    unplanned = [one for one in real if not one["planned"]]
    assert span.start is not None
    begun = [one for one in unplanned if span.start <= one["started_at"] < span.end]
    before = [one for one in unplanned if one["started_at"] < span.start < until(one, now)]
    return len(begun) + len(before), len(begun)


def until(outage: dict[str, Any], now: datetime) -> datetime:
    ended_at: datetime | None = outage["ended_at"]
    return now if ended_at is None else ended_at


# Each example uses a service of its own, so one database serves them all.
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
async def test_availability_equals_a_count_minute_by_minute(
    engine: AsyncEngine, data: st.DataObject
) -> None:
    service = f"s-{uuid4().hex}"
    weekend = data.draw(st.sampled_from(WEEKENDS))
    first = datetime.combine(weekend, datetime.min.time(), UTC)
    zone, hours = data.draw(st.sampled_from(ZONES)), data.draw(hours_of_a_week())
    closed = data.draw(st.sets(st.sampled_from([weekend, weekend + DAY]), max_size=1))
    outages = data.draw(st.lists(outages_about(first), min_size=1, max_size=5))
    spans = [Span(0, first, first + 2 * DAY), Span(1, first + 7 * HOUR, first + 31 * HOUR)]
    now = first + data.draw(st.integers(48, 80)) * HOUR

    await supported(engine, service, zone, hours, closed)
    await given_outages(engine, *({**one, "service": service} for one in outages))
    found = await sums(engine, KpiId.AVAILABILITY, scope_of(service), *spans, now=now)

    for span, counted in zip(spans, found, strict=True):
        agreed, down = count_minutes(outages, (zone, hours, closed), span, now)
        assert (counted.total, counted.count) == (
            (agreed - down) * 60_000_000,
            agreed * 60_000_000,
        )
        assert (counted.records, counted.extras["outages_begun"]) == reached(outages, span, now)


# -- cases ----------------------------------------------------------------------------------------


class TestAvailability:
    async def test_overlapping_outages_are_down_once(self, engine: AsyncEngine) -> None:
        await given_outages(engine, outage(0, 4), outage(2, 6))
        (found,) = await sums(engine, KpiId.AVAILABILITY, scope_of("network"), JANUARY_2026)
        assert found.count == 31 * DAY // MICROSECONDS
        assert (found.count - found.total, found.records) == (6 * HOUR // MICROSECONDS, 2)

    async def test_maintenance_is_neither_agreed_nor_down(self, engine: AsyncEngine) -> None:
        await given_outages(engine, outage(0, 4), outage(2, 6, planned=True))
        (found,) = await sums(engine, KpiId.AVAILABILITY, scope_of("network"), JANUARY_2026)
        assert found.count == (31 * DAY - 4 * HOUR) // MICROSECONDS
        assert found.count - found.total == 2 * HOUR // MICROSECONDS

    async def test_an_open_outage_lasts_until_now(self, engine: AsyncEngine) -> None:
        await given_outages(engine, outage(0, None))
        now = JANUARY + 10 * HOUR
        (found,) = await sums(
            engine, KpiId.AVAILABILITY, scope_of("network"), Span(0, JANUARY, now), now=now
        )
        assert (found.total, found.count) == (0, 10 * HOUR // MICROSECONDS)

    async def test_an_open_outage_ends_with_the_period(self, engine: AsyncEngine) -> None:
        await given_outages(engine, outage(30 * 24, None))
        (found,) = await sums(engine, KpiId.AVAILABILITY, scope_of("network"), JANUARY_2026)
        assert found.count - found.total == DAY // MICROSECONDS

    async def test_a_period_that_maintenance_fills_has_no_agreed_time(
        self, engine: AsyncEngine
    ) -> None:
        await given_outages(engine, outage(-1, 31 * 24 + 1, planned=True), outage(3, 4))
        (found,) = await sums(engine, KpiId.AVAILABILITY, scope_of("network"), JANUARY_2026)
        assert (found.total, found.count) == (0, 0)
        assert found.extras["reason"] == "no_agreed_time"

    async def test_an_outage_counts_once_in_each_span_that_it_reaches(
        self, engine: AsyncEngine
    ) -> None:
        await given_outages(engine, outage(0, 72))
        spans = [
            Span(0, JANUARY, JANUARY + 4 * DAY),
            Span(1, JANUARY + DAY, JANUARY + 2 * DAY),
            Span(2, JANUARY + 3 * DAY, JANUARY + 9 * DAY),
        ]
        found = await sums(engine, KpiId.AVAILABILITY, scope_of("network"), *spans)
        assert [one.records for one in found] == [1, 1, 0]
        assert [one.extras["outages_begun"] for one in found] == [1, 0, 0]

    async def test_a_period_without_outages_of_an_observed_service_is_wholly_available(
        self, engine: AsyncEngine
    ) -> None:
        await given_outages(engine, outage(900, 901))
        (found,) = await sums(engine, KpiId.AVAILABILITY, scope_of("network"), JANUARY_2026)
        assert found.total == found.count > 0
        assert found.records == 0

    async def test_a_service_of_which_no_outage_is_known_has_no_number(
        self, engine: AsyncEngine
    ) -> None:
        await given_outages(engine, outage(0, 1, service="other"))
        for kpi in (KpiId.AVAILABILITY, KpiId.MTBF, KpiId.UNPLANNED_OUTAGES):
            (found,) = await sums(engine, kpi, scope_of("network"), JANUARY_2026)
            assert (found.count, found.extras["reason"]) == (0, "no_records")

    async def test_what_is_no_outage_is_counted_by_reason(self, engine: AsyncEngine) -> None:
        await given_outages(
            engine,
            outage(0, 9, degraded=True),
            outage(1, 9, state="cancelled"),
            outage(5, 4),
        )
        (found,) = await sums(engine, KpiId.AVAILABILITY, scope_of("network"), JANUARY_2026)
        assert found.total == found.count
        assert found.exclusions == {"degraded": 1, "cancelled": 1, "negative_duration": 1}

    async def test_holidays_that_the_calendar_does_not_know_are_a_reason(
        self, engine: AsyncEngine
    ) -> None:
        years = {"country": "AT", "first_year": 2024, "last_year": 2025}
        await supported(engine, "network", "UTC", weekly("09:00", "17:00"), **years)
        await given_outages(engine, outage(0, 1))
        (found,) = await sums(engine, KpiId.AVAILABILITY, scope_of("network"), JANUARY_2026)
        assert (found.count, found.extras["reason"]) == (0, "outside_calendar")

    async def test_a_span_without_a_start_begins_with_the_first_outage(
        self, engine: AsyncEngine
    ) -> None:
        await given_outages(engine, outage(24, 25))
        (found,) = await sums(
            engine, KpiId.AVAILABILITY, scope_of("network"), Span(0, None, JANUARY + 2 * DAY)
        )
        assert (found.total, found.count) == (23 * HOUR // MICROSECONDS, DAY // MICROSECONDS)


class TestManyServices:
    async def test_the_whole_is_the_sum_of_the_services_each_on_its_own_hours(
        self, engine: AsyncEngine
    ) -> None:
        await supported(engine, "mail", "Europe/Vienna", weekly("09:00", "17:00"))
        await given_outages(
            engine,
            outage(24, 48, service="mail"),
            outage(0, 1, service="web"),
            outage(0, 9, service="beyond"),
        )
        scope = scope_of("mail", "never-failed", "web")
        (whole,) = await sums(engine, KpiId.AVAILABILITY, scope, JANUARY_2026)
        each = await sums(engine, KpiId.AVAILABILITY, scope, JANUARY_2026, by_service=True)

        assert {one.service: one.count for one in each} == {
            "mail": 22 * 8 * HOUR // MICROSECONDS,
            "web": 31 * DAY // MICROSECONDS,
        }
        assert whole.total == sum(one.total for one in each)
        assert whole.count == sum(one.count for one in each)

    async def test_a_vendor_product_covers_the_outages_attributed_to_it(
        self, engine: AsyncEngine
    ) -> None:
        await given_outages(engine, outage(0, 2, vendor_product="cloud"), outage(5, 9))
        scope = Scope(ScopeKind.VENDOR_PRODUCT, "cloud", None)
        (found,) = await sums(engine, KpiId.AVAILABILITY, scope, JANUARY_2026)
        assert found.count - found.total == 2 * HOUR // MICROSECONDS

    async def test_an_unattributed_outage_is_counted_in_all_but_has_no_hours(
        self, engine: AsyncEngine
    ) -> None:
        await given_outages(engine, outage(0, 2), outage(0, 2, service=None))
        (time,) = await sums(engine, KpiId.AVAILABILITY, ALL, JANUARY_2026)
        (number,) = await sums(engine, KpiId.UNPLANNED_OUTAGES, ALL, JANUARY_2026)
        assert time.count == 31 * DAY // MICROSECONDS
        assert time.exclusions == {"unattributed": 1}
        assert number.total == 2
        by_service = await sums(engine, KpiId.AVAILABILITY, ALL, JANUARY_2026, by_service=True)
        assert [one.service for one in by_service] == ["network"]


class TestFailures:
    async def test_time_between_failures_is_uptime_over_outages_that_began(
        self, engine: AsyncEngine
    ) -> None:
        await given_outages(engine, outage(-2, 2), outage(10, 12), outage(20, 21))
        (found,) = await sums(engine, KpiId.MTBF, scope_of("network"), JANUARY_2026)
        assert (found.total, found.count) == ((31 * DAY - 5 * HOUR) // MICROSECONDS, 2)

    async def test_without_an_outage_the_hours_observed_are_told(self, engine: AsyncEngine) -> None:
        await given_outages(engine, outage(900, 901))
        (found,) = await sums(engine, KpiId.MTBF, scope_of("network"), JANUARY_2026)
        assert (found.count, found.extras["reason"]) == (0, "no_outages")
        assert found.extras["agreed_hours"] == 31 * 24

    async def test_outages_that_began_in_the_period_are_counted_also_by_slice(
        self, engine: AsyncEngine
    ) -> None:
        await given_outages(
            engine,
            outage(-2, 2),
            outage(1, 2, channel="monitoring"),
            outage(3, 4, channel="monitoring"),
            outage(3, 4, degraded=True),
            outage(5, 6, channel="phone"),
        )
        kpi, scope = KpiId.UNPLANNED_OUTAGES, scope_of("network")
        (found,) = await sums(engine, kpi, scope, JANUARY_2026)
        sliced = await sums(engine, kpi, scope, JANUARY_2026, slice_by=Slice.CHANNEL)
        assert (found.total, found.exclusions) == (3, {"degraded": 1})
        assert {one.slice: one.total for one in sliced} == {"monitoring": 2, "phone": 1, None: 0}
