"""Capability assessments over HTTP."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Query, Response
from fastapi.concurrency import run_in_threadpool

from improvement_api.capabilities.actions import (
    change_assessment,
    create_assessment,
    decide_assessment,
    open_remedial_plan,
    ratings_of,
    scope_of,
    submit_assessment,
)
from improvement_api.capabilities.levels import LEVELS, STANDARD
from improvement_api.capabilities.page import as_page
from improvement_api.capabilities.queries import (
    AssessmentFilter,
    decisions_of,
    get_assessment,
    list_assessments,
)
from improvement_api.capabilities.rules import (
    AssessmentState,
    Scope,
    changes_between,
    check_comparable,
    gaps_of,
)
from improvement_api.capabilities.schemas import (
    AssessmentDecisionCreate,
    AssessmentDecisionOut,
    AssessmentMove,
    AssessmentOut,
    AssessmentText,
    ComparisonOut,
    GapsOut,
    LevelOut,
    LevelsOut,
    ProcessChange,
    RemedialPlanCreate,
    RemedialPlanOut,
    gap_out,
)
from improvement_api.capabilities.tables import CapabilityAssessment, CapabilityDecision
from improvement_api.providers import Remotes, check_portfolio, check_service
from shared.kit.auth import Principal, requires
from shared.kit.database import Session
from shared.kit.etag import IfMatch, set_etag
from shared.kit.idempotency import Idempotent
from shared.kit.page_form import AsPage, page_reply
from shared.kit.pagination import PageQuery, page_of
from shared.kit.problems import problem_responses
from shared.kit.routing import Router
from shared.schemas.common import Key, Page

router = Router(prefix="/v1", tags=["capabilities"])

PlansRead = Annotated[Principal, requires("plans:read")]
AssessmentsWrite = Annotated[Principal, requires("assessments:write")]
ApprovalsWrite = Annotated[Principal, requires("approvals:write")]
PlansWrite = Annotated[Principal, requires("plans:write")]
_ONE = "/capability-assessments/{assessment_id}"
_PAGE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The assessment, as JSON or a page that needs nothing but itself",
        "content": {"text/html": {"schema": {"type": "string"}}},
    }
}


# After the caller, and before Idempotent, which is the first to speak to the database.
async def _checked(body: AssessmentText, remotes: Remotes) -> AssessmentText:
    if body.scope is Scope.SERVICE and body.scope_key is not None:
        await check_service(remotes, body.scope_key, "/scope_key")
    if body.scope is Scope.PORTFOLIO and body.scope_key is not None:
        await check_portfolio(remotes, body.scope_key, "/scope_key")
    return body


Checked = Annotated[AssessmentText, Depends(_checked)]


@router.get("/capability-levels", operation_id="get_capability_levels")
async def get_levels(caller: PlansRead) -> LevelsOut:
    """The six levels, what each means, and what evidence shows it."""
    levels = [LevelOut.model_validate(one) for one in LEVELS]
    return LevelsOut(standard=STANDARD, levels=levels)


@router.post(
    "/capability-assessments",
    status_code=201,
    operation_id="create_capability_assessment",
    responses=problem_responses(409),
)
async def create(
    caller: AssessmentsWrite, body: Checked, session: Session, response: Response, _: Idempotent
) -> AssessmentOut:
    """Record an assessment, as a draft; a level without evidence for it and each below is 422."""
    assessment = await create_assessment(session, body, caller)
    response.headers["Location"] = f"/v1/capability-assessments/{assessment.id}"
    return _out(assessment, [], response)


@router.get("/capability-assessments", operation_id="list_capability_assessments")
async def list_all(
    caller: PlansRead,
    session: Session,
    page: PageQuery,
    scope: Annotated[Scope | None, Query(description="of this kind only")] = None,
    scope_key: Annotated[Key | None, Query(description="of this portfolio or service")] = None,
    state: Annotated[AssessmentState | None, Query(description="in this state only")] = None,
) -> Page[AssessmentOut]:
    """Assessments, the latest first."""
    rows = await list_assessments(session, AssessmentFilter(scope, scope_key, state), page)
    shown = page_of(rows, page, key=lambda row: (row.assessed_on, row.id))
    decisions = await decisions_of(session, [row.id for row in shown["items"]])
    items = [_out(row, decisions[row.id]) for row in shown["items"]]
    return Page[AssessmentOut](items=items, next_cursor=shown["next_cursor"])


@router.get(
    _ONE,
    operation_id="get_capability_assessment",
    response_model=AssessmentOut,
    responses={**_PAGE, **problem_responses(404)},
)
async def get_one(
    *,
    assessment_id: UUID,
    caller: PlansRead,
    session: Session,
    response: Response,
    wants_page: AsPage,
) -> Any:
    """One assessment, as JSON or as a page with a radar of levels and targets."""
    assessment = await _shown(session, await get_assessment(session, assessment_id), response)
    if not wants_page:
        return assessment
    body = await run_in_threadpool(as_page, assessment)
    return page_reply(body)


@router.put(
    _ONE,
    operation_id="change_capability_assessment",
    responses=problem_responses(404, 409, 412, 428),
)
async def change(
    assessment_id: UUID,
    caller: AssessmentsWrite,
    expected: IfMatch,
    body: Checked,
    session: Session,
    response: Response,
) -> AssessmentOut:
    """Replace what a draft says."""
    assessment = await change_assessment(session, assessment_id, body, expected, caller)
    return await _shown(session, assessment, response)


@router.post(
    f"{_ONE}/transitions",
    status_code=201,
    operation_id="submit_capability_assessment",
    responses=problem_responses(404, 409),
)
async def submit(
    assessment_id: UUID,
    body: AssessmentMove,
    caller: AssessmentsWrite,
    session: Session,
    response: Response,
    _: Idempotent,
) -> AssessmentOut:
    """Submit a draft, which pins what it says until it is decided on."""
    assessment = await submit_assessment(session, assessment_id, body, caller)
    return await _shown(session, assessment, response)


@router.post(
    f"{_ONE}/decisions",
    status_code=201,
    operation_id="decide_capability_assessment",
    responses=problem_responses(404, 409),
)
async def decide(
    assessment_id: UUID,
    body: AssessmentDecisionCreate,
    caller: ApprovalsWrite,
    session: Session,
    response: Response,
    _: Idempotent,
) -> AssessmentOut:
    """Approve a submitted assessment for good, or return it to be changed, in person.

    By the hash of what was read; 403 for its assessors and for anyone acting for somebody else.
    """
    assessment = await decide_assessment(session, assessment_id, body, caller)
    return await _shown(session, assessment, response)


@router.get(f"{_ONE}/gaps", operation_id="get_capability_gaps", responses=problem_responses(404))
async def get_gaps(assessment_id: UUID, caller: PlansRead, session: Session) -> GapsOut:
    """The rated processes that are below their target, the widest gap first."""
    assessment = await get_assessment(session, assessment_id)
    ratings = ratings_of(assessment)
    return GapsOut(
        assessment=str(assessment.id),
        state=assessment.state,
        lowest_level=min((one.level for one in ratings), default=None),
        gaps=[gap_out(one) for one in gaps_of(ratings)],
    )


@router.get(
    f"{_ONE}/comparison",
    operation_id="compare_capability_assessments",
    responses=problem_responses(404),
)
async def compare(
    assessment_id: UUID,
    caller: PlansRead,
    session: Session,
    earlier: Annotated[UUID, Query(alias="with", description="an assessment of the same scope")],
) -> ComparisonOut:
    """What changed from another assessment of the same scope to this one, process by process."""
    after = await get_assessment(session, assessment_id)
    before = await get_assessment(session, earlier)
    check_comparable(scope_of(after), scope_of(before))
    changes = changes_between(ratings_of(before), ratings_of(after))
    return ComparisonOut(
        before=str(before.id),
        after=str(after.id),
        changes=[ProcessChange.model_validate(one) for one in changes],
    )


@router.post(
    f"{_ONE}/remedial-plan",
    status_code=201,
    operation_id="open_remedial_plan",
    responses=problem_responses(404, 409),
)
async def open_for_gaps(
    assessment_id: UUID,
    body: RemedialPlanCreate,
    caller: PlansWrite,
    session: Session,
    response: Response,
) -> RemedialPlanOut:
    """Open the improvement plan that closes the gaps of an approved assessment.

    An assessment opens one plan: whoever asks again is given the same.
    """
    plan, gaps = await open_remedial_plan(session, assessment_id, body, caller)
    response.headers["Location"] = f"/v1/plans/{plan.id}"
    return RemedialPlanOut(
        assessment=str(assessment_id), plan=str(plan.id), gaps=[gap_out(one) for one in gaps]
    )


async def _shown(
    session: Session, assessment: CapabilityAssessment, response: Response
) -> AssessmentOut:
    decisions = await decisions_of(session, [assessment.id])
    return _out(assessment, decisions[assessment.id], response)


def _out(
    row: CapabilityAssessment,
    decisions: list[CapabilityDecision],
    response: Response | None = None,
) -> AssessmentOut:
    if response is not None:
        set_etag(response, row.revision)
    told = [AssessmentDecisionOut.model_validate(one) for one in decisions]
    fields = {name: getattr(row, name, None) for name in AssessmentOut.model_fields}
    return AssessmentOut.model_validate(fields | {"id": str(row.id), "decisions": told})
