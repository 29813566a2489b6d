# ruff: noqa: S608 - every fragment is of our own making, every value a parameter
"""Reading sums and durations from incidents alone, without cells.

So is read what no cells are kept of: slices, vendor products, and figures as of a moment. MTTR by
channel over all 120,000 incidents of a service took PostgreSQL 3.4 s of CPU on a machine so busy
that everything took four to six times its usual (of it most goes to the moves that tell the
exclusions): too rare a question to pay for cells by slice at every ingest.
"""

from collections.abc import Collection, Sequence
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession

from metrics_api.indicators.cell_queries import live_parameters, scope_parameters
from metrics_api.indicators.definitions import DurationKind
from metrics_api.indicators.kpis import KPIS
from metrics_api.indicators.live import DURATIONS, SPANS, Reading
from metrics_api.indicators.periods import Span
from metrics_api.indicators.rules import ACTIVITY, DURATION_SUMS, SUMS, Sums
from metrics_api.indicators.scopes import Quantiles, RecordSums, Scope
from metrics_api.indicators.values import (
    Place,
    cut_spans,
    needed_sums,
    parts_in_spans,
    with_late,
    with_percentiles,
)
from shared.kit.database import Query, answer
from shared.schemas.metrics import KpiId

MOST_SLICES: Final = 100
"""Slices with the most records; a tool may send any words as channels."""


def sums_of_incidents(
    reading: Reading,
    scope: Scope,
    spans: Sequence[Span],
    names: Collection[str] = SUMS,
    *,
    by_service: bool = False,
) -> Query[dict[Place, Sums]]:
    """These sums by service, slice and span, and their activity; nothing where it is 0."""
    read = (*names, ACTIVITY)
    service = "coalesce(r.service, '')" if by_service else "NULL::text"
    sums = ", ".join(f"coalesce(sum(r.{name}), 0) AS {name}" for name in names)
    counted = " + ".join(name for name in names if name not in DURATION_SUMS)
    statement = f"""
    WITH summed AS (
        SELECT {service} AS service, r.slice::text AS slice, r.n, {sums}
        FROM ({reading.sums_in_spans(names)}) AS r GROUP BY 1, 2, 3
    ), weighed AS (
        SELECT *, {counted} AS {ACTIVITY}, sum({counted}) OVER (PARTITION BY slice) AS weight
        FROM summed WHERE {counted} > 0
    ), placed AS (
        SELECT *, dense_rank() OVER (ORDER BY weight DESC, slice) AS place FROM weighed
    )
    SELECT service, slice, n, {", ".join(read)} FROM placed WHERE place <= {MOST_SLICES}"""
    parameters = {**scope_parameters(scope), **live_parameters(spans)}
    return Query(
        statement,
        parameters,
        lambda rows: {
            Place(service_key, slice_, n): dict(zip(read, map(int, amounts), strict=True))
            for service_key, slice_, n, *amounts in rows
        },
    )


def exact_percentiles(
    kind: DurationKind, reading: Reading, scope: Scope, spans: Sequence[Span]
) -> Query[dict[Place, Quantiles]]:
    """p50, p90 and p95 in microseconds by slice and span, interpolated as percentile_cont does."""
    duration = DURATIONS[kind]
    rows = reading.rows_in_span(
        duration.rows, f"{duration.microseconds} AS duration", duration.condition
    )
    # Grouped span by span, and by a constant if nothing divides them: to sort thousands of rows by
    # what they are grouped by takes as long as to read them.
    slice_ = "NULL::text" if reading.slice_by is None else "r.slice::text"
    statement = f"""
    SELECT x.slice, p.n, x.three FROM {SPANS} CROSS JOIN LATERAL (
        SELECT {slice_} AS slice,
               percentile_cont(ARRAY[0.5, 0.9, 0.95]) WITHIN GROUP (ORDER BY r.duration) AS three
        FROM ({rows}) AS r GROUP BY 1) AS x"""
    parameters: dict[str, Any] = {**scope_parameters(scope), **live_parameters(spans)}
    return Query(
        statement,
        parameters,
        lambda rows: {Place(None, slice_, n): tuple(three) for slice_, n, three in rows},
    )


def late_by_now(reading: Reading, scope: Scope, spans: Sequence[Span]) -> Query[dict[Place, int]]:
    """Open incidents whose time ran out before the end of each span, by slice (Records rule 11).

    A span ends now at the latest. They are open as things stand, whatever the span.
    """
    statement = f"""
    SELECT r.slice::text, p.n, count(*) FROM {SPANS}
    JOIN ({reading.open_incidents("i.resolution_late_from AS late_from")}) AS r
        ON r.late_from < p.high
    GROUP BY 1, 2"""
    parameters = {**scope_parameters(scope), **live_parameters(spans)}
    return Query(
        statement,
        parameters,
        lambda rows: {Place(None, slice_, n): count for slice_, n, count in rows},
    )


async def incident_sums(
    session: AsyncSession,
    kpi: KpiId,
    scope: Scope,
    spans: Sequence[Span],
    reading: Reading | None = None,
    *,
    by_service: bool = False,
) -> list[RecordSums]:
    """The parts of any KPI of incidents in each span, counted from the incidents alone.

    `reading` names the tables and the slice: Reading(scope.kind, relations, slice_by). Like
    record_kpis.queries.record_sums it has nothing for a span without any record; a figure is made
    of each by values.figure_of_parts. Percentiles are exact, and not given by service.
    """
    definition, reading = KPIS[kpi], reading or Reading(scope.kind)
    cut = cut_spans([definition], spans)
    names = SUMS if reading.slice_by is None else needed_sums([definition])
    of_incidents = sums_of_incidents(reading, scope, cut, names, by_service=by_service)
    sums = await answer(session, of_incidents)
    parts = parts_in_spans([definition], spans, cut, sums)[kpi]
    if definition.duration is not None and not by_service:
        percentiles = exact_percentiles(definition.duration, reading, scope, spans)
        parts = with_percentiles(parts, await answer(session, percentiles))
    if kpi is KpiId.SLA_ATTAINMENT and not by_service:
        parts = with_late(parts, await answer(session, late_by_now(reading, scope, spans)))
    return list(parts.values())
