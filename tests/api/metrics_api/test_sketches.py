"""Sketches of durations: what they hold is what the incidents say, and near enough to it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from metrics_api.incidents.rules import FoldedIncident
from metrics_api.indicators import jobs, queries, sketch_making
from metrics_api.indicators.actions import Asked, kpis_of
from metrics_api.indicators.definitions import DurationKind
from metrics_api.indicators.jobs import compact_cells
from metrics_api.indicators.live import Reading
from metrics_api.indicators.live_queries import exact_percentiles
from metrics_api.indicators.periods import Span, parse_periods
from metrics_api.indicators.queries import compact_batch
from metrics_api.indicators.scopes import Scope, ScopeKind
from metrics_api.indicators.sketch_making import sketch_batch, sketches_that_differ
from metrics_api.indicators.sketch_queries import sketched_percentiles
from metrics_api.indicators.values import Place
from metrics_api.settings import Settings
from shared.kit.database import answer, engine_for, transaction
from shared.kit.worker import job_context
from shared.schemas.metrics import KpiId
from tests.support.incidents import incidents, replace, resolved_incident, store
from tests.support.postgres import Database

SPRING = datetime(2016, 3, 1, tzinfo=UTC), datetime(2016, 5, 15, tzinfo=UTC)
MAY = datetime(2016, 5, 2, 12, tzinfo=UTC)
LATER = datetime(2100, 1, 1, tzinfo=UTC)
PROMISED = 0.01
Job = Callable[[AsyncEngine], Awaitable[None]]
examples = settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
moments = st.datetimes(*(stamp.replace(tzinfo=None) for stamp in SPRING)).map(
    lambda stamp: stamp.replace(tzinfo=UTC)
)


@pytest.fixture
async def engine(metrics_db: Database) -> AsyncIterator[AsyncEngine]:
    engine = engine_for(Settings(database_url=SecretStr(metrics_db.runtime_url)))
    yield engine
    await engine.dispose()


async def compact(engine: AsyncEngine) -> None:
    async with transaction(engine) as session:
        await compact_batch(session)


async def sketch(engine: AsyncEngine) -> None:
    await compact(engine)
    async with transaction(engine) as session:
        await sketch_batch(session, LATER)


async def note_down(
    session: AsyncSession, service: str, first: date, days: int, ago: timedelta = timedelta(0)
) -> None:
    """Have days of a service be sketched that changed so long ago."""
    statement = """INSERT INTO metrics.sketch_pending
        SELECT :service, CAST(:first AS date) + n, now() - CAST(:ago AS interval)
        FROM generate_series(0, :days - 1) AS n"""
    noted = {"service": service, "first": first, "days": days, "ago": ago}
    await session.execute(text(statement), noted)


async def differences(engine: AsyncEngine) -> list[tuple[str, str, object, str]]:
    async with transaction(engine) as session:
        return list(await sketches_that_differ(session))


def services_of(*keys: str) -> Scope:
    return Scope(ScopeKind.PORTFOLIO, "p", keys)


@examples
@given(
    writes=st.lists(st.lists(incidents("network", *SPRING), max_size=6), max_size=4),
    jobs=st.lists(st.sampled_from([None, compact, sketch])),
)
async def test_sketches_equal_a_recomputation_after_any_writes(
    engine: AsyncEngine, writes: list[list[FoldedIncident]], jobs: list[Job | None]
) -> None:
    ids = [uuid4().hex for _ in range(6)]
    known: dict[str, FoldedIncident] = {}
    for number, write in enumerate(writes):
        after = dict(zip(ids, write, strict=False))
        async with transaction(engine) as session:
            await replace(session, {key: known[key] for key in after if key in known}, after)
        known |= after
        job = jobs[number] if number < len(jobs) else None
        if job is not None:
            await job(engine)
        assert await differences(engine) == []
    await sketch(engine)
    assert await differences(engine) == []
    assert await pending(engine) == 0


async def test_durations_of_the_same_sum_are_sketched_anew(engine: AsyncEngine) -> None:
    first, second = (resolved_incident("network", MAY, hours) for hours in (1, 3))
    await given_compacted(engine, {"a": first, "b": second})
    middle = resolved_incident("network", MAY, 2)

    async with transaction(engine) as session:
        await replace(session, {"a": first, "b": second}, {"a": middle, "b": middle})
    assert await p50(engine) == pytest.approx(2 * 3.6e9, rel=PROMISED)
    await compact(engine)
    assert await p50(engine) == pytest.approx(2 * 3.6e9, rel=PROMISED)
    await sketch(engine)
    assert await p50(engine) == pytest.approx(2 * 3.6e9, rel=PROMISED)
    assert await differences(engine) == []


async def test_the_check_finds_a_sketch_that_is_wrong(engine: AsyncEngine) -> None:
    await given_compacted(engine, {"a": resolved_incident("network", MAY, 1)})
    async with transaction(engine) as session:
        await (await session.connection()).exec_driver_sql(
            "UPDATE metrics.duration_sketch SET counts = ARRAY[2] WHERE grain = 'd'"
        )
    found = {(grain, kind) for grain, _, _, kind in await differences(engine)}
    assert found == {("d", "resolution"), ("m", "resolution")}


async def given_compacted(engine: AsyncEngine, known: dict[str, FoldedIncident]) -> None:
    async with transaction(engine) as session:
        await replace(session, {}, known)
    await sketch(engine)


async def pending(engine: AsyncEngine) -> int:
    async with transaction(engine) as session:
        return await session.scalar(text("SELECT count(*) FROM metrics.sketch_pending")) or 0


async def p50(engine: AsyncEngine) -> float:
    async with transaction(engine) as session:
        found = await sketched_percentiles(
            session, DurationKind.RESOLUTION, services_of("network", "mail"), [Span(0, *SPRING)]
        )
    return found[0][0]


@examples
@given(
    found=st.lists(incidents("any", *SPRING), max_size=14),
    late=st.lists(incidents("any", *SPRING), max_size=4),
    ends=st.tuples(moments, moments),
    kind=st.sampled_from(DurationKind),
    compacted=st.booleans(),
)
async def test_percentiles_of_sketches_are_within_what_is_promised(
    engine: AsyncEngine,
    found: list[FoldedIncident],
    late: list[FoldedIncident],
    ends: tuple[datetime, datetime],
    kind: DurationKind,
    compacted: bool,
) -> None:
    keys = [f"s-{uuid4().hex}" for _ in range(2)]

    def spread(some: list[FoldedIncident]) -> list[FoldedIncident]:
        return [one._replace(service=keys[n % 2]) for n, one in enumerate(some)]

    spans = [Span(0, *SPRING), Span(1, min(ends), max(ends))]
    scope = services_of(*keys)
    async with transaction(engine) as session:
        await store(session, spread(found))
    await sketch(engine)
    async with transaction(engine) as session:
        await store(session, spread(late))  # their days are dirty
    if compacted:
        await sketch(engine)
    async with transaction(engine) as session:
        sketched = await sketched_percentiles(session, kind, scope, spans)
        exact = await answer(session, exact_percentiles(kind, Reading(scope.kind), scope, spans))

    assert {Place(None, None, n) for n in sketched} == exact.keys()
    for n, percentiles in sketched.items():
        # A microsecond, for where a duration is one.
        assert percentiles == pytest.approx(exact[Place(None, None, n)], rel=PROMISED, abs=1)


async def test_a_day_is_sketched_only_after_a_rest(
    engine: AsyncEngine, metrics_db: Database
) -> None:
    async with transaction(engine) as session:
        await store(session, [resolved_incident("network", MAY, 1)])
    async with job_context(Settings(database_url=SecretStr(metrics_db.runtime_url))) as context:
        await compact_cells(context, {})
        assert await pending(engine) == 1
        async with transaction(engine) as session:
            await session.execute(
                text("UPDATE metrics.sketch_pending SET touched_at = now() - interval '61 s'")
            )
        await compact_cells(context, {})
    assert await pending(engine) == 0
    assert await differences(engine) == []


@pytest.mark.parametrize(("batch", "left"), [(1_000, 0), (1, 1)])
async def test_under_a_load_a_day_rests_longer_before_it_is_sketched(
    engine: AsyncEngine,
    metrics_db: Database,
    monkeypatch: pytest.MonkeyPatch,
    batch: int,
    left: int,
) -> None:
    monkeypatch.setattr(queries, "COMPACTION_BATCH", batch)
    async with transaction(engine) as session:
        await store(session, [resolved_incident("network", MAY, 1)])
        await note_down(session, "mail", date(2016, 5, 1), 1, ago=timedelta(minutes=2))
    async with job_context(Settings(database_url=SecretStr(metrics_db.runtime_url))) as context:
        await compact_cells(context, {})
    assert await pending(engine) == 1 + left  # the day that was just touched rests in any case


async def test_sketching_gives_way_to_the_ledger_and_goes_on_at_the_next_run(
    engine: AsyncEngine, metrics_db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "SKETCHING", 0)
    monkeypatch.setattr(sketch_making, "DAYS_AT_ONCE", 1)
    async with transaction(engine) as session:
        await note_down(session, "mail", date(2016, 5, 1), 3, ago=timedelta(hours=1))
    left = []
    async with job_context(Settings(database_url=SecretStr(metrics_db.runtime_url))) as context:
        for _ in range(3):
            await compact_cells(context, {})
            left.append(await pending(engine))
    assert left == [2, 1, 0]


async def test_no_more_days_are_counted_from_incidents_than_can_be(engine: AsyncEngine) -> None:
    async with transaction(engine) as session:
        await store(session, [resolved_incident("network", MAY, 1)])
        await note_down(session, "network", date(1990, 1, 1), 9_000)
        scope = services_of("network", "mail")
        spans = [Span(0, datetime(1980, 1, 1, tzinfo=UTC), LATER)]
        assert await sketched_percentiles(session, DurationKind.RESOLUTION, scope, spans) == {}
        years = parse_periods(map(str, range(1990, 2017)), ZoneInfo("UTC"), LATER)
        (series,) = await kpis_of(session, Asked(scope, [KpiId.MTTR], years, None, LATER))
        found = series.values[-1]
        assert (found.value, found.percentiles) == (1.0, None)
        assert found.percentiles_reason is not None
        assert found.percentiles_reason.code == "being_counted"
        assert series.values[0].percentiles_reason is None  # there is no figure either
        (alone,) = await kpis_of(
            session, Asked(services_of("network"), [KpiId.MTTR], years, None, LATER)
        )
        assert alone.values[-1].percentiles is not None
        assert alone.values[-1].percentiles_reason is None
    assert await p50(engine) == pytest.approx(3.6e9, rel=PROMISED)


async def test_over_all_the_unattributed_count(engine: AsyncEngine) -> None:
    stray = resolved_incident("x", MAY, 3)._replace(service=None)
    both = [stray, resolved_incident("network", MAY + timedelta(days=1), 1)]
    everything = Scope(ScopeKind.ALL, None, None)
    async with transaction(engine) as session:
        await store(session, both)
    for _ in ("dirty", "compacted"):
        async with transaction(engine) as session:
            # Rests of days at both ends: each of the ways that incidents are found by.
            spans = [Span(0, *SPRING), Span(1, MAY, MAY + timedelta(days=1, hours=1))]
            found = await sketched_percentiles(session, DurationKind.RESOLUTION, everything, spans)
        assert [found[n][0] for n in (0, 1)] == pytest.approx([2 * 3.6e9] * 2, rel=PROMISED)
        await sketch(engine)
