"""Issuing a report: made once, stored as bytes."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any, Final
from uuid import uuid4

from metrics_api.indicators.kpis import KPIS
from metrics_api.indicators.periods import parse_period, parse_periods, parse_zone
from metrics_api.issued_reports import queries
from metrics_api.issued_reports.documents import Draft, documents_of
from metrics_api.issued_reports.rules import MOST_ROWS
from metrics_api.issued_reports.schemas import (
    IssuedReportCreate,
    PerformanceIssue,
    QualityAndCostIssue,
)
from metrics_api.issued_reports.tables import IssuedReport
from metrics_api.quality_reports import actions as quality_reports
from metrics_api.quality_reports import csv_table as quality_csv
from metrics_api.quality_reports import page as quality_page
from metrics_api.quality_reports.queries import ServiceFilter
from metrics_api.reports import csv_table, page
from metrics_api.reports.making import ReportAsked, make_report
from metrics_api.reports.queries import ReportFilter
from shared.errors import FieldError, Invalid
from shared.kit import audit
from shared.kit.auth import Principal
from shared.kit.clock import now
from shared.kit.database import Engine, Session
from shared.kit.pagination import PageParams

RESOURCE = "issued_report"
_QUERY: Final = "/query"


async def issue(
    session: Session, engine: Engine, wanted: IssuedReportCreate, caller: Principal
) -> IssuedReport:
    """Freeze a report with all its rows.

    Raises Invalid when it has more rows than are kept, and for what the live report refuses.
    """
    moment, body = now(), wanted.root
    with _pointing_into_the_body():
        if isinstance(body, PerformanceIssue):
            draft = await _performance(session, engine, body, moment)
        else:
            draft = await _quality_and_cost(session, engine, body, moment)
    documents: Sequence[Any] = await asyncio.to_thread(documents_of, draft)
    report = {
        "id": uuid4(),
        "kind": body.kind.value,
        "title": body.title,
        "parameters": body.parameters.model_dump(mode="json"),
        "as_of": body.as_of,
        "rows": draft.rows,
        "sha256": documents[0].sha256,
        "issued_at": moment,
        "issued_by": caller.person,
    }
    await queries.insert_report(session, report, documents)
    told = {**report, "id": str(report["id"]), "sha256": documents[0].sha256.hex()}
    await audit.record(session, caller, "issued", (RESOURCE, told["id"]), None, told)
    return await queries.get_report(session, report["id"])


async def _performance(
    session: Session, engine: Engine, body: PerformanceIssue, moment: datetime
) -> Draft:
    asked = body.parameters
    periods = parse_periods(asked.periods, parse_zone(asked.timezone), body.as_of or moment)
    wanted = ReportFilter(asked.portfolio, None, MOST_ROWS)
    report = await make_report(
        session, engine, ReportAsked(asked.kpi, periods, asked.timezone, moment, body.as_of), wanted
    )
    _check_that_none_is_left(report.next_cursor)
    labels = [period.label for period in periods]
    facts = page.PageFacts(KPIS[asked.kpi], labels, asked.portfolio, moment)
    return Draft(
        len(report.rows),
        report.model_dump_json(),
        partial(csv_table.as_csv, report, labels),
        partial(page.as_page, report, facts),
    )


async def _quality_and_cost(
    session: Session, engine: Engine, body: QualityAndCostIssue, moment: datetime
) -> Draft:
    asked = body.parameters
    period = parse_period(
        asked.period, parse_zone(asked.timezone), body.as_of or moment, "/parameters/period"
    )
    kpis = list(dict.fromkeys(asked.kpis))
    report = await quality_reports.quality_and_cost(
        session,
        engine,
        quality_reports.Asked(kpis, period, asked.timezone, moment, body.as_of),
        ServiceFilter(asked.portfolio),
        PageParams(limit=MOST_ROWS, after=None),
    )
    _check_that_none_is_left(report.next_cursor)
    facts = quality_page.PageFacts(asked.portfolio, moment)
    return Draft(
        len(report.rows),
        report.model_dump_json(),
        partial(quality_csv.as_csv, report),
        partial(quality_page.as_page, report, facts),
    )


def _check_that_none_is_left(next_cursor: str | None) -> None:
    if next_cursor is not None:
        raise Invalid(
            f"It has more than the {MOST_ROWS:,} rows that are kept: ask for one portfolio",
            code="report_too_large",
            pointer="/parameters/portfolio",
        )


@contextmanager
def _pointing_into_the_body() -> Iterator[None]:
    """What the live reports refuse in a query is refused in a field of the body here."""
    try:
        yield
    except Invalid as refused:
        refused.errors = [_in_body(field) for field in refused.errors]
        raise


def _in_body(field: FieldError) -> FieldError:
    if not field.pointer.startswith(f"{_QUERY}/"):
        return field
    name = field.pointer.removeprefix(_QUERY)
    return replace(field, pointer=name if name == "/as_of" else f"/parameters{name}")
