"""Creating, changing and moving plans and their initiatives."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from improvement_api.benefits.actions import closing_of_plan
from improvement_api.benefits.queries import latest_of_initiative
from improvement_api.benefits.rules import check_cancellable
from improvement_api.business_cases.queries import has_approved_case
from improvement_api.business_cases.rules import check_present
from improvement_api.people import acting_for
from improvement_api.plans.queries import (
    get_initiative,
    get_plan,
    insert_initiative,
    insert_plan,
    insert_plan_of_cause,
    lock_unfinished,
    plan_of_cause,
)
from improvement_api.plans.rules import FINAL, PlanState, check_editable, check_move
from improvement_api.plans.schemas import (
    InitiativeCreate,
    InitiativePatch,
    PlanCreate,
    PlanMove,
    PlanPatch,
)
from improvement_api.plans.tables import Initiative, Plan
from shared.errors import Conflict, Invalid
from shared.kit.audit import record
from shared.kit.auth import Principal
from shared.kit.clock import now
from shared.kit.database import Session
from shared.kit.etag import check_version
from shared.kit.events import emit
from shared.kit.jobs import enqueue
from shared.kit.patches import named
from shared.schemas.metrics import InitiativeState

PUSH = "push_initiative"


async def create_plan(
    session: Session, body: PlanCreate, caller: Principal, opportunity_id: UUID | None = None
) -> Plan:
    at = now()
    written = {
        "title": body.title,
        "problem": body.problem,
        "owner": body.owner or caller.person,
        "objective": body.objective,
        "opportunity_id": opportunity_id,
    }
    plan = Plan(**_draft(caller, at), **written)
    await insert_plan(session, plan)
    await _opened(session, plan, caller)
    return plan


async def open_plan(  # noqa: PLR0913 - one keyword per field of the plan
    session: Session,
    *,
    title: str,
    problem: str,
    owner: str,
    cause_key: str,
    cause: Mapping[str, Any],
    opportunity_id: UUID | None = None,
    objective: str | None = None,
    caller_name: str,
) -> Plan:
    """The plan of a cause: opened now, as a draft, or the one that it opened before.

    `cause_key` names the cause, such as `theme:<id>`; `cause` tells it with its figures.
    Of any number of transactions that open for one cause at once, one opens and the others wait
    for it and are given its plan. `caller_name` is who, or what, wants it.
    """
    caller, at = acting_for(caller_name), now()
    values = {
        "title": title,
        "problem": problem,
        "owner": owner,
        "opportunity_id": opportunity_id,
        "objective": objective,
        "cause_key": cause_key,
        "cause": dict(cause),
    }
    plan = await insert_plan_of_cause(session, _draft(caller, at) | values)
    if plan is None:
        return await plan_of_cause(session, cause_key)
    await _opened(session, plan, caller)
    return plan


async def change_plan(
    session: Session, plan_id: UUID, body: PlanPatch, expected: int, caller: Principal
) -> Plan:
    """Change what a plan says; 412 on another version, 409 once it has ended."""
    plan = await get_plan(session, plan_id, lock=True)
    check_version(expected, plan.version)
    check_editable(plan.state)
    before = _plan_facts(plan)
    for field, value in named(body).items():
        setattr(plan, field, value)
    await _changed(session, plan, before, "changed", caller)
    return plan


async def move_plan(session: Session, plan_id: UUID, body: PlanMove, caller: Principal) -> Plan:
    """Move a plan; one that has ended takes its unfinished initiatives with it."""
    plan = await get_plan(session, plan_id, lock=True)
    check_move(plan.state, plan.held_from, body.to)
    if plan.state is PlanState.DRAFT and body.to is PlanState.APPROVED:
        # Not for one that returns from on_hold: it was approved before.
        check_present(await has_approved_case(session, plan.id), "Approving a plan")
    before = _plan_facts(plan)
    if body.to is PlanState.CLOSED:
        await _compute_outcome(session, plan)
    plan.held_from = plan.state if body.to is PlanState.ON_HOLD else None
    plan.state = body.to
    await _changed(session, plan, before, "moved", caller, comment=body.comment)
    if body.to is PlanState.CLOSED:
        await emit(session, "plan.closed", str(plan.id), _told(plan))
    if body.to in FINAL:
        # Nobody could end them any more, and reports and gates would count them as open for ever.
        for initiative in await lock_unfinished(session, plan.id):
            await _change_initiative(
                session, initiative, {"state": InitiativeState.CANCELLED}, caller
            )
    return plan


async def _compute_outcome(session: Session, plan: Plan) -> None:
    """Whether a plan was successful; 409 with what is missing while that cannot be told."""
    closing = await closing_of_plan(session, plan, now())
    if closing.outcome is None:
        raise Conflict(
            "The plan's benefit is not conclusive yet: "
            + "; ".join(f"{one.what} ({_when(one.on)})" for one in closing.missing),
            code="benefit_not_measured",
            state=plan.state.value,
            missing=[
                {"what": one.what, "on": one.on and one.on.isoformat()} for one in closing.missing
            ],
        )
    plan.outcome = closing.outcome
    plan.outcome_reasons = closing.reasons


def _when(on: date | None) -> str:
    return "whenever it is done" if on is None else f"can be judged on {on}"


async def add_initiative(
    session: Session, plan_id: UUID, body: InitiativeCreate, caller: Principal
) -> Initiative:
    """Add an initiative and have it pushed to metrics-api."""
    plan = await get_plan(session, plan_id, lock=True)
    check_editable(plan.state)
    at = now()
    initiative = Initiative(
        id=uuid4(),
        plan_id=plan.id,
        **body.model_dump(),
        revision=1,
        pushed_revision=0,
        push_failure=None,
        created_at=at,
        created_by=caller.person,
        updated_at=at,
    )
    await insert_initiative(session, initiative)
    after = _initiative_facts(initiative)
    await record(session, caller, "created", ("initiative", str(initiative.id)), None, after)
    await _push(session, initiative)
    return initiative


async def change_initiative(
    session: Session,
    initiative_id: UUID,
    body: InitiativePatch,
    expected: int,
    caller: Principal,
) -> Initiative:
    """Change an initiative and push the new revision; 412 on another revision.

    409 to cancel one whose effect was judged: its plan could not be unsuccessful by it any more.
    """
    # The plan first, as everywhere: two who lock both in another order would deadlock.
    plan = await get_plan(
        session, (await get_initiative(session, initiative_id)).plan_id, lock=True
    )
    initiative = await get_initiative(session, initiative_id, lock=True)
    check_version(expected, initiative.revision)
    check_editable(plan.state)
    changes = named(body)
    start, end = changes.get("start", initiative.start), changes.get("end", initiative.end)
    if end is not None and end < start:
        raise Invalid("end must not be before start", pointer="/end")
    if changes.get("state") is InitiativeState.CANCELLED:
        measured = await latest_of_initiative(session, initiative.id)
        check_cancellable(None if measured is None else measured.verdict)
    await _change_initiative(session, initiative, changes, caller)
    return initiative


async def _change_initiative(
    session: Session, initiative: Initiative, changes: Mapping[str, Any], caller: Principal
) -> None:
    before = _initiative_facts(initiative)
    for field, value in changes.items():
        setattr(initiative, field, value)
    initiative.revision += 1
    initiative.push_failure = None
    initiative.updated_at = now()
    subject = ("initiative", str(initiative.id))
    await record(session, caller, "changed", subject, before, _initiative_facts(initiative))
    await _push(session, initiative)


def _draft(caller: Principal, at: datetime) -> dict[str, Any]:
    return {
        "id": uuid4(),
        "state": PlanState.DRAFT,
        "held_from": None,
        "version": 1,
        "created_at": at,
        "created_by": caller.person,
        "updated_at": at,
    }


async def _opened(session: Session, plan: Plan, caller: Principal) -> None:
    await record(session, caller, "created", ("plan", str(plan.id)), None, _plan_facts(plan))
    await emit(session, "plan.opened", str(plan.id), _told(plan))


async def _changed(
    session: Session,
    plan: Plan,
    before: Mapping[str, Any],
    action: str,
    caller: Principal,
    **said: str,
) -> None:
    plan.version += 1
    plan.updated_at = now()
    after = _plan_facts(plan) | said
    await record(session, caller, action, ("plan", str(plan.id)), before, after)
    if plan.state != before["state"]:
        await emit(session, "plan.moved", str(plan.id), _told(plan) | said)


async def _push(session: Session, initiative: Initiative) -> None:
    # No lock: each job sends what is current, and metrics-api orders by revision.
    await enqueue(session, PUSH, {"initiative": str(initiative.id)})


def _told(plan: Plan) -> dict[str, Any]:
    """What events say of a plan."""
    return {"id": str(plan.id), **_plan_facts(plan), "cause": plan.cause}


def _plan_facts(plan: Plan) -> dict[str, Any]:
    """What is audited of a plan: not its cause, which never changes and may cite what people said;
    that stays in the plan's row, where it can be erased, for the audit is kept for ever."""
    names = (
        "title",
        "problem",
        "owner",
        "opportunity_id",
        "objective",
        "cause_key",
        "state",
        "held_from",
        "outcome",
        "outcome_reasons",
        "version",
    )
    return {name: getattr(plan, name) for name in names}


def _initiative_facts(initiative: Initiative) -> dict[str, Any]:
    names = ("plan_id", "service", "kpi", "title", "start", "end", "state", "revision")
    return {name: getattr(initiative, name) for name in names}
