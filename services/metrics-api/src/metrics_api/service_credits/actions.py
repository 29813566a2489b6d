"""Computing the credits of finished periods; a figure that changes later is computed anew."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from metrics_api.clocks.queries import agreements_with_guarantees
from metrics_api.clocks.support import hours_key
from metrics_api.copies.queries import copies_of
from metrics_api.indicators.actions import Asked, kpis_of
from metrics_api.indicators.definitions import Reason
from metrics_api.indicators.kpis import KPIS
from metrics_api.indicators.periods import Period, labels_between, parse_periods
from metrics_api.indicators.schemas import KpiSeries, KpiValue, NoNumber
from metrics_api.indicators.scopes import Scope, ScopeKind, Slice
from metrics_api.service_credits import queries
from metrics_api.service_credits.rules import (
    Figure,
    Guaranteed,
    guaranteed,
    holds_throughout,
    identity_of,
    row_of,
)
from metrics_api.service_credits.sli_figures import sli_figures
from shared.kit import clock
from shared.kit.database import Engine, Session, transaction
from shared.schemas.agreements import CalendarVersionOut
from shared.schemas.metrics import KpiId

LOOKED_BACK = timedelta(days=390)
"""Older periods stay as they were computed last."""


async def compute_credits(engine: Engine) -> int:
    """Bring the credits of all guarantees up to date: how many rows were recorded."""
    async with transaction(engine) as session:
        agreements = await agreements_with_guarantees(session)
        calendars = await copies_of(
            session,
            "calendar_version",
            CalendarVersionOut,
            keys=[hours_key(agreement) for agreement in agreements],
        )
    recorded = 0
    for one in guaranteed(agreements):
        calendar = calendars.get(one.calendar)
        zone = ZoneInfo("UTC" if calendar is None else calendar.timezone)
        async with transaction(engine) as session:
            recorded += await _compute(session, one, zone, clock.now())
    return recorded


async def _compute(session: Session, one: Guaranteed, zone: ZoneInfo, now: datetime) -> int:
    """Record what changed, and end what is owed no more: a version may have ended since."""
    since = now.astimezone(zone).date() - LOOKED_BACK
    figures = await _figures(session, one, since, zone, now)
    await queries.lock_computation(session)
    rows = {figure.period: row_of(one, figure) for figure in figures}
    present = await queries.present_credits(session, identity_of(one))
    changed = [row for period, row in rows.items() if _differs(present.get(period), row)]
    ended = [present[row["period"]].id for row in changed if row["period"] in present]
    ended += [
        row.id
        for period, row in present.items()
        if period not in rows and row.period_start.astimezone(zone).date() >= since
    ]
    await queries.replace_credits(session, ended, changed, now)
    return len(changed)


def _differs(present: Any, row: Mapping[str, Any]) -> bool:
    return present is None or any(getattr(present, name) != value for name, value in row.items())


async def _figures(
    session: Session, one: Guaranteed, since: date, zone: ZoneInfo, now: datetime
) -> Sequence[Figure]:
    """The figures of the finished periods that lie wholly within the target's time."""
    first = max(one.first_day, since)
    last = min(now, one.ends_at or now).astimezone(zone).date()
    if last < first:
        return []
    periods = [
        period
        for period in parse_periods(labels_between(one.grain, first, last), zone, now)
        if period.complete and holds_throughout(one, period)
    ]
    if not periods:
        return []
    if one.kpi is None:
        return await sli_figures(session, str(one.target.sli), one.service, periods, now)
    return await _kpi_figures(session, one, one.kpi, periods, now)


async def _kpi_figures(
    session: Session, one: Guaranteed, kpi: KpiId, periods: Sequence[Period], now: datetime
) -> Sequence[Figure]:
    scope = Scope(ScopeKind.SERVICE, one.service, (one.service,))
    slice_by = None if one.target.priority is None else Slice.PRIORITY
    (series,) = await kpis_of(session, Asked(scope, [kpi], periods, slice_by, now))
    return [
        Figure(
            value.period,
            value.start,
            value.end,
            value.value,
            value.count,
            None if value.reason is None else value.reason.code,
        )
        for value in _of_priority(series, one.target.priority)
    ]


def _of_priority(series: KpiSeries, priority: int | None) -> Sequence[KpiValue]:
    """The values of one priority; where it has no records those of all, emptied."""
    if priority is None:
        return series.values
    for sliced in series.slices:
        if sliced.slice == str(priority):
            return sliced.values
    return [_emptied(value, KPIS[series.kpi].nothing) for value in series.values]


def _emptied(value: KpiValue, nothing: Reason) -> KpiValue:
    reason = value.reason or NoNumber(code=nothing.code, text=nothing.text)
    return value.model_copy(update={"value": None, "count": 0, "reason": reason})
