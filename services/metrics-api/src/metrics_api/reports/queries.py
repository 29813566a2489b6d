# ruff: noqa: S608 - every fragment is of our own making, every value a parameter
"""The SQL statement that makes the rows of the performance report."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from metrics_api.as_of.relations import LIVE_BOOKS, Books
from metrics_api.indicators.cell_queries import (
    has_edges,
    rows_of_spans,
    span_parameters,
    sum_of,
)
from metrics_api.indicators.definitions import Kpi
from metrics_api.indicators.periods import Period, Span
from metrics_api.indicators.scopes import LIVE, Relations, ScopeKind
from metrics_api.indicators.values import needed_sums
from metrics_api.record_kpis.presence import has_record, presence_parameters
from shared.kit.database import rows_of

_ASKED: Final = "ARRAY(SELECT key FROM asked)"
_NO_SUMS: Final = "SELECT NULL::text, NULL::int[], NULL::numeric[], NULL::numeric[], NULL::bigint[]"


@dataclass(frozen=True)
class ReportFilter:
    """Which services: of a portfolio (None: any), after a key (None: from the first)."""

    portfolio: str | None
    after: str | None
    limit: int


@dataclass(frozen=True)
class Known:
    """What is read and of when it is: as things stand, or were known."""

    now: datetime
    relations: Relations = LIVE
    books: Books = LIVE_BOOKS


async def rows_of_incidents(
    session: AsyncSession,
    kpi: Kpi,
    periods: Sequence[Period],
    spans: Sequence[Span],
    wanted: ReportFilter,
) -> Sequence[Row[Any]]:
    """A row for each service with a record in a span or a target, by key, one more than asked.

    `spans`, `totals`, `counts` and `records` are arrays side by side: the number of a span that
    any record fell into, and the sums of the KPI in it. The sums of all services are made at once:
    to go through the services one by one costs four times as much for a page of 500, and to look
    each of all services up in the cells twice as much as to read the cells of the periods.
    """
    parameters = span_parameters(spans)
    rows = rows_of_spans(
        ScopeKind.ALL if wanted.portfolio is None else ScopeKind.PORTFOLIO,
        edges=has_edges(parameters),
        services=_ASKED,
        names=needed_sums([kpi]),
    )
    total = sum_of(kpi.total, "r")
    count, records = (f"{sum_of(name, 'r')}::bigint" for name in (kpi.count, kpi.records))
    sums = f"""
        SELECT service, array_agg(n), array_agg(total), array_agg(count), array_agg(records)
        FROM (SELECT r.service, r.n, {total} AS total, {count} AS count, {records} AS records
              FROM ({rows}) AS r GROUP BY r.service, r.n HAVING sum(r.activity) > 0) AS x
        GROUP BY service"""
    asked = {**_parameters(kpi, periods, wanted), **parameters}
    return await rows_of(session, _statement(sums, "false"), asked)


async def rows_of_records(
    session: AsyncSession,
    kpi: Kpi,
    periods: Sequence[Period],
    spans: Sequence[Span],
    wanted: ReportFilter,
    known: Known,
) -> Sequence[Row[Any]]:
    """The same rows, without sums, of a KPI of other records."""
    statement = _statement(_NO_SUMS, has_record(kpi.id, "asked.key", known.relations), known.books)
    asked = {**_parameters(kpi, periods, wanted), **presence_parameters(spans, known.now)}
    return await rows_of(session, statement, asked)


async def rows_of_services(
    session: AsyncSession,
    kpi: Kpi,
    periods: Sequence[Period],
    wanted: ReportFilter,
    active: Sequence[str],
    books: Books,
) -> Sequence[Row[Any]]:
    """The same rows, without sums, of the services that are `active` or have a target."""
    statement = _statement(_NO_SUMS, "asked.key = ANY(CAST(:active AS text[]))", books)
    asked = {**_parameters(kpi, periods, wanted), "active": list(active)}
    return await rows_of(session, statement, asked)


async def services_of_report(
    session: AsyncSession, wanted: ReportFilter, books: Books
) -> Sequence[str]:
    """The services that the report may have rows of."""
    asked = {"portfolio": wanted.portfolio, "after": wanted.after}
    return (await session.scalars(text(f"SELECT key FROM ({_asked(books)}) AS s"), asked)).all()


def _asked(books: Books) -> str:
    return f"""
        SELECT key, name FROM {books.service}
        WHERE (CAST(:portfolio AS text) IS NULL OR portfolio = CAST(:portfolio AS text))
          AND (CAST(:after AS text) IS NULL OR key COLLATE "C" > CAST(:after AS text))"""


def _parameters(kpi: Kpi, periods: Sequence[Period], wanted: ReportFilter) -> dict[str, Any]:
    return {
        "portfolio": wanted.portfolio,
        "after": wanted.after,
        "limit": wanted.limit + 1,
        "kpi": kpi.id.value,
        "judged_on": periods[-1].last_day,
        "first_days": [period.first_day for period in periods],
        "last_days": [period.last_day for period in periods],
    }


def _statement(sums: str, has_record: str, books: Books = LIVE_BOOKS) -> str:
    """`sums` are of a KPI of incidents; for others `has_record` says it of a service `asked`."""
    return f"""
    WITH asked AS MATERIALIZED ({_asked(books)}
    ), found (service, spans, totals, counts, records) AS MATERIALIZED ({sums}
    ), page AS MATERIALIZED (
        SELECT asked.key, asked.name, f.spans, f.totals, f.counts, f.records
        FROM asked LEFT JOIN found f ON f.service = asked.key
        WHERE f.service IS NOT NULL OR {has_record}
           OR asked.key IN (SELECT t.service FROM {books.target} t
                        WHERE t.kpi = :kpi AND (t.valid_to IS NULL OR t.valid_to >= t.valid_from))
        ORDER BY asked.key COLLATE "C"
        LIMIT :limit
    )
    SELECT page.*, target.comparator, target.value AS target, action.title AS action
    FROM page
    LEFT JOIN LATERAL (
        SELECT t.comparator, t.value FROM {books.target} t
        WHERE t.service = page.key AND t.kpi = :kpi AND t.valid_from <= :judged_on
          AND (t.valid_to IS NULL OR t.valid_to >= :judged_on)
        LIMIT 1
    ) AS target ON true
    LEFT JOIN LATERAL (
        SELECT i.title FROM {books.initiative} i
        WHERE i.service = page.key AND i.kpi = :kpi AND i.state <> 'cancelled' AND EXISTS (
            SELECT FROM unnest(CAST(:first_days AS date[]), CAST(:last_days AS date[]))
                   AS p (first, last)
            WHERE i.starts_on <= p.last AND (i.ends_on IS NULL OR i.ends_on >= p.first))
        ORDER BY i.starts_on DESC, i.recorded_at DESC, i.id
        LIMIT 1
    ) AS action ON true
    ORDER BY page.key COLLATE "C\""""
