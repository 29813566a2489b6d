"""Plans and initiatives over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Response

from improvement_api.goals.queries import list_goals
from improvement_api.goals.schemas import GoalOut
from improvement_api.goals.shapes import goal_out
from improvement_api.opportunities.queries import get_opportunity
from improvement_api.opportunities.shapes import opportunity_out
from improvement_api.plans.actions import (
    add_initiative,
    change_initiative,
    change_plan,
    create_plan,
    move_plan,
)
from improvement_api.plans.queries import (
    PlanFilter,
    get_initiative,
    get_plan,
    list_initiatives,
    list_plans,
)
from improvement_api.plans.rules import PlanState, moves_from
from improvement_api.plans.schemas import (
    InitiativeCreate,
    InitiativeOut,
    InitiativePatch,
    PlanCreate,
    PlanDocument,
    PlanMove,
    PlanOut,
    PlanPatch,
)
from improvement_api.plans.tables import Initiative, Plan
from improvement_api.providers import Remotes, check_service
from improvement_api.references import check_objective
from shared.kit.auth import Principal, requires
from shared.kit.database import Session
from shared.kit.etag import IfMatch, set_etag, tells_etag
from shared.kit.idempotency import Idempotent
from shared.kit.pagination import PageParams, PageQuery, page_of
from shared.kit.problems import problem_responses
from shared.kit.routing import Router
from shared.schemas.common import Key, Page, ShortText
from shared.schemas.metrics import KpiId

router = Router(prefix="/v1", tags=["plans"])

PlansRead = Annotated[Principal, requires("plans:read")]
PlansWrite = Annotated[Principal, requires("plans:write")]
FIRST_PAGE = PageParams(limit=100, after=None)


# Bodies whose keys the catalog knows: after the caller, and before Idempotent, which is the first
# to speak to the database.
async def _checked_plan(body: PlanCreate, remotes: Remotes) -> PlanCreate:
    await check_objective(remotes, body.objective, "/objective")
    return body


async def _checked_patch(body: PlanPatch, remotes: Remotes) -> PlanPatch:
    await check_objective(remotes, body.objective, "/objective")
    return body


async def _checked_initiative(body: InitiativeCreate, remotes: Remotes) -> InitiativeCreate:
    await check_service(remotes, body.service, "/service")
    return body


CheckedPlan = Annotated[PlanCreate, Depends(_checked_plan)]
CheckedPatch = Annotated[PlanPatch, Depends(_checked_patch)]
CheckedInitiative = Annotated[InitiativeCreate, Depends(_checked_initiative)]


@router.post(
    "/plans", status_code=201, operation_id="create_plan", responses=problem_responses(409)
)
async def create(
    caller: PlansWrite,
    body: CheckedPlan,
    session: Session,
    response: Response,
    _: Idempotent,
) -> PlanOut:
    """Start an improvement plan, as a draft."""
    plan = await create_plan(session, body, caller)
    response.headers["Location"] = f"/v1/plans/{plan.id}"
    return _plan_out(plan, response)


@router.get("/plans", operation_id="list_plans")
async def list_all(
    caller: PlansRead,
    session: Session,
    page: PageQuery,
    state: Annotated[PlanState | None, Query(description="in this state only")] = None,
    service: Annotated[Key | None, Query(description="with an initiative for this one")] = None,
    owner: Annotated[ShortText | None, Query(description="owned by this subject")] = None,
) -> Page[PlanOut]:
    """Plans, newest first."""
    rows = await list_plans(session, PlanFilter(state, service, owner), page)
    shown = page_of(rows, page, key=lambda row: (row.created_at, row.id))
    items = [_plan_out(row) for row in shown["items"]]
    return Page[PlanOut](items=items, next_cursor=shown["next_cursor"])


@router.get("/plans/{plan_id}", operation_id="get_plan", responses=problem_responses(404))
async def get_one(
    plan_id: UUID, caller: PlansRead, session: Session, response: Response
) -> PlanOut:
    """One plan, with the states it can be moved to."""
    return _plan_out(await get_plan(session, plan_id), response)


@router.get(
    "/plans/{plan_id}/document",
    operation_id="get_plan_document",
    responses={**tells_etag(), **problem_responses(404)},
)
async def get_document(
    plan_id: UUID, caller: PlansRead, session: Session, response: Response
) -> PlanDocument:
    """A plan in one document: its opportunity and cause with the figures, goals, initiatives."""
    plan = await get_plan(session, plan_id)
    opportunity = None
    if plan.opportunity_id is not None:
        found = await get_opportunity(session, plan.opportunity_id)
        opportunity = opportunity_out(found, plan.id)
    goals = page_of(
        await list_goals(session, plan_id, FIRST_PAGE),
        FIRST_PAGE,
        key=lambda row: (row.created_at, row.id),
    )
    return PlanDocument(
        plan=_plan_out(plan, response),
        opportunity=opportunity,
        goals=Page[GoalOut](
            items=[goal_out(goal) for goal in goals["items"]], next_cursor=goals["next_cursor"]
        ),
        initiatives=await _initiatives(session, plan_id, FIRST_PAGE),
    )


@router.patch(
    "/plans/{plan_id}",
    operation_id="change_plan",
    responses=problem_responses(404, 409, 412, 428),
)
async def change(
    plan_id: UUID,
    caller: PlansWrite,
    body: CheckedPatch,
    expected: IfMatch,
    session: Session,
    response: Response,
) -> PlanOut:
    """Change what a plan says; its state is moved by transitions."""
    return _plan_out(await change_plan(session, plan_id, body, expected, caller), response)


@router.post(
    "/plans/{plan_id}/transitions",
    status_code=201,
    operation_id="move_plan",
    responses=problem_responses(404, 409),
)
async def move(
    plan_id: UUID,
    body: PlanMove,
    caller: PlansWrite,
    session: Session,
    response: Response,
    _: Idempotent,
) -> PlanOut:
    """Move a plan: draft, approved, in_progress, review, closed; to on_hold and withdrawn as well.

    Any other move is a 409 that lists the allowed ones. A draft is approved with an approved
    business case only (409 `business_case_required`). Whether a closed plan was successful is
    computed: 409 `benefit_not_measured` names what is missing until its goals, the effects of its
    initiatives and its guard-rails have been judged (see `closing`).
    """
    return _plan_out(await move_plan(session, plan_id, body, caller), response)


@router.post(
    "/plans/{plan_id}/initiatives",
    status_code=201,
    operation_id="create_initiative",
    responses=problem_responses(404, 409),
)
async def create_of_plan(
    plan_id: UUID,
    caller: PlansWrite,
    body: CheckedInitiative,
    session: Session,
    response: Response,
    _: Idempotent,
) -> InitiativeOut:
    """Add an initiative; the performance reports show it once it is pushed to metrics-api."""
    initiative = await add_initiative(session, plan_id, body, caller)
    response.headers["Location"] = f"/v1/initiatives/{initiative.id}"
    return _initiative_out(initiative, response)


@router.get(
    "/plans/{plan_id}/initiatives",
    operation_id="list_initiatives",
    responses=problem_responses(404),
)
async def list_of_plan(
    plan_id: UUID, caller: PlansRead, session: Session, page: PageQuery
) -> Page[InitiativeOut]:
    """Initiatives of a plan, in the order they were added."""
    await get_plan(session, plan_id)
    return await _initiatives(session, plan_id, page)


@router.get(
    "/initiatives/{initiative_id}",
    operation_id="get_initiative",
    responses=problem_responses(404),
)
async def get_one_initiative(
    initiative_id: UUID, caller: PlansRead, session: Session, response: Response
) -> InitiativeOut:
    """One initiative, and whether metrics-api has it."""
    return _initiative_out(await get_initiative(session, initiative_id), response)


@router.patch(
    "/initiatives/{initiative_id}",
    operation_id="change_initiative",
    responses=problem_responses(404, 409, 412, 428),
)
async def change_one_initiative(
    initiative_id: UUID,
    body: InitiativePatch,
    caller: PlansWrite,
    expected: IfMatch,
    session: Session,
    response: Response,
) -> InitiativeOut:
    """Change an initiative; the new revision is pushed to metrics-api."""
    changed = await change_initiative(session, initiative_id, body, expected, caller)
    return _initiative_out(changed, response)


async def _initiatives(session: Session, plan_id: UUID, page: PageParams) -> Page[InitiativeOut]:
    rows = await list_initiatives(session, plan_id, page)
    shown = page_of(rows, page, key=lambda row: (row.created_at, row.id))
    items = [_initiative_out(row) for row in shown["items"]]
    return Page[InitiativeOut](items=items, next_cursor=shown["next_cursor"])


def _plan_out(plan: Plan, response: Response | None = None) -> PlanOut:
    if response is not None:
        set_etag(response, plan.version)
    return PlanOut(
        id=str(plan.id),
        title=plan.title,
        problem=plan.problem,
        owner=plan.owner,
        opportunity=None if plan.opportunity_id is None else str(plan.opportunity_id),
        objective=plan.objective,
        cause=plan.cause,
        cause_key=plan.cause_key,
        state=plan.state,
        moves=moves_from(plan.state, plan.held_from),
        outcome=plan.outcome,
        outcome_reasons=plan.outcome_reasons,
        version=plan.version,
        created_at=plan.created_at,
        created_by=plan.created_by,
        updated_at=plan.updated_at,
    )


def _initiative_out(initiative: Initiative, response: Response | None = None) -> InitiativeOut:
    if response is not None:
        set_etag(response, initiative.revision)
    return InitiativeOut(
        id=str(initiative.id),
        plan=str(initiative.plan_id),
        service=initiative.service,
        kpi=KpiId(initiative.kpi),
        title=initiative.title,
        start=initiative.start,
        end=initiative.end,
        state=initiative.state,
        revision=initiative.revision,
        pushed=initiative.pushed_revision == initiative.revision,
        push_failure=initiative.push_failure,
        created_at=initiative.created_at,
        created_by=initiative.created_by,
        updated_at=initiative.updated_at,
    )
