"""Setting goals, taking them away, and judging what was measured since."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from improvement_api.goals import queries, rules
from improvement_api.goals.rules import Attainability, Judgement, Measured
from improvement_api.goals.schemas import GoalCreate
from improvement_api.goals.tables import Goal
from improvement_api.periods import periods_between
from improvement_api.plans.queries import get_plan
from improvement_api.plans.rules import PlanState, check_editable
from shared.clients.metrics import MetricsClient
from shared.errors import Conflict, NotFound
from shared.kit.audit import record
from shared.kit.auth import Principal
from shared.kit.clock import now
from shared.kit.database import Engine, Session, reading, transaction
from shared.kit.events import emit
from shared.kit.states import check_state
from shared.schemas.metrics import KpiFigure, KpiId

MOST_GOALS = 100
GOALS_AT_ONCE = 100
_FIRST_ID = UUID(int=0)
_FACTS = (
    "plan_id",
    "service",
    "kpi",
    "unit",
    "grain",
    "comparator",
    "value",
    "baseline_value",
    "baseline_period",
    "baseline_count",
    "attainability",
    "reason",
    "due_on",
    "relevant_to",
    "owner",
)


def check_supported(judgement: Judgement, reason: str) -> None:
    """A goal that history does not support needs somebody's reason (409)."""
    if judgement.attainability is Attainability.UNSUPPORTED and not reason.strip():
        raise Conflict(
            f"History does not support this goal: {judgement.explanation}. Set it with a reason why"
            " it can be reached all the same, or set another",
            code="history_does_not_support",
            judgement=judgement.model_dump(mode="json"),
        )


async def set_goal(
    session: Session,
    plan_id: UUID,
    body: GoalCreate,
    values: dict[str, Any],
    history: Sequence[KpiFigure],
    caller: Principal,
) -> Goal:
    """Set a goal of a plan; `values` are what was checked of it, with the moment of asking."""
    plan = await get_plan(session, plan_id, lock=True)
    check_editable(plan.state)
    judgement = rules.judge_attainability(history, values["comparator"], values["value"])
    check_supported(judgement, body.reason)
    if await queries.count_goals(session, plan_id) >= MOST_GOALS:
        raise Conflict(f"A plan has at most {MOST_GOALS} goals", code="too_many_goals")
    at = now()
    goal = Goal(
        id=uuid4(),
        plan_id=plan.id,
        service=body.service,
        grain=body.grain,
        due_on=body.due_on,
        reason=body.reason,
        owner=body.owner or caller.person,
        attainability=judgement.attainability,
        judgement=judgement.model_dump(mode="json"),
        created_at=at,
        created_by=caller.person,
        **values,
        **_baseline(history),
    )
    await queries.insert_goal(session, goal)
    await record(session, caller, "set", ("goal", str(goal.id)), None, _facts(goal))
    return goal


def _baseline(history: Sequence[KpiFigure]) -> dict[str, Any]:
    last = history[-1] if history else None
    if last is None or last.value is None:
        return {}
    return {
        "baseline_value": Decimal(str(last.value)),
        "baseline_period": last.period,
        "baseline_count": last.count,
    }


async def take_away(session: Session, goal_id: UUID, caller: Principal) -> None:
    """Take a goal away while its plan is a draft; later it stays, whatever becomes of it (409)."""
    plan_id = (await queries.get_goal(session, goal_id)).plan_id
    plan = await get_plan(session, plan_id, lock=True)
    check_state("plan", plan.state, (PlanState.DRAFT,), "stripped of a goal")
    goal = await queries.get_goal(session, goal_id, lock=True)
    await queries.delete_goal(session, goal)
    await record(session, caller, "taken_away", ("goal", str(goal_id)), _facts(goal), None)


async def judge_goals(engine: Engine, metrics: MetricsClient) -> int:
    """Look what was measured of the goals of plans that go on: how many were reached or missed.

    Figures are asked for between two transactions; records come late, so every full period since a
    goal was set is looked at each time. A goal is told reached once, and missed once.
    """
    told, after = 0, _FIRST_ID
    while True:
        async with reading(engine) as session:
            goals = await queries.goals_to_judge(session, after, GOALS_AT_ONCE)
        at = now()
        found = {goal.id: await _measured(metrics, goal, at) for goal in goals}
        async with transaction(engine) as session:
            for goal in await queries.lock_goals(session, found.keys()):
                told += await _note(session, goal, found[goal.id], at)
        if len(goals) < GOALS_AT_ONCE:
            return told
        after = goals[-1].id


async def _measured(metrics: MetricsClient, goal: Goal, at: datetime) -> Measured:
    yesterday = at.date() - timedelta(days=1)
    periods = periods_between(goal.grain, goal.created_at.date(), yesterday)
    points: Sequence[KpiFigure] = ()
    if periods:
        try:
            series = await metrics.kpi_of_service(goal.service, KpiId(goal.kpi), periods)
        except NotFound:
            pass
        else:
            points = series.values
    return rules.measure(points, goal.comparator, goal.value, goal.due_on, at.date())


async def _note(session: Session, goal: Goal, measured: Measured, at: datetime) -> int:
    """Write what was measured beside a goal, and tell what is new: how many things.

    A miss that was told is taken back when a figure that came late shows that it was none.
    """
    goal.judged_at = at
    if measured.last is not None:
        value = measured.last.value
        goal.last_period = measured.last.period
        goal.last_value = None if value is None else Decimal(str(value))
    if not measured.missed:
        goal.missed_at = None
    news = []
    if measured.missed and goal.missed_at is None and goal.reached_at is None:
        goal.missed_at = at
        news.append(("goal.missed", measured.last))
    if measured.reached_in is not None and goal.reached_at is None:
        goal.reached_at = at
        news.append(("goal.reached", measured.reached_in))
    await queries.flush(session)
    for kind, point in news:
        await emit(session, kind, goal.service, _told(goal, point))
    return len(news)


def _told(goal: Goal, point: KpiFigure | None) -> dict[str, Any]:
    """What the events say: figures as numbers, as in all events."""
    baseline = goal.baseline_value
    return {
        "id": str(goal.id),
        **_facts(goal),
        "value": float(goal.value),
        "baseline_value": None if baseline is None else float(baseline),
        "period": None if point is None else point.period,
        "measured": None if point is None else point.value,
        "count": None if point is None else point.count,
    }


def _facts(goal: Goal) -> dict[str, Any]:
    return {name: getattr(goal, name) for name in _FACTS}
