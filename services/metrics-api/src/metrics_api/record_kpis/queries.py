"""The statements behind the KPIs of records."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from metrics_api.clocks.queries import support_calendars
from metrics_api.indicators.periods import Span
from metrics_api.indicators.scopes import LIVE, RecordSums, Relations, Scope, Slice
from metrics_api.record_kpis.groups import low_value_statement, permanent_fix_statement
from metrics_api.record_kpis.rules import parts_of
from metrics_api.record_kpis.scoping import (
    breakdown,
    condition_of,
    scope_parameters,
    services_of,
)
from metrics_api.record_kpis.stretches import cut
from metrics_api.record_kpis.tallies import tally_statement
from metrics_api.record_kpis.uptime import (
    UNATTRIBUTED,
    Stretch,
    observed_statement,
    support_parameters,
    uptime_statement,
)
from shared.schemas.metrics import KpiId

_OF_UPTIME = frozenset({KpiId.AVAILABILITY, KpiId.MTBF, KpiId.UNPLANNED_OUTAGES})
_NOT_COUNTS = frozenset({"service", "slice", "n", "percentiles", "top"})


async def record_sums(  # noqa: PLR0913 - the words of one question, and all its readers spell them
    session: AsyncSession,
    kpi: KpiId,
    scope: Scope,
    spans: Sequence[Span],
    *,
    by_service: bool = False,
    slice_by: Slice | None = None,
    relations: Relations = LIVE,
    now: datetime,
) -> list[RecordSums]:
    """The sums of a KPI of rules.RECORD_KPIS over spans, by service, slice and span.

    Where `count` is 0 there is no number and `extras["reason"]` is a code that says why.
    Neither by service nor sliced, there is a row of every span, in their order. By service there
    are rows of services with a record in a span only (of availability, mtbf and
    unplanned_outages: of services with any outage ever, and then of every span); sliced, of slices
    with one. Availability and mtbf are not sliced: they come in one slice, null. `now` is the
    moment as of which is asked: an open outage lasts until then.
    """
    if not spans:
        return []
    if kpi in _OF_UPTIME and not (kpi is KpiId.UNPLANNED_OUTAGES and slice_by):
        rows = await _uptime(session, kpi, scope, spans, by_service, relations, now)
    else:
        rows = await _counts(session, kpi, scope, spans, by_service, slice_by, relations, now)
    return rows
