"""The performance report as it stands, or as it was known at a moment."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from metrics_api.indicators.periods import Period
from metrics_api.reports import actions
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
    live = actions.Asked(asked.kpi, asked.periods, asked.now)
    return await actions.performance_report(session, live, asked.timezone, wanted)
