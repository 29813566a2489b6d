"""Raising, changing, assessing, moving and planning opportunities."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

from improvement_api.opportunities import queries
from improvement_api.opportunities.rules import (
    LinkKind,
    OpportunityState,
    Source,
    check_assessable,
    check_editable,
    check_move,
    check_plannable,
)
from improvement_api.opportunities.schemas import (
    AssessmentPut,
    LinkCreate,
    OpportunityCreate,
    OpportunityMove,
    OpportunityPatch,
    OpportunityPlan,
)
from improvement_api.opportunities.tables import Opportunity, OpportunityLink
from improvement_api.plans.actions import create_plan
from improvement_api.plans.schemas import PlanCreate
from improvement_api.plans.tables import Plan
from improvement_api.root_causes.analysis_queries import get_analysis
from shared.errors import Invalid, NotFound
from shared.kit.audit import record
from shared.kit.auth import Principal
from shared.kit.clock import now
from shared.kit.database import Session
from shared.kit.etag import check_version
from shared.kit.events import emit
from shared.kit.patches import named

_FACTS = (
    "title",
    "problem",
    "service",
    "kpi",
    "impacts",
    "benefit",
    "owner",
    "source",
    "cause_key",
    "cause",
    "state",
    "state_comment",
    "business_value",
    "time_criticality",
    "risk_reduction",
    "job_size",
    "assessment",
    "version",
)


async def raise_opportunity(
    session: Session, body: OpportunityCreate, caller: Principal
) -> Opportunity:
    """Record an opportunity that a person sees."""
    at = now()
    written = body.model_dump(mode="json") | {"owner": body.owner or caller.person}
    opportunity = Opportunity(
        id=uuid4(),
        **written,
        source=Source.MANUAL,
        figures=[],
        occurrences=0,
        state=OpportunityState.NEW,
        state_since=at,
        version=1,
        created_at=at,
        created_by=caller.person,
        updated_at=at,
    )
    await queries.insert_opportunity(session, opportunity)
    facts = facts_of(opportunity)
    await record(session, caller, "raised", ("opportunity", str(opportunity.id)), None, facts)
    await emit(
        session, "opportunity.opened", opportunity.service, {**facts, "id": str(opportunity.id)}
    )
    return opportunity


async def change_opportunity(
    session: Session, opportunity_id: UUID, body: OpportunityPatch, expected: int, caller: Principal
) -> Opportunity:
    """Change what an opportunity says; 412 on another version, 409 once it waits no more."""
    opportunity = await queries.get_opportunity(session, opportunity_id, lock=True)
    check_version(expected, opportunity.version)
    check_editable(opportunity.state)
    await _change(session, opportunity, named(body, mode="json"), "changed", caller)
    return opportunity


async def assess_opportunity(
    session: Session, opportunity_id: UUID, body: AssessmentPut, expected: int, caller: Principal
) -> Opportunity:
    """Set the inputs of WSJF; a new opportunity becomes assessed by it."""
    opportunity = await queries.get_opportunity(session, opportunity_id, lock=True)
    check_version(expected, opportunity.version)
    check_assessable(opportunity.state)
    inputs = body.model_dump(exclude={"comment"})
    said = {"assessment": body.comment, "assessed_at": now(), "assessed_by": caller.person}
    state = _state(OpportunityState.ASSESSED) if opportunity.state == OpportunityState.NEW else {}
    await _change(session, opportunity, inputs | said | state, "assessed", caller)
    if state:
        await _tell_move(session, opportunity)
    return opportunity


async def move_opportunity(
    session: Session, opportunity_id: UUID, body: OpportunityMove, caller: Principal
) -> Opportunity:
    """Accept or reject an opportunity; rejecting says why."""
    opportunity = await queries.get_opportunity(session, opportunity_id, lock=True)
    check_move(opportunity.state, body.to)
    if body.to is OpportunityState.REJECTED and not body.comment.strip():
        raise Invalid("Say why it is rejected", code="comment_required", pointer="/comment")
    await _change(session, opportunity, _state(body.to, body.comment), "moved", caller)
    await _tell_move(session, opportunity)
    return opportunity


async def plan_opportunity(
    session: Session, opportunity_id: UUID, body: OpportunityPlan, caller: Principal
) -> tuple[Opportunity, Plan]:
    """Make a plan, a draft, of an accepted opportunity; the objective has been checked."""
    opportunity = await queries.get_opportunity(session, opportunity_id, lock=True)
    check_plannable(opportunity.state)
    wanted = PlanCreate(
        title=body.title or opportunity.title,
        problem=opportunity.problem,
        owner=body.owner or opportunity.owner,
        objective=body.objective,
    )
    plan = await create_plan(session, wanted, caller, opportunity.id)
    await _change(session, opportunity, _state(OpportunityState.PLANNED), "planned", caller)
    await _tell_move(session, opportunity)
    return opportunity, plan


async def link(
    session: Session, opportunity_id: UUID, body: LinkCreate, caller: Principal
) -> OpportunityLink:
    """Let an opportunity point at something; linking it again changes nothing.

    What other services keep has been looked up before; what we keep is looked up here (422).
    """
    await queries.get_opportunity(session, opportunity_id, lock=True)
    if body.kind is LinkKind.ROOT_CAUSE_ANALYSIS:
        await _check_analysis(session, body.target)
    made = OpportunityLink(
        opportunity_id=opportunity_id,
        kind=body.kind,
        target=body.target,
        linked_at=now(),
        linked_by=caller.person,
    )
    kept, is_new = await queries.keep_link(session, made)
    if is_new:
        subject = ("opportunity", str(opportunity_id))
        await record(session, caller, "linked", subject, None, body.model_dump(mode="json"))
    return kept


async def _check_analysis(session: Session, target: str) -> None:
    try:
        await get_analysis(session, UUID(target))
    except (ValueError, NotFound):
        raise Invalid(
            f"There is no root cause analysis {target}", code="unknown_target", pointer="/target"
        ) from None


async def unlink(
    session: Session, opportunity_id: UUID, body: LinkCreate, caller: Principal
) -> None:
    """Take a link away."""
    await queries.delete_link(session, opportunity_id, body.kind, body.target)
    subject = ("opportunity", str(opportunity_id))
    await record(session, caller, "unlinked", subject, body.model_dump(mode="json"), None)


def facts_of(opportunity: Opportunity) -> dict[str, Any]:
    """What the audit trail and the events say of an opportunity."""
    return {name: getattr(opportunity, name) for name in _FACTS}


def _state(to: OpportunityState, comment: str = "") -> dict[str, Any]:
    return {"state": to, "state_since": now(), "state_comment": comment or None}


async def _change(
    session: Session,
    opportunity: Opportunity,
    changes: Mapping[str, Any],
    action: str,
    caller: Principal,
) -> None:
    before = facts_of(opportunity)
    for name, value in changes.items():
        setattr(opportunity, name, value)
    opportunity.version += 1
    opportunity.updated_at = now()
    await queries.refresh(session, opportunity)
    subject = ("opportunity", str(opportunity.id))
    await record(session, caller, action, subject, before, facts_of(opportunity))


async def _tell_move(session: Session, opportunity: Opportunity) -> None:
    told = {**facts_of(opportunity), "id": str(opportunity.id)}
    await emit(session, "opportunity.moved", opportunity.service, told)
