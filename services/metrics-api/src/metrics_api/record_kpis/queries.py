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
from shared.kit.database import rows_of, rows_of_each
from shared.schemas.metrics import KpiId

_TIMED: Final = frozenset({KpiId.AVAILABILITY, KpiId.MTBF})
_NO_COUNTS: Final = frozenset({"service", "slice", "n", "percentiles", "top"})


@dataclass(frozen=True)
class Question:
    """What sums are wanted of: by service, slice and span as asked.

    `now` is the moment as of which is asked: an open outage lasts until then. Where the
    relations are those of a later moment, that is `known_at`.
    """

    scope: Scope
    spans: Sequence[Span]
    now: datetime
    by_service: bool = False
    slice_by: Slice | None = None
    relations: Relations = LIVE
    known_at: datetime | None = None

    def parts(self, slice_by: Slice | None, *, of_incidents: bool = False) -> Breakdown:
        return breakdown(
            self.scope, by_service=self.by_service, slice_by=slice_by, of_incidents=of_incidents
        )


async def record_sums(session: AsyncSession, kpi: KpiId, asked: Question) -> list[RecordSums]:
    """The sums of one of rules.RECORD_KPIS.

    `extras["reason"]` is there when there is no number, and is a code that says why; then count
    is 0. (Of unplanned_outages 0 of 0 is a number.)

    Neither by service nor sliced, there is a row of every span. By service, rows of the services
    and spans with a record; of availability, mtbf and unplanned_outages rows of every span for
    each service with any outage ever, because no outage is a number too. Name services in the
    scope to ask for these only. Sliced, rows of the slices and spans with a record; availability
    and mtbf do not add up over slices and come in one, null.
    """
    return (await sums_of_each(session, [kpi], asked))[kpi]


async def sums_of_each(
    session: AsyncSession, kpis: Sequence[KpiId], asked: Question
) -> dict[KpiId, list[RecordSums]]:
    """What record_sums says of each of these KPIs, in few round trips: outages are read once."""
    if not asked.spans:
        return {kpi: [] for kpi in kpis}
    of_outages = [kpi for kpi in kpis if _is_of_outages(kpi, asked)]
    others = [kpi for kpi in kpis if kpi not in of_outages]
    found: dict[KpiId, list[Any]] = {}
    if of_outages:
        found |= dict.fromkeys(of_outages, await _outages(session, of_outages, asked))
    parameters = {
        **stretch_parameters(asked.spans),
        **scope_parameters(asked.scope),
        "now": asked.now,
    }
    statements = [(_statement(kpi, asked), parameters) for kpi in others]
    found |= zip(others, await rows_of_each(session, statements), strict=True)
    return {kpi: _placed(kpi, asked, found[kpi]) for kpi in kpis}


def _is_of_outages(kpi: KpiId, asked: Question) -> bool:
    return kpi in _TIMED or (kpi is KpiId.UNPLANNED_OUTAGES and asked.slice_by is None)


def _placed(kpi: KpiId, asked: Question, rows: Sequence[Any]) -> list[RecordSums]:
    found = [_sums(kpi, row._asdict()) for row in rows]
    if asked.by_service or asked.slice_by is not None:
        return found
    by_number = {sums.n: sums for sums in found}
    return [by_number.get(span.n) or _sums(kpi, {"n": span.n}) for span in asked.spans]


def _statement(kpi: KpiId, asked: Question) -> str:
    # A problem is met where the incidents are that it is told by.
    of_incidents = kpi is KpiId.PERMANENT_FIX_RATE
    parts = asked.parts(asked.slice_by, of_incidents=of_incidents)
    match kpi:
        case KpiId.LOW_VALUE_SHARE:
            return low_value_statement(parts, asked.relations)
        case KpiId.PERMANENT_FIX_RATE:
            return permanent_fix_statement(parts, asked.relations)
        case _:
            return tally_statement(kpi, parts, asked.relations)


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


async def _outages(session: AsyncSession, kpis: Sequence[KpiId], asked: Question) -> list[Any]:
    """The rows of uptime_statement, which has the counts of all KPIs of outages."""
    condition = asked.parts(None).condition
    services, spans = await _services_and_spans(session, asked, condition)
    calendars = {}
    if not _TIMED.isdisjoint(kpis):
        named = [service for service in services if service != UNATTRIBUTED]
        as_of = None if asked.relations is LIVE else asked.known_at or asked.now
        calendars = await support_calendars(session, named, as_of)
    statement = uptime_statement(condition, asked.relations, by_service=asked.by_service)
    parameters = {
        **scope_parameters(asked.scope),
        **stretch_parameters(spans),
        **support_parameters(services, calendars, spans, asked.now),
        "now": asked.now,
    }
    return await rows_of(session, statement, parameters)


async def _services_and_spans(
    session: AsyncSession, asked: Question, condition: str
) -> tuple[list[str], list[Span]]:
    """The services whose outages to look at. A span without a start begins with the first outage.

    They are looked up only where the scope does not name them, or such a span needs to know.
    """
    named = services_of(asked.scope)
    if named is not None and all(span.start for span in asked.spans):
        return list(dict.fromkeys(named)), list(asked.spans)
    statement = observed_statement(condition, asked.relations)
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
