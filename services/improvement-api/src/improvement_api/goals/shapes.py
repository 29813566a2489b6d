"""How rows of goals become what is sent."""

from decimal import Decimal

from improvement_api.goals.rules import Judgement, state_of
from improvement_api.goals.schemas import BaselineOut, GoalOut
from improvement_api.goals.tables import Goal
from shared.schemas.metrics import KpiId


def goal_out(goal: Goal) -> GoalOut:
    return GoalOut(
        id=str(goal.id),
        plan=str(goal.plan_id),
        service=goal.service,
        kpi=KpiId(goal.kpi),
        unit=goal.unit,
        grain=goal.grain,
        comparator=goal.comparator,
        value=float(goal.value),
        baseline=BaselineOut(
            period=goal.baseline_period,
            value=_float(goal.baseline_value),
            count=goal.baseline_count,
            as_of=goal.baseline_as_of,
        ),
        judgement=Judgement.model_validate(goal.judgement),
        reason=goal.reason,
        due_on=goal.due_on,
        relevant_to=goal.relevant_to,
        owner=goal.owner,
        state=state_of(goal.reached_at, goal.missed_at),
        reached_at=goal.reached_at,
        missed_at=goal.missed_at,
        last_period=goal.last_period,
        last_value=_float(goal.last_value),
        judged_at=goal.judged_at,
        created_at=goal.created_at,
        created_by=goal.created_by,
    )


def _float(value: Decimal | None) -> float | None:
    return None if value is None else float(value)
