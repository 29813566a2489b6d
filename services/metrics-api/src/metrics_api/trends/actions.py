"""Finding trends: one read of figures a KPI for many services, then the test of each series.

The test takes milliseconds a series, so it runs in a thread, and between two transactions.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from metrics_api.as_of.knowing import known, lay_out
from metrics_api.as_of.relations import LIVE_BOOKS, THEN_BOOKS
from metrics_api.attribution.service_queries import get_service_name
from metrics_api.indicators.definitions import Kpi
from metrics_api.indicators.kpis import KPIS
from metrics_api.indicators.periods import Grain
from metrics_api.judgements.figure_queries import figures, figures_then
from metrics_api.targets.queries import targets_on
from metrics_api.targets.rules import HoldingTarget
from metrics_api.trends import queries, rules
from metrics_api.trends.rules import Crossing, CrossingState, Direction, Series
from shared.kit.database import Engine, Session, reading, transaction
from shared.kit.events import Event, emit_all
from shared.schemas.metrics import KpiId

SERVICES_AT_ONCE = 500
WEEKS_NEEDED = 26
"""A service too young for months is tested by weeks, from half a year of them on."""

_UTC = ZoneInfo("UTC")
_TELLING = {Direction.DEGRADING: "trend.degrading", Direction.IMPROVING: "trend.improving"}

Results = Mapping[str, Mapping[str, Any]]
"""What the series of a service says, by service, in the columns of a stored trend."""

Targets = Mapping[tuple[str, KpiId], HoldingTarget]


@dataclass(frozen=True)
class Asked:
    """Which trends of a service, up to the end of a day or (None) up to the moment.

    `shape`: so many full periods of a grain in a time zone; `as_of` None: as things stand.
    """

    service: str
    kpis: Sequence[KpiId]
    shape: tuple[Grain, int, ZoneInfo]
    until: date | None
    now: datetime
    as_of: datetime | None


@dataclass(frozen=True)
class Read:
    """What the trends of a service are made of."""

    name: str
    series: Mapping[KpiId, Series]
    targets: Targets


async def series_of(
    session: Session,
    kpi: KpiId,
    services: Sequence[str],
    shape: tuple[Grain, int, ZoneInfo],
    moment: datetime,
    as_of: datetime | None = None,
) -> dict[str, Series]:
    """The series of each service; `shape`: so many full periods of a grain in a time zone.

    `as_of`: of what as_of.knowing has laid out in this session.
    """
    grain, count, zone = shape
    periods = rules.last_periods(grain, count, zone, moment)
    if as_of is None:
        found = await figures(session, kpi, services, periods, moment)
    else:
        found = await figures_then(session, kpi, services, periods, as_of, moment)
    return {
        service: Series(
            grain,
            periods,
            [found[service, n].value for n, _ in enumerate(periods)],
            [found[service, n].count for n, _ in enumerate(periods)],
        )
        for service in services
    }


async def results_of(kpi: KpiId, series: Mapping[str, Series], targets: Targets) -> Results:
    """Test each series, in a thread."""
    definition = KPIS[kpi]

    def test_all() -> Results:
        return {
            service: _result(definition, one, targets.get((service, kpi)))
            for service, one in series.items()
        }

    return await asyncio.to_thread(test_all)


def _result(kpi: Kpi, series: Series, target: HoldingTarget | None) -> dict[str, Any]:
    # Takes a second to import, and most processes never need it.
    from metrics_api.trends.mann_kendall import find_trend  # noqa: PLC0415

    season = rules.SEASONS[series.grain]
    tested = find_trend(series.values, season) if series.recent else None
    basis = _basis(series, target)
    if tested is None:
        names = ("method", "direction", "p_value", "level", "slope_per_month", "slope_low")
        nothing = dict.fromkeys((*names, "slope_high"))
        return basis | nothing | _crossing(Crossing(CrossingState.UNKNOWN))
    line = tested.line
    direction = rules.direction_of(line.slope, tested.p_value, kpi.better)
    return {
        **basis,
        "method": tested.method,
        "direction": direction.value,
        "p_value": tested.p_value,
        "level": line.at(len(series.periods) - 1),
        "slope_per_month": rules.per_month(line.slope, series.grain),
        "slope_low": rules.per_month(line.low, series.grain),
        "slope_high": rules.per_month(line.high, series.grain),
        **_crossing(rules.crossing_of(line, series, direction, target)),
    }


def _basis(series: Series, target: HoldingTarget | None) -> dict[str, Any]:
    """What a result follows from, in its columns: all else is arithmetic."""
    return {
        "grain": series.grain.value,
        "first_period": series.periods[0].label,
        "last_period": series.periods[-1].label,
        "n": series.n,
        "target_id": None if target is None else target.id,
        "comparator": None if target is None else target.comparator.value,
        "target_value": None if target is None else target.value,
        "series": [
            {"period": period.label, "value": value, "count": count}
            for period, value, count in zip(
                series.periods, series.values, series.counts, strict=True
            )
        ],
    }


def _crossing(crossing: Crossing) -> dict[str, Any]:
    return {
        "crossing": crossing.state.value,
        "crosses_on": crossing.on,
        "crosses_earliest": crossing.earliest,
        "crosses_latest": crossing.latest,
    }


async def refresh_trends(engine: Engine, moment: datetime) -> int:
    """Test all series anew and store what changed, telling of it: how many results changed."""
    changed, after = 0, ""
    while True:
        async with reading(engine) as session:
            services = await queries.service_keys(session, after, SERVICES_AT_ONCE)
            targets = await targets_on(session, moment.date(), services)
        for kpi in KPIS:
            changed += await _refresh(engine, kpi, services, targets, moment)
        if len(services) < SERVICES_AT_ONCE:
            return changed
        after = services[-1]


async def _refresh(
    engine: Engine, kpi: KpiId, services: Sequence[str], targets: Targets, moment: datetime
) -> int:
    async with reading(engine) as session:
        series = await _best_series(session, kpi, services, moment)
        stored = await queries.stored_trends(session, kpi, services)
    changed = {
        service: one
        for service, one in series.items()
        if _differs(stored.get(service), one, targets.get((service, kpi)))
    }
    results = await results_of(kpi, changed, targets)
    async with transaction(engine) as session:
        await queries.lock_trends(session, kpi)
        stored = await queries.stored_trends(session, kpi, services)
        return await _store(session, kpi, stored, results, moment)


def _differs(stored: Any, series: Series, target: HoldingTarget | None) -> bool:
    """Whether there is anything to test: most days most series are what they were."""
    if stored is None:
        return series.n > 0
    return not rules.same_result(stored._mapping, _basis(series, target))


async def _best_series(
    session: Session, kpi: KpiId, services: Sequence[str], moment: datetime
) -> dict[str, Series]:
    """Months; weeks for services that have too few months and enough weeks."""
    shape = (Grain.MONTH, rules.PERIODS[Grain.MONTH], _UTC)
    months = await series_of(session, kpi, services, shape, moment)
    young = [service for service, one in months.items() if 0 < one.n < rules.MINIMAL_N]
    shape = (Grain.WEEK, rules.PERIODS[Grain.WEEK], _UTC)
    weeks = await series_of(session, kpi, young, shape, moment)
    return months | {service: one for service, one in weeks.items() if one.n >= WEEKS_NEEDED}


async def _store(
    session: Session, kpi: KpiId, stored: Mapping[str, Any], results: Results, moment: datetime
) -> int:
    rows, news = [], []
    for service, result in results.items():
        before = stored.get(service)
        if before is not None and rules.same_result(before._mapping, result):
            continue
        version = 1 if before is None else before.version + 1
        identity = {"service": service, "kpi": kpi.value}
        rows.append({**identity, **result, "version": version, "recorded_at": moment})
        if result["direction"] != (None if before is None else before.direction):
            news.append(rows[-1])
    await queries.write_trends(session, rows)
    await emit_all(session, [event for row in news for event in _told(row)])
    return len(rows)


def _told(row: Mapping[str, Any]) -> list[Event]:
    """The event of a trend that has become what it is; none of one that leads nowhere."""
    kind = _TELLING.get(row["direction"])
    if kind is None:
        return []
    left_out = {"series", "recorded_at", "target_id", "level"}
    data = {name: value for name, value in row.items() if name not in left_out}
    value = row["target_value"]
    data |= {
        "unit": KPIS[KpiId(row["kpi"])].unit,
        "target": row["target_id"],
        "target_value": None if value is None else float(value),
    }
    return [Event(kind, row["service"], data)]


async def read_service(session: Session, engine: Engine, asked: Asked) -> Read:
    """The series and targets of one service; as of a moment in a transaction of its own.

    404 for a service that is not known, or was not by then.
    """
    async with known(session, engine, asked.as_of) as seen:
        name = await get_service_name(seen, asked.service, asked.as_of)
        if asked.as_of is not None:
            await lay_out(seen, asked.as_of, asked.kpis, {asked.service})
        return await _read(seen, asked, name)


async def _read(session: Session, asked: Asked, name: str) -> Read:
    zone, service = asked.shape[2], asked.service
    moment = rules.moment_after(asked.until, zone, asked.as_of or asked.now)
    last_day = (moment - timedelta(microseconds=1)).astimezone(zone).date()
    books = LIVE_BOOKS if asked.as_of is None else THEN_BOOKS
    series = {}
    for kpi in asked.kpis:
        found = await series_of(session, kpi, [service], asked.shape, moment, asked.as_of)
        series[kpi] = found[service]
    targets = await targets_on(session, last_day, [service], books=books)
    return Read(name, series, targets)


async def trends_of(service: str, read: Read) -> list[tuple[KpiId, Mapping[str, Any]]]:
    """Each KPI of one service, tested."""
    found = []
    for kpi, series in read.series.items():
        results = await results_of(kpi, {service: series}, read.targets)
        found.append((kpi, results[service]))
    return found
