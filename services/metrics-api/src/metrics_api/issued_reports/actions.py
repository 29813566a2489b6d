"""Issuing a report: made once, stored as bytes."""

import asyncio
from datetime import datetime
from typing import Any
from uuid import uuid4

from metrics_api.indicators.kpis import KPIS
from metrics_api.indicators.periods import Period, parse_periods, parse_zone
from metrics_api.issued_reports import queries
from metrics_api.issued_reports.documents import documents_of
from metrics_api.issued_reports.rules import MOST_ROWS, Document
from metrics_api.issued_reports.schemas import IssuedReportCreate
from metrics_api.issued_reports.tables import IssuedReport
from metrics_api.reports.making import ReportAsked, make_report
from metrics_api.reports.page import PageFacts
from metrics_api.reports.queries import ReportFilter
from shared.errors import Invalid
from shared.kit import audit
from shared.kit.auth import Principal
from shared.kit.clock import now
from shared.kit.database import Engine, Session

RESOURCE = "issued_report"


async def issue(
    session: Session, engine: Engine, body: IssuedReportCreate, caller: Principal
) -> IssuedReport:
    """Freeze a report with all its rows.

    Raises Invalid when it has more rows than are kept, and for what the live report refuses.
    """
    moment = now()
    asked = body.parameters
    periods = parse_periods(asked.periods, parse_zone(asked.timezone), body.as_of or moment)
    rows, documents = await _make(session, engine, body, periods, moment)
    report = {
        "id": uuid4(),
        "kind": body.kind.value,
        "title": body.title,
        "parameters": asked.model_dump(mode="json"),
        "as_of": body.as_of,
        "rows": rows,
        "sha256": documents[0].sha256,
        "issued_at": moment,
        "issued_by": caller.person,
    }
    await queries.insert_report(session, report, documents)
    told = {**report, "id": str(report["id"]), "sha256": documents[0].sha256.hex()}
    await audit.record(session, caller, "issued", (RESOURCE, told["id"]), None, told)
    return await queries.get_report(session, report["id"])


async def _make(
    session: Session,
    engine: Engine,
    body: IssuedReportCreate,
    periods: list[Period],
    moment: datetime,
) -> tuple[int, Any]:
    asked = body.parameters
    wanted = ReportFilter(asked.portfolio, None, MOST_ROWS)
    report = await make_report(
        session, engine, ReportAsked(asked.kpi, periods, asked.timezone, moment, body.as_of), wanted
    )
    if report.next_cursor is not None:
        raise Invalid(
            f"It has more than the {MOST_ROWS:,} rows that are kept: ask for one portfolio",
            code="report_too_large",
            pointer="/parameters/portfolio",
        )
    labels = [period.label for period in periods]
    facts = PageFacts(KPIS[asked.kpi], labels, asked.portfolio, moment)
    documents: list[Document] = list(await asyncio.to_thread(documents_of, report, facts))
    return len(report.rows), documents
