"""HTTP of root cause analyses."""

from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Response

from improvement_api.root_causes import actions, analysis_queries, queries
from improvement_api.root_causes.analysis_queries import AnalysisFilter
from improvement_api.root_causes.asking import CheckedAnalysis, CheckedIncident
from improvement_api.root_causes.page import as_page
from improvement_api.root_causes.queries import MissingFilter
from improvement_api.root_causes.rules import MOVES, AnalysisState, missing_for_cause
from improvement_api.root_causes.schemas import (
    AnalysedIncidentOut,
    AnalysisDetail,
    AnalysisMove,
    AnalysisOut,
    AnalysisPatch,
    CausesPut,
    FixCheckOut,
    FixCreate,
    FixOut,
    MissingOut,
    RateOut,
    RootCauseReport,
)
from improvement_api.root_causes.tables import Analysis, Fix
from shared.errors import Invalid
from shared.kit.auth import Principal, requires
from shared.kit.clock import now
from shared.kit.database import Session
from shared.kit.etag import IfMatch, set_etag
from shared.kit.idempotency import Idempotent
from shared.kit.page_form import AsPage, page_reply
from shared.kit.pagination import PageParams, PageQuery, page_of
from shared.kit.problems import problem_responses
from shared.kit.routing import Router
from shared.schemas.common import Key, Page, ShortText, Timestamp

router = Router(prefix="/v1", tags=["root causes"])

PlansRead = Annotated[Principal, requires("plans:read")]
PlansWrite = Annotated[Principal, requires("plans:write")]

_FIRST = PageParams(100, None)
_YEAR = timedelta(days=365)
_PAGE: dict[int | str, dict[str, Any]] = {
    200: {"model": AnalysisDetail, "content": {"text/html": {"schema": {"type": "string"}}}}
}
_COVERAGE = "major incidents whose root cause is found / major incidents, both resolved in the span"
_PERMANENT = "fixes without a recurrence / fixes judged, both with their days passed in the span"


@router.post(
    "/root-cause-analyses",
    status_code=201,
    operation_id="open_root_cause_analysis",
    responses=problem_responses(409, 503),
)
async def open_root_cause_analysis(
    *,
    caller: PlansWrite,
    body: CheckedAnalysis,
    _: Idempotent,
    session: Session,
    response: Response,
) -> AnalysisOut:
    """Begin an analysis of a service's incidents; metrics-api is asked whether they exist."""
    analysis = await actions.open_analysis(session, body, caller)
    response.headers["Location"] = f"/v1/root-cause-analyses/{analysis.id}"
    set_etag(response, analysis.version)
    return _out(analysis)


@router.get(
    "/root-cause-analyses",
    operation_id="list_root_cause_analyses",
    responses=problem_responses(400),
)
async def list_root_cause_analyses(
    *,
    session: Session,
    caller: PlansRead,
    page: PageQuery,
    service: Annotated[Key | None, Query()] = None,
    state: Annotated[AnalysisState | None, Query()] = None,
    owner: Annotated[ShortText | None, Query()] = None,
    source: Annotated[Key | None, Query(description="with external_id: of an incident")] = None,
    external_id: Annotated[ShortText | None, Query(description="with source")] = None,
) -> Page[AnalysisOut]:
    """Analyses, newest first."""
    if (source is None) != (external_id is None):
        raise Invalid(
            "source and external_id name an incident together", pointer="/query/external_id"
        )
    incident = (source, external_id) if source is not None and external_id is not None else None
    wanted = AnalysisFilter(service, state, owner, incident)
    rows = await analysis_queries.list_analyses(session, wanted, page)
    found = page_of(rows, page, key=lambda row: (row.created_at, row.id))
    return Page[AnalysisOut](
        items=[_out(row) for row in found["items"]], next_cursor=found["next_cursor"]
    )


# Before /{analysis_id}: the first route that fits answers.
@router.get(
    "/root-cause-analyses/missing",
    operation_id="list_missing_root_causes",
    responses=problem_responses(400),
)
async def list_missing_root_causes(
    *,
    session: Session,
    caller: PlansRead,
    page: PageQuery,
    service: Annotated[Key | None, Query()] = None,
    overdue: Annotated[bool | None, Query(description="past the due date, or not yet")] = None,
    started: Annotated[
        bool | None, Query(description="there is an analysis, without a cause, or none at all")
    ] = None,
) -> Page[MissingOut]:
    """Major incidents whose root cause is not found, in the order of their (first) due dates."""
    at = now()
    wanted = MissingFilter(service, overdue, started)
    rows = await queries.list_missing(session, wanted, at, page)
    found = page_of(rows, page, key=lambda row: (row[0].due_at, row[0].source, row[0].external_id))
    return Page[MissingOut](
        items=[_missing(row, at) for row in found["items"]], next_cursor=found["next_cursor"]
    )


@router.get(
    "/root-cause-analyses/{analysis_id}",
    operation_id="get_root_cause_analysis",
    response_model=AnalysisDetail,
    responses={**_PAGE, **problem_responses(404)},
)
async def get_root_cause_analysis(
    *,
    analysis_id: UUID,
    caller: PlansRead,
    session: Session,
    response: Response,
    wants_page: AsPage,
) -> Any:
    """One analysis with its last fix, as JSON or as a page with the causes as a tree."""
    analysis = await analysis_queries.get_analysis(session, analysis_id)
    fix = await analysis_queries.last_fix(session, analysis_id)
    detail = AnalysisDetail.model_validate(
        {**_out(analysis).model_dump(), "fix": None if fix is None else _fix(fix)}
    )
    if not wants_page:
        set_etag(response, analysis.version)
        return detail
    incidents = await analysis_queries.list_incidents(session, analysis_id, _FIRST)
    checks = [] if fix is None else await analysis_queries.list_checks(session, fix.id, _FIRST)
    body = as_page(
        detail,
        [AnalysedIncidentOut.model_validate(one) for one in incidents[: _FIRST.limit]],
        [FixCheckOut.model_validate(one) for one in checks[: _FIRST.limit]],
    )
    return page_reply(body)


@router.patch(
    "/root-cause-analyses/{analysis_id}",
    operation_id="change_root_cause_analysis",
    responses=problem_responses(404, 409, 412, 428),
)
async def change_root_cause_analysis(
    *,
    analysis_id: UUID,
    body: AnalysisPatch,
    caller: PlansWrite,
    version: IfMatch,
    session: Session,
    response: Response,
) -> AnalysisOut:
    """Change title or owner, until it is closed."""
    analysis = await actions.change_analysis(session, analysis_id, body, version, caller)
    set_etag(response, analysis.version)
    return _out(analysis)


@router.put(
    "/root-cause-analyses/{analysis_id}/causes",
    operation_id="write_causes",
    responses=problem_responses(404, 409, 412, 428),
)
async def write_causes(
    *,
    analysis_id: UUID,
    body: CausesPut,
    caller: PlansWrite,
    version: IfMatch,
    session: Session,
    response: Response,
) -> AnalysisOut:
    """Set the problem and all its causes: one tree without circles, at most 200 statements."""
    analysis = await actions.write_causes(session, analysis_id, body, version, caller)
    set_etag(response, analysis.version)
    return _out(analysis)


@router.post(
    "/root-cause-analyses/{analysis_id}/transitions",
    status_code=201,
    operation_id="move_root_cause_analysis",
    responses=problem_responses(404, 409),
)
async def move_root_cause_analysis(
    analysis_id: UUID,
    body: AnalysisMove,
    caller: PlansWrite,
    _: Idempotent,
    session: Session,
    response: Response,
) -> AnalysisOut:
    """Call the cause found, or close what is verified.

    Found needs a marked root cause and evidence for every cause; five whys are one chain of three
    to seven. Nobody verifies: the query for recurrences does, and also opens it again.
    """
    analysis = await actions.move_analysis(session, analysis_id, body, caller)
    set_etag(response, analysis.version)
    return _out(analysis)


@router.get(
    "/root-cause-analyses/{analysis_id}/incidents",
    operation_id="list_analysed_incidents",
    responses=problem_responses(400, 404),
)
async def list_analysed_incidents(
    analysis_id: UUID, caller: PlansRead, session: Session, page: PageQuery
) -> Page[AnalysedIncidentOut]:
    """The incidents that an analysis is about, those that recurred included."""
    await analysis_queries.get_analysis(session, analysis_id)
    rows = await analysis_queries.list_incidents(session, analysis_id, page)
    found = page_of(rows, page, key=lambda row: (row.source, row.external_id))
    return Page[AnalysedIncidentOut].model_validate(found)


@router.put(
    "/root-cause-analyses/{analysis_id}/incidents/{source}/{external_id}",
    status_code=204,
    operation_id="link_analysed_incident",
    responses=problem_responses(404, 503),
)
async def link_analysed_incident(
    analysis_id: UUID, caller: PlansWrite, incident: CheckedIncident, session: Session
) -> None:
    """The analysis is about this incident, too; doing it again changes nothing."""
    await actions.link_incident(session, analysis_id, incident, caller)


@router.delete(
    "/root-cause-analyses/{analysis_id}/incidents/{source}/{external_id}",
    status_code=204,
    operation_id="unlink_analysed_incident",
    responses=problem_responses(404),
)
async def unlink_analysed_incident(
    analysis_id: UUID, source: Key, external_id: ShortText, caller: PlansWrite, session: Session
) -> None:
    """The analysis is not about this incident, after all."""
    await actions.unlink_incident(session, analysis_id, source, external_id, caller)


@router.post(
    "/root-cause-analyses/{analysis_id}/fixes",
    status_code=201,
    operation_id="put_in_fix",
    responses=problem_responses(404, 409),
)
async def put_in_fix(
    analysis_id: UUID, body: FixCreate, caller: PlansWrite, _: Idempotent, session: Session
) -> FixOut:
    """Say what was implemented and how a recurrence is known; the query watches from then on."""
    return _fix(await actions.put_in_fix(session, analysis_id, body, caller))


@router.get(
    "/root-cause-analyses/{analysis_id}/fixes",
    operation_id="list_fixes",
    responses=problem_responses(400, 404),
)
async def list_fixes(
    analysis_id: UUID, caller: PlansRead, session: Session, page: PageQuery
) -> Page[FixOut]:
    """All fixes, the last first: those before it did not hold."""
    await analysis_queries.get_analysis(session, analysis_id)
    rows = await analysis_queries.list_fixes(session, analysis_id, page)
    found = page_of(rows, page, key=lambda row: (row.number,))
    return Page[FixOut](
        items=[_fix(row) for row in found["items"]], next_cursor=found["next_cursor"]
    )


@router.get(
    "/root-cause-analyses/{analysis_id}/fixes/{fix_id}/checks",
    operation_id="list_fix_checks",
    responses=problem_responses(400, 404),
)
async def list_fix_checks(
    analysis_id: UUID, fix_id: UUID, caller: PlansRead, session: Session, page: PageQuery
) -> Page[FixCheckOut]:
    """Every question whether it happened again, with its answer, the last first."""
    await analysis_queries.get_fix(session, analysis_id, fix_id)
    rows = await analysis_queries.list_checks(session, fix_id, page)
    return Page[FixCheckOut].model_validate(page_of(rows, page, key=lambda row: (row.id,)))


@router.get(
    "/reports/root-causes",
    operation_id="get_root_cause_report",
    responses=problem_responses(422),
)
async def get_root_cause_report(
    *,
    session: Session,
    caller: PlansRead,
    service: Annotated[Key | None, Query()] = None,
    since: Annotated[Timestamp | None, Query(description="default: 365 days before until")] = None,
    until: Annotated[Timestamp | None, Query(description="not included; default: now")] = None,
) -> RootCauseReport:
    """Coverage of major incidents and rate of fixes that held, each with formula and n."""
    end = until or now()
    start = since or end - _YEAR
    if start > end:
        raise Invalid("since must not be after until", pointer="/query/since")
    coverage = await queries.rca_coverage(session, start, end, service)
    permanent = await queries.permanent_fix_rate(session, start, end, service)
    return RootCauseReport(
        since=start,
        until=end,
        service=service,
        rca_coverage=_rate(coverage, _COVERAGE, "no major incident was resolved in the span"),
        permanent_fix_rate=_rate(permanent, _PERMANENT, "no fix was judged in the span"),
        read_at=await queries.last_reading(session),
    )


def _rate(parts: tuple[int, int], formula: str, without: str) -> RateOut:
    part, whole = parts
    return RateOut(
        value=part / whole if whole else None,
        numerator=part,
        denominator=whole,
        formula=formula,
        small_sample=whole < 5,
        reason=None if whole else without,
    )


def _out(analysis: Analysis) -> AnalysisOut:
    missing = missing_for_cause(analysis.method, actions.causes_of(analysis))
    return AnalysisOut.model_validate(
        {
            **vars(analysis),
            "id": str(analysis.id),
            "moves": list(MOVES[analysis.state]),
            "missing": missing,
        }
    )


def _fix(fix: Fix) -> FixOut:
    return FixOut.model_validate({**vars(fix), "id": str(fix.id)})


def _missing(row: Any, at: datetime) -> MissingOut:
    incident, due, analysis = row
    shown = {"due_at": due, "overdue": due < at, "analysis": str(analysis) if analysis else None}
    return MissingOut.model_validate({**vars(incident), **shown})
