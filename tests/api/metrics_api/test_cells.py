"""Cells, their deltas and the live rests of days always say what the incidents say."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncEngine

from metrics_api.incidents.rules import FoldedIncident
from metrics_api.indicators import queries
from metrics_api.indicators.cell_queries import sums_of_scope
from metrics_api.indicators.definitions import DurationKind
from metrics_api.indicators.jobs import compact_cells
from metrics_api.indicators.live import Reading
from metrics_api.indicators.live_queries import exact_percentiles
from metrics_api.indicators.periods import Grain, Span, labels_between, parse_period
from metrics_api.indicators.queries import cells_that_differ, compact_batch
from metrics_api.indicators.rules import (
    ACTIVITY,
    BOUNCED_FROM,
    DURATION_SUMS,
    MOVES_BETWEEN,
    SUMS,
    handed_back,
    resolved_on_first_contact,
)
from metrics_api.indicators.scopes import Scope, ScopeKind
from metrics_api.indicators.values import NO_SUMS, Place
from metrics_api.settings import Settings
from shared.kit.database import answer, answers, engine_for, reading, transaction
from shared.kit.worker import job_context
from tests.support.incidents import incidents, replace, resolved_incident, store
from tests.support.postgres import Database

SPRING = datetime(2016, 3, 1, tzinfo=UTC), datetime(2016, 5, 15, tzinfo=UTC)
SOME_SUMS = ["resolved_us", "resolved", "move_opened"]
LATER = datetime(2030, 1, 1, tzinfo=UTC)
ZONES = ["UTC", "Asia/Kathmandu", "Europe/Vienna", "America/St_Johns", "Pacific/Kiritimati"]
# Each example uses services of its own, so one database serves them all.
examples = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def settings_of(database: Database) -> Settings:
    return Settings(database_url=SecretStr(database.runtime_url))


@pytest.fixture
async def engine(metrics_db: Database) -> AsyncIterator[AsyncEngine]:
    engine = engine_for(settings_of(metrics_db))
    yield engine
    await engine.dispose()


def of(service: str) -> Scope:
    return Scope(ScopeKind.SERVICE, service, (service,))


async def differences(engine: AsyncEngine) -> list[tuple[str, str, date]]:
    async with transaction(engine) as session:
        return await cells_that_differ(session)


some_incidents = st.lists(incidents("network", *SPRING), max_size=8)


@examples
@given(writes=st.lists(some_incidents, max_size=4), compactions=st.lists(st.booleans()))
async def test_cells_and_deltas_equal_a_recomputation_after_any_writes(
    engine: AsyncEngine, writes: list[list[FoldedIncident]], compactions: list[bool]
) -> None:
    ids = [uuid4().hex for _ in range(8)]
    known: dict[str, FoldedIncident] = {}
    for number, write in enumerate(writes):
        # The same ids again: each later write replaces what the earlier ones said.
        after = dict(zip(ids, write, strict=False))
        async with transaction(engine) as session:
            await replace(session, {key: known[key] for key in after if key in known}, after)
        known |= after
        if number < len(compactions) and compactions[number]:
            async with transaction(engine) as session:
                await compact_batch(session)
    assert await differences(engine) == []


async def test_an_unattributed_incident_is_in_the_cells_of_no_service(engine: AsyncEngine) -> None:
    stray = resolved_incident("x", SPRING[0], 1)._replace(service=None)
    async with transaction(engine) as session:
        await store(session, [stray])
    assert await differences(engine) == []


async def test_compaction_beside_writers_and_readers_never_shows_a_wrong_sum(
    engine: AsyncEngine,
) -> None:
    done = asyncio.Event()

    async def write() -> None:
        for number in range(60):
            at = SPRING[0] + timedelta(hours=number)
            async with transaction(engine) as session:
                await store(session, [resolved_incident("network", at, 2)])

    async def compact_on_and_on() -> None:
        while not done.is_set():
            async with transaction(engine) as session:
                await compact_batch(session)

    async def read() -> list[int]:
        seen = []
        while not done.is_set():
            async with transaction(engine) as session:
                found = await answer(session, sums_of_scope(of("network"), [Span(0, None, LATER)]))
            sums = found.get(Place(None, None, 0), NO_SUMS)
            assert sums["resolved_us"] == sums["resolved"] * 7_200_000_000
            seen.append(sums["resolved"])
        return seen

    background = [asyncio.create_task(job()) for job in (compact_on_and_on, compact_on_and_on)]
    reader = asyncio.create_task(read())
    try:
        await asyncio.gather(write(), write())
    finally:
        done.set()
    await asyncio.gather(*background)

    seen = await reader
    assert seen == sorted(seen), "a sum went back: a read saw cells and deltas of two moments"
    assert await differences(engine) == []


async def test_a_compaction_that_is_broken_off_leaves_all_as_it_was(engine: AsyncEngine) -> None:
    async with transaction(engine) as session:
        await store(session, [resolved_incident("network", SPRING[0], 2)])
    with suppress(ZeroDivisionError):
        async with transaction(engine) as session:
            assert (await compact_batch(session)).deltas > 0
            raise ZeroDivisionError
    assert await differences(engine) == []


@pytest.mark.parametrize("batch", [1, 2, 1_000])
async def test_the_job_leaves_no_delta_behind(
    engine: AsyncEngine, metrics_db: Database, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    monkeypatch.setattr(queries, "COMPACTION_BATCH", batch)
    places = [("network", 0), ("network", 40), ("mail", 1), (None, 2)]
    found = [
        resolved_incident("network", SPRING[0] + timedelta(days=day), 2)._replace(service=service)
        for service, day in places
    ]
    async with transaction(engine) as session:
        await store(session, found)
    async with job_context(settings_of(metrics_db)) as context:
        await compact_cells(context, {})
    async with transaction(engine) as session:
        assert (await compact_batch(session)).deltas == 0
    assert await differences(engine) == []


async def test_the_check_finds_a_cell_that_is_wrong(engine: AsyncEngine) -> None:
    async with transaction(engine) as session:
        await store(session, [resolved_incident("network", SPRING[0], 2)])
        await compact_batch(session)
        await (await session.connection()).exec_driver_sql(
            "UPDATE metrics.cell SET resolved = resolved + 1 WHERE grain = 'd'"
        )
    assert {(grain, service) for grain, service, _ in await differences(engine)} == {
        ("d", "network"),
        ("m", "network"),
    }


@examples
@given(
    found=st.lists(incidents("any", *SPRING), max_size=12),
    zone=st.sampled_from(ZONES),
    grain=st.sampled_from(Grain),
    now=st.datetimes(*(stamp.replace(tzinfo=None) for stamp in SPRING)),
    compacted=st.booleans(),
)
async def test_sums_of_any_period_in_any_zone_equal_a_count_of_the_incidents(
    engine: AsyncEngine,
    found: list[FoldedIncident],
    zone: str,
    grain: Grain,
    now: datetime,
    compacted: bool,
) -> None:
    service = f"s-{uuid4().hex}"
    found = [incident._replace(service=service) for incident in found]
    labels = labels_between(grain, SPRING[0].date(), SPRING[1].date())
    periods = [parse_period(label, ZoneInfo(zone), now.replace(tzinfo=UTC)) for label in labels]
    spans = [Span(n, period.start, period.end) for n, period in enumerate(periods)]
    spans.append(Span(-1, None, periods[0].end))

    async with transaction(engine) as session:
        await store(session, found)
        if compacted:
            await compact_batch(session)
        sums = await answer(session, sums_of_scope(of(service), spans))
    async with reading(engine) as session:
        asked = {
            "all": sums_of_scope(of(service), spans),
            "some": sums_of_scope(of(service), spans, SOME_SUMS),
        }
        by_index = await answers(session, asked, by_index=True)

    assert by_index["all"] == sums
    for n, start, end in spans:
        place = Place(None, None, n)
        counted = count(found, start or datetime(1900, 1, 1, tzinfo=UTC), end)
        assert sums.get(place, NO_SUMS) == counted
        of_these = {name: counted[name] for name in (*SOME_SUMS, ACTIVITY)}
        assert by_index["some"].get(place, dict.fromkeys(of_these, 0)) == of_these


@examples
@given(found=st.lists(incidents("any", *SPRING), max_size=12))
async def test_percentiles_equal_those_of_the_sorted_durations(
    engine: AsyncEngine, found: list[FoldedIncident]
) -> None:
    service = f"s-{uuid4().hex}"
    async with transaction(engine) as session:
        await store(session, [incident._replace(service=service) for incident in found])
        spans = [Span(0, SPRING[0], LATER)]
        asked = exact_percentiles(
            DurationKind.RESOLUTION, Reading(ScopeKind.SERVICE), of(service), spans
        )
        found_percentiles = await answer(session, asked)
    durations = sorted(
        (incident.resolution_at - incident.opened_at) / timedelta(microseconds=1)
        for incident in found
        if incident.resolution_at and incident.opened_at
        if incident.resolution_at >= incident.opened_at
    )
    expected = [interpolate(durations, share) for share in (0.5, 0.9, 0.95)] if durations else None
    assert found_percentiles.get(Place(None, None, 0)) == pytest.approx(expected)


def interpolate(ordered: list[float], share: float) -> float:
    place = share * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def count(found: Iterable[FoldedIncident], start: datetime, end: datetime) -> dict[str, int]:
    """All sums of [start, end), from the incidents one by one."""
    sums = dict.fromkeys(SUMS, 0)

    def add(name: str, at: datetime | None, amount: int = 1) -> None:
        if at is not None and start <= at < end:
            sums[name] += amount

    for incident in found:
        count_times(incident, add)
        count_moves(incident, add)
    of_records = (number for name, number in sums.items() if name not in DURATION_SUMS)
    return {**sums, ACTIVITY: sum(of_records)}


def count_times(incident: FoldedIncident, add: Callable[..., None]) -> None:
    add("opened", incident.opened_at)
    if incident.acknowledgement_at is None:
        add("unacknowledged", incident.opened_at)
    count_duration(incident, "acknowledged", incident.acknowledgement_at, add)
    if not count_duration(incident, "resolved", incident.resolution_at, add):
        return
    if incident.reopened:
        add("resolved_reopened", incident.resolution_at)
    if incident.channel != "monitoring":
        add("first_contact_base", incident.resolution_at)
        if resolved_on_first_contact(incident):
            add("first_contact", incident.resolution_at)
    count_course(incident, add)


def count_course(incident: FoldedIncident, add: Callable[..., None]) -> None:
    at = incident.resolution_at
    assert at is not None
    assert incident.opened_at is not None
    elapsed = (at - incident.opened_at) // timedelta(microseconds=1)
    counted = {
        "business_us": incident.business_us or 0,
        "no_business_time": incident.business_us is None,
        "sla_met": incident.resolution_met is True,
        "sla_breached": incident.resolution_met is False,
        "bounced": (incident.reassignment_count or 0) >= BOUNCED_FROM,
        "hold_us": incident.hold_us or 0,
        "no_hold_time": incident.hold_us is None,
        "no_hold_time_us": elapsed if incident.hold_us is None else 0,
        "reworked": incident.reopened or handed_back(incident.transitions),
    }
    for name, amount in counted.items():
        add(name, at, int(amount))


def count_duration(
    incident: FoldedIncident, name: str, at: datetime | None, add: Callable[..., None]
) -> bool:
    if incident.opened_at is None:
        add(f"{name}_no_opening_time", at)
        return False
    if at is None or at < incident.opened_at:
        add(f"{name}_negative_duration", at)
        return False
    add(name, at)
    add(f"{name}_us", at, (at - incident.opened_at) // timedelta(microseconds=1))
    return True


def count_moves(incident: FoldedIncident, add: Callable[..., None]) -> None:
    for at, before, after in incident.transitions:
        for move in MOVES_BETWEEN[before, after]:
            add(move, at)
    if not incident.transitions:
        return
    ended = incident.transitions[-1].at
    if incident.state == "cancelled":
        add("cancelled", ended)
    elif incident.state in {"resolved", "closed"} and incident.resolution_at is None:
        add("no_resolution_time", ended)
