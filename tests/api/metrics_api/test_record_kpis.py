"""KPIs of surveys, changes, requests and problems: what counts, what does not, and why."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncEngine

from metrics_api.indicators.periods import Span
from metrics_api.indicators.scopes import RecordSums, Scope, ScopeKind, Slice
from metrics_api.record_kpis.presence import has_record, presence_parameters
from metrics_api.records.tables import ChangeRecord, Outage, RequestRecord, Survey
from metrics_api.settings import Settings
from metrics_api.sources.tables import Source
from shared.kit.database import engine_for, transaction
from shared.schemas.metrics import KpiId
from tests.support.incidents import LONG_AGO, make_incident, store
from tests.support.postgres import Database
from tests.support.record_rows import JANUARY, LATER, MONTH, given_records, sums

ALL = Scope(ScopeKind.ALL, None, None)
NETWORK = Scope(ScopeKind.SERVICE, "network", ("network",))
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
async def engine(metrics_db: Database) -> AsyncIterator[AsyncEngine]:
    engine = engine_for(Settings(database_url=SecretStr(metrics_db.runtime_url)))
    yield engine
    await engine.dispose()


async def the_sums(engine: AsyncEngine, kpi: KpiId, **how: Any) -> RecordSums:
    """Those of the network service in January."""
    (found,) = await sums(engine, kpi, NETWORK, **how)
    return found


# -- changes --------------------------------------------------------------------------------------


def change(name: str, outcome: str | None = "successful", **facts: Any) -> dict[str, Any]:
    return {"external_id": name, "outcome": outcome, "completed_at": JANUARY + DAY, **facts}


async def add_source(engine: AsyncEngine, key: str) -> int:
    values = {"key": key, "name": key, "kind": "generic", "delivery": "snapshot", "active": True}
    more = {"state_mapping": {}, "priority_mapping": {}, "version": 1, "created_at": LONG_AGO}
    async with transaction(engine) as session:
        found = await session.scalars(insert(Source).values(**values, **more).returning(Source.id))
        return found.one()


class TestChanges:
    async def test_a_change_fails_by_its_outcome_or_by_what_it_caused(
        self, engine: AsyncEngine
    ) -> None:
        await given_records(
            engine,
            ChangeRecord,
            change("C1", "failed"),
            change("C2", "rolled_back"),
            change("C3"),
            change("C4"),
            change("C5", None),
            change("C6", state="cancelled"),
        )
        await given_records(engine, Outage, {"started_at": JANUARY, "caused_by": "C3"})
        async with transaction(engine) as session:
            await store(session, [make_incident(caused_by="C4"), make_incident(caused_by="C9")])

        found = await the_sums(engine, KpiId.CHANGE_FAILURE_RATE)

        assert (found.total, found.count, found.exclusions) == (4, 5, {"cancelled": 1})
        assert found.extras["caused_trouble"] == 2
        assert found.extras["unknown_outcome"] == 1

    async def test_an_id_names_the_change_of_its_own_tool_first(self, engine: AsyncEngine) -> None:
        other, pager = [await add_source(engine, key) for key in ("other", "pager")]
        await given_records(
            engine,
            ChangeRecord,
            change("C1"),
            change("C2"),
            change("C1", source_id=other),
        )
        await given_records(
            engine,
            Outage,
            {"started_at": JANUARY, "caused_by": "C1", "source_id": other},
            {"started_at": JANUARY, "caused_by": "C2", "source_id": pager},
        )
        found = await sums(engine, KpiId.CHANGE_FAILURE_RATE, NETWORK, slice_by=Slice.SOURCE)
        assert {one.slice: (one.total, one.count) for one in found} == {
            "tests": (1, 2),
            "other": (1, 1),
        }


# -- requests -------------------------------------------------------------------------------------


class TestRequests:
    async def test_fulfilment_time_has_exact_percentiles(self, engine: AsyncEngine) -> None:
        taken = (1, 2, 3, 10)
        await given_records(
            engine,
            RequestRecord,
            *({"opened_at": JANUARY, "fulfilled_at": JANUARY + hours * HOUR} for hours in taken),
        )
        found = await the_sums(engine, KpiId.FULFILMENT_TIME)
        assert (found.total, found.count) == (16 * 3_600_000_000, 4)
        assert found.percentiles == pytest.approx(
            [hours * 3_600_000_000 for hours in (2.5, 7.9, 8.95)]
        )

    async def test_what_has_no_duration_is_counted_by_reason(self, engine: AsyncEngine) -> None:
        await given_records(
            engine,
            RequestRecord,
            {"opened_at": JANUARY + DAY, "fulfilled_at": JANUARY},
            {"fulfilled_at": JANUARY},
            {"opened_at": JANUARY, "fulfilled_at": JANUARY + DAY, "state": "cancelled"},
        )
        found = await the_sums(engine, KpiId.FULFILMENT_TIME)
        assert found.exclusions == {"negative_duration": 1, "no_opening_time": 1, "cancelled": 1}
        assert (found.count, found.extras["reason"]) == (0, "nothing_fulfilled")
        assert found.percentiles is None

    async def test_the_largest_groups_of_like_requests_are_named(self, engine: AsyncEngine) -> None:
        titles = [f"Reset password of user {n}" for n in range(6)] + ["Move a desk"] * 4
        rows = [{"opened_at": JANUARY, "title": title} for title in titles]
        laptops = [{"opened_at": JANUARY, "title": "?", "offering": "laptop"}] * 5
        await given_records(engine, RequestRecord, *rows, *laptops)
        found = await the_sums(engine, KpiId.LOW_VALUE_SHARE)
        assert (found.total, found.count, found.extras["groups"]) == (11, 15, 2)
        first, second = found.extras["top"]
        assert (first["title"], first["requests"]) == ("Reset password of user 0", 6)
        assert (second["offering"], second["requests"]) == ("laptop", 5)

    async def test_the_flag_of_the_tool_stands_above_the_count(self, engine: AsyncEngine) -> None:
        same = {"opened_at": JANUARY, "title": "Reset"}
        unlike = {"opened_at": JANUARY, "title": "Once", "low_value": True}
        await given_records(
            engine, RequestRecord, *[same] * 4, {**same, "low_value": False}, unlike
        )
        found = await the_sums(engine, KpiId.LOW_VALUE_SHARE)
        assert (found.total, found.count) == (5, 6)


# -- problems -------------------------------------------------------------------------------------


async def given_problem(
    engine: AsyncEngine, problem: str, *times: tuple[float, float | None], **facts: Any
) -> None:
    """Incidents of a problem that were opened and resolved on these days of the year."""
    incidents = [
        make_incident(
            **{"service": "network", **facts},
            problem=problem,
            opened_at=JANUARY + opened * DAY,
            resolution_at=None if resolved is None else JANUARY + resolved * DAY,
        )
        for opened, resolved in times
    ]
    async with transaction(engine) as session:
        await store(session, incidents)


class TestPermanentFixes:
    async def test_a_problem_that_comes_back_within_thirty_days_is_not_fixed(
        self, engine: AsyncEngine
    ) -> None:
        await given_problem(engine, "P1", (1, 2))
        await given_problem(engine, "P2", (1, 2), (32, None))
        await given_problem(engine, "P3", (1, 2), (32.1, None))
        found = await the_sums(engine, KpiId.PERMANENT_FIX_RATE)
        assert (found.total, found.count, found.extras["recurred"]) == (2, 3, 1)

    async def test_the_thirty_days_run_from_the_last_resolution_of_the_period(
        self, engine: AsyncEngine
    ) -> None:
        await given_problem(engine, "P1", (1, 2), (5, 6), (60, 61))
        found = await the_sums(engine, KpiId.PERMANENT_FIX_RATE)
        assert (found.total, found.count) == (1, 1)

    async def test_an_incident_opened_before_the_resolution_is_no_recurrence(
        self, engine: AsyncEngine
    ) -> None:
        await given_problem(engine, "P1", (1, 5), (2, None))
        found = await the_sums(engine, KpiId.PERMANENT_FIX_RATE)
        assert (found.total, found.count) == (1, 1)

    async def test_what_cannot_be_told_yet_is_left_out(self, engine: AsyncEngine) -> None:
        await given_problem(engine, "P1", (1, 2))
        await given_problem(engine, "P2", (1, 9), (10, None))
        await given_problem(engine, "P3", (1, 9))
        found = await the_sums(engine, KpiId.PERMANENT_FIX_RATE, now=JANUARY + 33 * DAY)
        assert (found.total, found.count) == (1, 1)
        assert found.exclusions == {"not_yet_verifiable": 2}

    async def test_a_problem_counts_once_in_each_service_it_hit(self, engine: AsyncEngine) -> None:
        await given_problem(engine, "P1", (1, 2))
        await given_problem(engine, "P1", (1, 3), (9, None), service="mail")
        (found,) = await sums(engine, KpiId.PERMANENT_FIX_RATE, ALL)
        assert (found.total, found.count) == (1, 2)
        by_service = await sums(engine, KpiId.PERMANENT_FIX_RATE, ALL, by_service=True)
        assert {one.service: one.total for one in by_service} == {"network": 1, "mail": 0}

    async def test_where_its_incident_names_no_touchpoint_its_channel_does(
        self, engine: AsyncEngine
    ) -> None:
        await given_problem(engine, "P1", (1, 2), channel="phone")
        await given_problem(engine, "P2", (1, 2), channel="phone", touchpoint="desk")
        found = await sums(engine, KpiId.PERMANENT_FIX_RATE, NETWORK, slice_by=Slice.TOUCHPOINT)
        assert {one.slice: one.count for one in found} == {"phone": 1, "desk": 1}


# -- scopes ---------------------------------------------------------------------------------------


async def test_an_unattributed_record_counts_in_all_only(engine: AsyncEngine) -> None:
    answer = {"answered_at": JANUARY, "score": 5}
    await given_records(engine, Survey, answer, {**answer, "service": None})
    (in_all,) = await sums(engine, KpiId.CSAT, ALL)
    (of_service,) = await sums(engine, KpiId.CSAT, NETWORK)
    assert (in_all.count, of_service.count) == (2, 1)
    by_service = await sums(engine, KpiId.CSAT, ALL, by_service=True)
    assert [one.service for one in by_service] == ["network"]


async def test_a_vendor_product_covers_the_records_attributed_to_it(engine: AsyncEngine) -> None:
    await given_records(engine, ChangeRecord, change("C1", vendor_product="cloud"), change("C2"))
    scope = Scope(ScopeKind.VENDOR_PRODUCT, "cloud", None)
    (found,) = await sums(engine, KpiId.CHANGE_FAILURE_RATE, scope)
    assert found.count == 1


@pytest.mark.parametrize("kpi", [KpiId.AVAILABILITY, KpiId.CSAT, KpiId.PERMANENT_FIX_RATE])
async def test_services_without_a_record_in_the_spans_are_told_apart(
    engine: AsyncEngine, kpi: KpiId
) -> None:
    await given_records(engine, Outage, {"started_at": JANUARY})
    await given_records(engine, Survey, {"sent_at": JANUARY})
    await given_problem(engine, "P1", (1, 2))
    before = [Span(0, JANUARY - 9 * DAY, JANUARY)]
    sql = f"SELECT {has_record(kpi, 's.key')} FROM (VALUES ('network'), ('mail')) AS s (key)"
    async with transaction(engine) as session:
        for spans, expected in (([MONTH], [True, False]), (before, [False, False])):
            found = await session.scalars(text(sql), presence_parameters(spans, LATER))
            assert found.all() == expected
