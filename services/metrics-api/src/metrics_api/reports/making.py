"""The performance report as it stands, or as it was known at a moment."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from metrics_api.as_of.knowing import lay_out, opened
from metrics_api.as_of.relations import THEN, THEN_BOOKS
from metrics_api.indicators.kpis import KPIS
from metrics_api.indicators.live import Reading
from metrics_api.indicators.live_queries import incident_sums
from metrics_api.indicators.periods import Period, Span
from metrics_api.indicators.scopes import RecordSums, Scope, ScopeKind
from metrics_api.indicators.values import figure_of_parts
from metrics_api.record_kpis.queries import Question, record_sums
from metrics_api.reports import actions, queries
from metrics_api.reports.queries import ReportFilter
from shared.kit.database import Engine, Session
from shared.schemas.metrics import KpiId, PerformanceReport


@dataclass(frozen=True)
class ReportAsked:
    """What the table is of; `as_of` None: as it stands."""

    kpi: KpiId
    periods: Sequence[Period]
    timezone: str
    now: datetime
    as_of: datetime | None


async def make_report(
    session: Session, engine: Engine, asked: ReportAsked, wanted: ReportFilter
) -> PerformanceReport:
    """A page of the report; as of a moment it is read in a transaction of its own."""
    if asked.as_of is None:
        live = actions.Asked(asked.kpi, asked.periods, asked.now)
        return await actions.performance_report(session, live, asked.timezone, wanted)
    async with opened(engine, asked.as_of, asked.now) as then:
        return await _report_then(then, asked, asked.as_of, wanted)


async def _report_then(
    session: Session, asked: ReportAsked, as_of: datetime, wanted: ReportFilter
) -> PerformanceReport:
    kpi, periods = KPIS[asked.kpi], asked.periods
    services = await queries.services_of_report(session, wanted, THEN_BOOKS)
    await lay_out(session, as_of, [asked.kpi], frozenset(services))
    parts = await _parts_then(session, asked, as_of, services)
    if kpi.of_incidents:
        active = sorted({service for service, _ in parts})
        found = await queries.rows_of_services(session, kpi, periods, wanted, active, THEN_BOOKS)
    else:
        known = queries.Known(as_of, THEN, THEN_BOOKS)
        found = await queries.rows_of_records(session, kpi, periods, _spans(periods), wanted, known)
    rows = []
    for row in found[: wanted.limit]:
        figures = [figure_of_parts(kpi, parts.get((row.key, n))) for n, _ in enumerate(periods)]
        rows.append(actions.row_of(periods, figures, row))
    more = len(found) > wanted.limit
    return actions.page_of_report(kpi, asked.timezone, rows, more=more)


async def _parts_then(
    session: Session, asked: ReportAsked, as_of: datetime, services: Sequence[str]
) -> dict[tuple[str, int], RecordSums]:
    """By service and number of the period; of services with any record in one of them."""
    spans = _spans(asked.periods)
    scope = Scope(ScopeKind.PORTFOLIO, None, tuple(services))
    if KPIS[asked.kpi].of_incidents:
        reading = Reading(scope.kind, THEN)
        found = await incident_sums(session, asked.kpi, scope, spans, reading, by_service=True)
    else:
        wanted = Question(scope, spans, as_of, by_service=True, relations=THEN)
        found = await record_sums(session, asked.kpi, wanted)
    return {(one.service, one.n): one for one in found if one.service is not None}


def _spans(periods: Sequence[Period]) -> list[Span]:
    return [Span(n, period.start, period.end) for n, period in enumerate(periods)]
