"""The statements behind the KPIs of records."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from metrics_api.clocks.queries import support_calendars
from metrics_api.indicators.periods import Span
from metrics_api.indicators.scopes import LIVE, RecordSums, Relations, Scope, Slice
from metrics_api.record_kpis.groups import low_value_statement, permanent_fix_statement
from metrics_api.record_kpis.rules import parts_of
from metrics_api.record_kpis.scoping import (
    Breakdown,
    breakdown,
    scope_parameters,
    services_of,
)
from metrics_api.record_kpis.stretches import cut
from metrics_api.record_kpis.tallies import tally_statement
from metrics_api.record_kpis.uptime import (
    UNATTRIBUTED,
    observed_statement,
    support_parameters,
    uptime_statement,
)
from shared.schemas.metrics import KpiId

_TIMED: Final = frozenset({KpiId.AVAILABILITY, KpiId.MTBF})
_NO_COUNTS: Final = frozenset({"service", "slice", "n", "percentiles", "top"})


@dataclass(frozen=True)
class _Question:
    kpi: KpiId
    scope: Scope
    spans: Sequence[Span]
    parts: Breakdown
    by_service: bool
    relations: Relations
    now: datetime
    known_at: datetime


async def record_sums(  # noqa: PLR0913 - the words of one question, spelt by all who ask it
    session: AsyncSession,
    kpi: KpiId,
    scope: Scope,
    spans: Sequence[Span],
    *,
    by_service: bool = False,
    slice_by: Slice | None = None,
    relations: Relations = LIVE,
    now: datetime,
    known_at: datetime | None = None,
) -> list[RecordSums]:
    """The sums of one of rules.RECORD_KPIS, by service, slice and span as asked.

    `extras["reason"]` is there when there is no number, and is a code that says why; then count
    is 0. (Of unplanned_outages 0 of 0 is a number.)

    Neither by service nor sliced, there is a row of every span. By service, rows of the services
    and spans with a record; of availability, mtbf and unplanned_outages rows of every span for
    each service with any outage ever, because no outage is a number too. Name services in the
    scope to ask for these only. Sliced, rows of the slices and spans with a record; availability
    and mtbf do not add up over slices and come in one, null.

    `now` is the moment as of which is asked: an open outage lasts until then. Where the
    relations are those of a later moment, that is `known_at`.
    """
    if not spans:
        return []
    timed = kpi in _TIMED
    parts = breakdown(scope, by_service=by_service, slice_by=None if timed else slice_by)
    asked = _Question(kpi, scope, spans, parts, by_service, relations, now, known_at or now)
    if timed or (kpi is KpiId.UNPLANNED_OUTAGES and slice_by is None):
        found = await _of_outages(session, asked)
    else:
        found = await _of_records(session, asked)
    if by_service or slice_by is not None:
        return found
    by_number = {sums.n: sums for sums in found}
    return [by_number.get(span.n) or _sums(kpi, {"n": span.n}) for span in spans]


async def _of_records(session: AsyncSession, asked: _Question) -> list[RecordSums]:
    match asked.kpi:
        case KpiId.LOW_VALUE_SHARE:
            statement = low_value_statement(asked.parts, asked.relations)
        case KpiId.PERMANENT_FIX_RATE:
            statement = permanent_fix_statement(asked.parts, asked.relations)
        case _:
            statement = tally_statement(asked.kpi, asked.parts, asked.relations)
    parameters = {**stretch_parameters(asked.spans), **scope_parameters(asked.scope)}
    rows = await session.execute(text(statement), {**parameters, "now": asked.now})
    return [_sums(asked.kpi, dict(row)) for row in rows.mappings()]


def stretch_parameters(spans: Sequence[Span]) -> dict[str, Any]:
    """What tells a tally statement the spans."""
    cuts = cut(spans)
    return {
        "bounds": cuts.bounds,
        "first": cuts.bounds[0],
        "last": cuts.bounds[-1],
        "stretch": cuts.stretch,
        "n": cuts.n,
    }


async def _of_outages(session: AsyncSession, asked: _Question) -> list[RecordSums]:
    services, spans = await _services_and_spans(session, asked)
    calendars = {}
    if asked.kpi in _TIMED:
        named = [service for service in services if service != UNATTRIBUTED]
        as_of = None if asked.relations is LIVE else asked.known_at
        calendars = await support_calendars(session, named, as_of)
    statement = uptime_statement(
        asked.parts.condition, asked.relations, by_service=asked.by_service
    )
    parameters = {
        **scope_parameters(asked.scope),
        **stretch_parameters(spans),
        **support_parameters(services, calendars, spans, asked.now),
        "now": asked.now,
    }
    rows = await session.execute(text(statement), parameters)
    return [_sums(asked.kpi, dict(row)) for row in rows.mappings()]


async def _services_and_spans(
    session: AsyncSession, asked: _Question
) -> tuple[list[str], list[Span]]:
    """The services whose outages to look at. A span without a start begins with the first outage.

    They are looked up only where the scope does not name them, or such a span needs to know.
    """
    named = services_of(asked.scope)
    if named is not None and all(span.start for span in asked.spans):
        return list(dict.fromkeys(named)), list(asked.spans)
    statement = observed_statement(asked.parts.condition, asked.relations)
    rows = await session.execute(text(statement), scope_parameters(asked.scope))
    first = {row[0]: row[1] for row in rows}
    earliest = min(first.values(), default=asked.now)
    spans = [Span(n, start or min(earliest, end), end) for n, start, end in asked.spans]
    return list(first), spans


def _sums(kpi: KpiId, row: Mapping[str, Any]) -> RecordSums:
    counts = Counter({name: int(row[name]) for name in row if name not in _NO_COUNTS})
    parts = parts_of(kpi, counts)
    percentiles = row.get("percentiles")
    return RecordSums(
        service=row.get("service"),
        slice=row.get("slice"),
        n=row["n"],
        total=parts.total,
        count=parts.count,
        records=parts.records,
        exclusions=parts.exclusions,
        percentiles=None if percentiles is None else tuple(percentiles),
        extras={**parts.extras, "top": row["top"] or []} if "top" in row else parts.extras,
    )
