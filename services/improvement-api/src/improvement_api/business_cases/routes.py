"""Business cases over HTTP."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Path, Query, Request, Response
from fastapi.concurrency import run_in_threadpool

from improvement_api.business_cases.actions import (
    WrittenCase,
    book_actual,
    change_case,
    create_case,
    decide_case,
    move_case,
    text_of,
)
from improvement_api.business_cases.analysis import analyse
from improvement_api.business_cases.costs import SNAPSHOTS, snapshot_of, yearly_costs
from improvement_api.business_cases.page import as_page
from improvement_api.business_cases.queries import (
    booked_sums,
    decisions_of,
    get_case,
    list_actuals,
    list_cases,
)
from improvement_api.business_cases.realisation import realise
from improvement_api.business_cases.rules import CaseState, check_present
from improvement_api.business_cases.schemas import (
    ActualCreate,
    ActualOut,
    BusinessCaseOut,
    CaseDecisionCreate,
    CaseDecisionOut,
    CaseMove,
    RealisationOut,
    ResultsOut,
)
from improvement_api.business_cases.shown import realisation_of, results_of
from improvement_api.business_cases.tables import Actual, BusinessCase, BusinessCaseDecision
from improvement_api.business_cases.texts import BusinessCaseText, check_text
from improvement_api.plans.queries import get_plan
from improvement_api.providers import Remotes, ask_for_costs
from shared.kit.auth import Principal, requires
from shared.kit.clock import now
from shared.kit.database import Session
from shared.kit.etag import IfMatch, set_etag
from shared.kit.idempotency import Idempotent
from shared.kit.page_form import AsPage, page_reply
from shared.kit.pagination import PageQuery, page_of
from shared.kit.problems import problem_responses
from shared.kit.routing import Router
from shared.schemas.common import Key, Page

router = Router(prefix="/v1/plans/{plan_id}", tags=["business cases"])

PlansRead = Annotated[Principal, requires("plans:read")]
PlansWrite = Annotated[Principal, requires("plans:write")]
ApprovalsWrite = Annotated[Principal, requires("approvals:write")]
Version = Annotated[int, Path(ge=1, lt=2**31)]
_PAGE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The figures, as JSON or a page that needs nothing but itself",
        "content": {"text/html": {"schema": {"type": "string"}}},
    }
}


# After the caller, and before Idempotent, which is the first to speak to the database.
async def _written(body: BusinessCaseText, remotes: Remotes) -> WrittenCase:
    check_text(body)
    trends = await ask_for_costs(remotes, body.services, body.currency, "/services")
    at = now()
    return WrittenCase(body, [snapshot_of(trend, body.currency, at) for trend in trends])


Written = Annotated[WrittenCase, Depends(_written)]


@router.post(
    "/business-cases",
    status_code=201,
    operation_id="create_business_case",
    responses=problem_responses(404, 409),
)
async def create(
    plan_id: UUID,
    caller: PlansWrite,
    written: Written,
    session: Session,
    response: Response,
    _: Idempotent,
) -> BusinessCaseOut:
    """Write a version of a plan's business case, as a draft; 409 while another is not approved.

    What its services cost now is asked of the catalog and kept with it.
    """
    case = await create_case(session, plan_id, written, caller)
    response.headers["Location"] = f"/v1/plans/{plan_id}/business-cases/{case.version}"
    return _out(case, [], response)


@router.get("/business-cases", operation_id="list_business_cases", responses=problem_responses(404))
async def list_of_plan(
    plan_id: UUID,
    caller: PlansRead,
    session: Session,
    page: PageQuery,
    state: Annotated[CaseState | None, Query(description="in this state only")] = None,
) -> Page[BusinessCaseOut]:
    """Versions, newest first; the newest approved one is in force."""
    await get_plan(session, plan_id)
    rows = await list_cases(session, plan_id, state, page)
    shown = page_of(rows, page, key=lambda row: (row.version,))
    decisions = await decisions_of(session, [row.id for row in shown["items"]])
    items = [_out(row, decisions[row.id]) for row in shown["items"]]
    return Page[BusinessCaseOut](items=items, next_cursor=shown["next_cursor"])


@router.get(
    "/business-cases/{version}",
    operation_id="get_business_case",
    responses=problem_responses(404),
)
async def get_one(
    plan_id: UUID, version: Version, caller: PlansRead, session: Session, response: Response
) -> BusinessCaseOut:
    """One version with the decisions on it."""
    return await _shown(session, await get_case(session, plan_id, version), response)


@router.put(
    "/business-cases/{version}",
    operation_id="change_business_case",
    responses=problem_responses(404, 409, 412, 428),
)
async def change(
    plan_id: UUID,
    version: Version,
    caller: PlansWrite,
    expected: IfMatch,
    written: Written,
    session: Session,
    response: Response,
) -> BusinessCaseOut:
    """Replace the text of a draft; the costs of its services are asked for anew."""
    case = await change_case(session, (plan_id, version), written, expected, caller)
    return await _shown(session, case, response)


@router.post(
    "/business-cases/{version}/transitions",
    status_code=201,
    operation_id="move_business_case",
    responses=problem_responses(404, 409),
)
async def move(
    plan_id: UUID,
    version: Version,
    body: CaseMove,
    caller: PlansWrite,
    session: Session,
    response: Response,
    _: Idempotent,
) -> BusinessCaseOut:
    """Submit a draft, which pins its text, or take a rejected version up again as a draft."""
    case = await move_case(session, (plan_id, version), body, caller)
    return await _shown(session, case, response)


@router.post(
    "/business-cases/{version}/decisions",
    status_code=201,
    operation_id="decide_business_case",
    responses=problem_responses(404, 409),
)
async def decide(
    plan_id: UUID,
    version: Version,
    body: CaseDecisionCreate,
    request: Request,
    caller: ApprovalsWrite,
    session: Session,
    response: Response,
    _: Idempotent,
) -> BusinessCaseOut:
    """Approve or reject a submitted version, in person, by the hash of the text that was read.

    403 without the role that decides on business cases (by default portfolio_manager), and for
    whoever wrote or submitted the version.
    """
    role = request.app.state.settings.business_case_approver_role
    case = await decide_case(session, (plan_id, version), body, role, caller)
    return await _shown(session, case, response)


@router.get(
    "/business-cases/{version}/results",
    operation_id="get_business_case_results",
    response_model=ResultsOut,
    responses={**_PAGE, **problem_responses(404)},
)
async def get_results(
    *,
    plan_id: UUID,
    version: Version,
    caller: PlansRead,
    session: Session,
    wants_page: AsPage,
) -> Any:
    """NPV, IRR, ROI, payback, TCO, cash flow and sensitivity, as JSON or as a page with charts.

    Computed now, exactly, from the text of the version; a figure that is not defined says why.
    """
    plan = await get_plan(session, plan_id)
    case = await get_case(session, plan_id, version)
    results = await run_in_threadpool(_results, case)
    if not wants_page:
        return results
    body = await run_in_threadpool(as_page, results, text_of(case), plan.title)
    return page_reply(body)


@router.get(
    "/business-cases/{version}/realisation",
    operation_id="get_business_case_realisation",
    responses=problem_responses(404, 409),
)
async def get_realisation(
    plan_id: UUID, version: Version, caller: PlansRead, session: Session
) -> RealisationOut:
    """What was booked beside what an approved version planned, and its NPV with what was booked."""
    case = await get_case(session, plan_id, version)
    check_present(case.state is CaseState.APPROVED, "Comparing with what was booked")
    booked = await booked_sums(session, plan_id)
    text = text_of(case)
    found = await run_in_threadpool(realise, text, booked, now().date())
    return realisation_of(case, text, found)


@router.post(
    "/actuals",
    status_code=201,
    operation_id="create_actual",
    responses=problem_responses(404, 409),
)
async def create_actual(
    plan_id: UUID, body: ActualCreate, caller: PlansWrite, session: Session, _: Idempotent
) -> ActualOut:
    """Book what a line of the approved business case really cost or brought in a period."""
    return _actual_out(await book_actual(session, plan_id, body, caller))


@router.get("/actuals", operation_id="list_actuals", responses=problem_responses(404))
async def list_booked(
    plan_id: UUID,
    caller: PlansRead,
    session: Session,
    page: PageQuery,
    line: Annotated[Key | None, Query(description="of this line only")] = None,
) -> Page[ActualOut]:
    """What was booked, by period; nothing is ever changed, mistakes are booked back."""
    await get_plan(session, plan_id)
    rows = await list_actuals(session, plan_id, line, page)
    shown = page_of(rows, page, key=lambda row: (row.starts_on, row.id))
    items = [_actual_out(row) for row in shown["items"]]
    return Page[ActualOut](items=items, next_cursor=shown["next_cursor"])


def _results(case: BusinessCase) -> ResultsOut:
    text = text_of(case)
    costs = yearly_costs(SNAPSHOTS.validate_python(case.costs))
    return results_of(case, text, analyse(text, costs))


async def _shown(session: Session, case: BusinessCase, response: Response) -> BusinessCaseOut:
    decisions = await decisions_of(session, [case.id])
    return _out(case, decisions[case.id], response)


def _out(
    case: BusinessCase, decisions: list[BusinessCaseDecision], response: Response | None = None
) -> BusinessCaseOut:
    if response is not None:
        set_etag(response, case.revision)
    return BusinessCaseOut(
        id=str(case.id),
        plan=str(case.plan_id),
        version=case.version,
        state=case.state,
        text=text_of(case),
        costs=SNAPSHOTS.validate_python(case.costs),
        text_hash=case.text_hash,
        authors=case.authors,
        decisions=[CaseDecisionOut.model_validate(one) for one in decisions],
        created_at=case.created_at,
        created_by=case.created_by,
        updated_at=case.updated_at,
    )


def _actual_out(row: Actual) -> ActualOut:
    return ActualOut(
        id=str(row.id),
        plan=str(row.plan_id),
        line=row.line,
        at_start=row.at_start,
        starts_on=row.starts_on,
        amount=row.amount,
        currency=row.currency,
        source=row.source,
        evidence=row.evidence,
        recorded_at=row.recorded_at,
        recorded_by=row.recorded_by,
    )
