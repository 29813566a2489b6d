"""Writing, submitting and deciding on capability assessments, and opening remedial plans."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID, uuid4

from pydantic import TypeAdapter

from improvement_api.capabilities.queries import (
    get_assessment,
    insert_assessment,
    insert_decision,
)
from improvement_api.capabilities.rules import (
    MOVES,
    THING,
    AssessmentState,
    Rating,
    Scope,
    Verdict,
    check_day,
    check_decision,
    check_gaps,
    check_not_empty,
    check_ratings,
    gaps_of,
    hash_of,
)
from improvement_api.capabilities.schemas import (
    AssessmentDecisionCreate,
    AssessmentMove,
    AssessmentText,
    ProcessRating,
    RemedialPlanCreate,
    gap_out,
    rating_of,
)
from improvement_api.capabilities.tables import CapabilityAssessment, CapabilityDecision
from improvement_api.plans.actions import open_plan
from improvement_api.plans.tables import Plan
from shared.errors import Forbidden
from shared.kit.audit import record
from shared.kit.auth import Principal
from shared.kit.clock import now
from shared.kit.database import Session
from shared.kit.etag import check_version
from shared.kit.states import check_move, check_state

RATINGS: TypeAdapter[list[ProcessRating]] = TypeAdapter(list[ProcessRating])


async def create_assessment(
    session: Session, text: AssessmentText, caller: Principal
) -> CapabilityAssessment:
    """A new assessment as a draft; 422 for a level without evidence."""
    at = now()
    assessment = CapabilityAssessment(
        id=uuid4(),
        state=AssessmentState.DRAFT,
        assessors=sorted(caller.authors),
        revision=1,
        created_at=at,
        created_by=caller.person,
        updated_at=at,
        **_stored(text),
    )
    await insert_assessment(session, assessment)
    subject = ("capability_assessment", str(assessment.id))
    await record(session, caller, "created", subject, None, _facts(assessment))
    return assessment


async def change_assessment(
    session: Session, assessment_id: UUID, text: AssessmentText, expected: int, caller: Principal
) -> CapabilityAssessment:
    """Replace what a draft says; 412 on another revision, 409 in any other state."""
    assessment = await get_assessment(session, assessment_id, lock=True)
    check_version(expected, assessment.revision)
    check_state(THING, assessment.state, (AssessmentState.DRAFT,), "changed")
    changes = _stored(text) | _assessor(assessment, caller)
    await _change(session, caller, "changed", assessment, changes)
    return assessment


async def submit_assessment(
    session: Session, assessment_id: UUID, body: AssessmentMove, caller: Principal
) -> CapabilityAssessment:
    """Ask another person to approve it; 409 while nothing is rated."""
    assessment = await get_assessment(session, assessment_id, lock=True)
    check_move(THING, MOVES, assessment.state, body.to)
    check_not_empty(assessment.ratings)
    changes = {"state": body.to} | _assessor(assessment, caller)
    await _change(session, caller, "submitted", assessment, changes)
    return assessment


async def decide_assessment(
    session: Session, assessment_id: UUID, body: AssessmentDecisionCreate, caller: Principal
) -> CapabilityAssessment:
    """Approve a submitted assessment, or give it back, in person and as somebody else."""
    if caller.kind != "user" or caller.on_behalf_of is not None:
        raise Forbidden(
            "Only a person can approve, and nobody in their place", code="not_in_person"
        )
    assessment = await get_assessment(session, assessment_id, lock=True)
    check_decision(
        assessment.state,
        assessment.text_hash,
        body.text_hash,
        assessment.assessors,
        caller.subject,
    )
    decision = CapabilityDecision(
        id=uuid4(),
        assessment_id=assessment.id,
        verdict=body.verdict,
        text_hash=assessment.text_hash,
        comment=body.comment,
        decided_at=now(),
        decided_by=caller.subject,
    )
    await insert_decision(session, decision)
    approved = body.verdict is Verdict.APPROVED
    state = AssessmentState.APPROVED if approved else AssessmentState.DRAFT
    said = {"comment": body.comment}
    await _change(session, caller, body.verdict, assessment, {"state": state}, **said)
    return assessment


async def open_remedial_plan(
    session: Session, assessment_id: UUID, body: RemedialPlanCreate, caller: Principal
) -> tuple[Plan, Sequence[Rating]]:
    """The one plan of an approved assessment's gaps: opened now, or by an earlier request."""
    assessment = await get_assessment(session, assessment_id)
    check_state(THING, assessment.state, (AssessmentState.APPROVED,), "remedied by a plan")
    gaps = gaps_of(ratings_of(assessment))
    check_gaps(gaps)
    whose = assessment.scope_key or "the organisation"
    named = ", ".join(f"{_words(one)} ({one.level} of {one.target})" for one in gaps)
    plan = await open_plan(
        session,
        title=f"Close the capability gaps of {whose}, assessed {assessment.assessed_on}"[:200],
        problem=f"{len(gaps)} processes are below their target level: {named}.",
        owner=body.owner or caller.person,
        cause_key=f"capability_assessment:{assessment.id}",
        cause=_cause(assessment, gaps),
        caller_name=caller.person,
    )
    return plan, gaps


def ratings_of(assessment: CapabilityAssessment) -> list[Rating]:
    """The ratings of an assessment as the rules read them."""
    return [rating_of(one) for one in RATINGS.validate_python(assessment.ratings)]


def scope_of(assessment: CapabilityAssessment) -> tuple[Scope, str | None]:
    return assessment.scope, assessment.scope_key


def _words(one: Rating) -> str:
    return one.process.replace("_", " ")


def _cause(assessment: CapabilityAssessment, gaps: Sequence[Rating]) -> dict[str, Any]:
    return {
        "trigger": "capability_assessment",
        "assessment": str(assessment.id),
        "scope": assessment.scope.value,
        "scope_key": assessment.scope_key,
        "assessed_on": assessment.assessed_on.isoformat(),
        "gaps": [gap_out(one).model_dump(mode="json") for one in gaps],
    }


def _stored(text: AssessmentText) -> dict[str, Any]:
    check_day(text.assessed_on, now().date())
    check_ratings([rating_of(one) for one in text.ratings])
    written = text.model_dump(mode="json")
    return {
        "scope": text.scope,
        "scope_key": text.scope_key,
        "assessed_on": text.assessed_on,
        "summary": text.summary,
        "ratings": written["ratings"],
        "text_hash": hash_of(written),
    }


def _assessor(assessment: CapabilityAssessment, caller: Principal) -> dict[str, Any]:
    return {"assessors": sorted({*assessment.assessors, *caller.authors})}


async def _change(
    session: Session,
    caller: Principal,
    action: str,
    assessment: CapabilityAssessment,
    changes: Mapping[str, Any],
    **said: str,
) -> None:
    before = _facts(assessment)
    for name, value in changes.items():
        setattr(assessment, name, value)
    assessment.revision += 1
    assessment.updated_at = now()
    subject = ("capability_assessment", str(assessment.id))
    await record(session, caller, action, subject, before, _facts(assessment) | said)


def _facts(assessment: CapabilityAssessment) -> dict[str, Any]:
    names = (
        "scope",
        "scope_key",
        "assessed_on",
        "summary",
        "ratings",
        "text_hash",
        "state",
        "assessors",
        "revision",
    )
    return {name: getattr(assessment, name) for name in names}
