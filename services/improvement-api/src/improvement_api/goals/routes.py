"""Goals over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import Response

from improvement_api.goals import actions, queries
from improvement_api.goals.asking import CheckedGoal
from improvement_api.goals.schemas import GoalOut
from improvement_api.goals.shapes import goal_out
from improvement_api.plans.queries import get_plan
from shared.kit.auth import Principal, requires
from shared.kit.database import Session
from shared.kit.idempotency import Idempotent
from shared.kit.pagination import PageQuery, page_of
from shared.kit.problems import problem_responses
from shared.kit.routing import Router
from shared.schemas.common import Page

router = Router(prefix="/v1", tags=["goals"])

PlansRead = Annotated[Principal, requires("plans:read")]
PlansWrite = Annotated[Principal, requires("plans:write")]


@router.post(
    "/plans/{plan_id}/goals",
    status_code=201,
    operation_id="set_goal",
    responses=problem_responses(404, 409, 503),
)
async def set_goal(
    plan_id: UUID,
    caller: PlansWrite,
    asked: CheckedGoal,
    session: Session,
    response: Response,
    _: Idempotent,
) -> GoalOut:
    """Set a SMART goal; what it lacks of that is refused by name (422).

    Specific: a KPI; measurable: a comparator, and a value in the unit's range; attainable: not
    beyond what is possible; relevant: to an objective or a vital activity; time-bound: due within
    12 months. The last 24 full periods judge whether it is attainable, ambitious or unsupported by
    history; an unsupported one needs a `reason` (409 with the figures otherwise).
    """
    values = {
        "kpi": asked.kpi.id.value,
        "unit": asked.kpi.unit,
        "comparator": asked.comparator,
        "value": asked.value,
        "relevant_to": asked.relevant_to,
        "baseline_as_of": asked.asked_at,
    }
    goal = await actions.set_goal(session, plan_id, asked.body, values, asked.history, caller)
    response.headers["Location"] = f"/v1/goals/{goal.id}"
    return goal_out(goal)


@router.get("/plans/{plan_id}/goals", operation_id="list_goals", responses=problem_responses(404))
async def list_goals(
    plan_id: UUID, caller: PlansRead, session: Session, page: PageQuery
) -> Page[GoalOut]:
    """Goals of a plan, in the order they were set."""
    await get_plan(session, plan_id)
    rows = await queries.list_goals(session, plan_id, page)
    shown = page_of(rows, page, key=lambda row: (row.created_at, row.id))
    items = [goal_out(row) for row in shown["items"]]
    return Page[GoalOut](items=items, next_cursor=shown["next_cursor"])


@router.get("/goals/{goal_id}", operation_id="get_goal", responses=problem_responses(404))
async def get_goal(goal_id: UUID, caller: PlansRead, session: Session) -> GoalOut:
    """One goal, with its baseline, how history supports it, and what was measured since."""
    return goal_out(await queries.get_goal(session, goal_id))


@router.delete(
    "/goals/{goal_id}",
    status_code=204,
    operation_id="take_goal_away",
    responses=problem_responses(404, 409),
)
async def take_goal_away(goal_id: UUID, caller: PlansWrite, session: Session) -> None:
    """Take a goal away, as long as its plan is a draft: afterwards a promise stays a promise."""
    await actions.take_away(session, goal_id, caller)
