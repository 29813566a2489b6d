"""Issued reports over HTTP."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Request, Response

from metrics_api.issued_reports import actions, queries
from metrics_api.issued_reports.rules import ReportKind, hash_tag
from metrics_api.issued_reports.schemas import (
    IssuedReportCreate,
    IssuedReportOut,
    IssuedReportSummary,
)
from metrics_api.issued_reports.tables import IssuedReport
from shared.kit.auth import Principal, requires
from shared.kit.database import Session
from shared.kit.etag import ETAG_HEADER, tells_etag
from shared.kit.forms import Form
from shared.kit.idempotency import Idempotent
from shared.kit.page_form import NOTHING_FETCHED
from shared.kit.pagination import PageQuery, page_of
from shared.kit.problems import problem_responses
from shared.kit.routing import Router
from shared.schemas.common import Page

router = Router(prefix="/v1/reports/issued", tags=["reports"])

ReportsRead = Annotated[Principal, requires("metrics:read")]
ReportsWrite = Annotated[Principal, requires("reports:write")]
_BYTES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The bytes that were issued",
        "content": {
            "application/json": {"schema": {"type": "object"}},
            "text/csv": {"schema": {"type": "string"}},
            "text/html": {"schema": {"type": "string"}},
        },
        "headers": ETAG_HEADER,
    }
}


@router.post("", status_code=201, operation_id="issue_report", responses=problem_responses(409))
async def issue_report(
    body: IssuedReportCreate,
    request: Request,
    response: Response,
    session: Session,
    caller: ReportsWrite,
    _: Idempotent,
) -> IssuedReportOut:
    """Freeze a report with all its rows, as JSON, CSV and a page; it never changes afterwards."""
    report = await actions.issue(session, request.app.state.engine, body, caller)
    response.headers["Location"] = f"{router.prefix}/{report.id}"
    return await _shown(session, report, response)


@router.get("", operation_id="list_issued_reports", responses=problem_responses(400))
async def list_issued_reports(
    session: Session,
    _: ReportsRead,
    page: PageQuery,
    kind: Annotated[ReportKind | None, Query(description="of this kind only")] = None,
) -> Page[IssuedReportSummary]:
    """Issued reports, newest first."""
    rows = await queries.list_reports(session, kind and kind.value, page)
    found = page_of(rows, page, key=lambda row: (row.issued_at, row.id))
    items = [IssuedReportSummary.model_validate(_facts(row)) for row in found["items"]]
    return Page[IssuedReportSummary](items=items, next_cursor=found["next_cursor"])


@router.get(
    "/{report}",
    operation_id="get_issued_report",
    responses={**tells_etag(), **problem_responses(404)},
)
async def get_issued_report(
    report: UUID, session: Session, _: ReportsRead, response: Response
) -> IssuedReportOut:
    """What was issued, by whom and when, with the hash of each document."""
    return await _shown(session, await queries.get_report(session, report), response)


@router.get(
    "/{report}/document",
    operation_id="get_issued_document",
    response_class=Response,
    responses={**_BYTES, **problem_responses(404)},
)
async def get_issued_document(
    report: UUID,
    session: Session,
    _: ReportsRead,
    form: Annotated[Form, Query(alias="format")] = Form.JSON,
) -> Response:
    """The bytes that were issued, the same for ever."""
    found = await queries.get_document(session, report, form.value)
    kept = {"ETag": hash_tag(found.sha256), "Content-Type": found.media_type}
    return Response(found.body, headers=kept | NOTHING_FETCHED)


async def _shown(session: Session, report: IssuedReport, response: Response) -> IssuedReportOut:
    response.headers["ETag"] = hash_tag(report.sha256)
    documents = await queries.list_documents(session, report.id)
    shown = [{**row._mapping, "sha256": row.sha256.hex()} for row in documents]
    facts = {**_facts(report), "parameters": report.parameters, "documents": shown}
    return IssuedReportOut.model_validate(facts)


def _facts(report: IssuedReport) -> dict[str, Any]:
    names = ("id", "kind", "title", "as_of", "rows", "issued_at", "issued_by")
    return {name: getattr(report, name) for name in names} | {"sha256": report.sha256.hex()}
