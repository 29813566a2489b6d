"""What a review leaves: minutes and their approval, decisions, and actions."""

from typing import Any
from uuid import UUID, uuid4

from improvement_api.service_reviews.queries import get_review, insert_row
from improvement_api.service_reviews.record_queries import (
    find_approval,
    get_action,
    get_minutes,
    newest_minutes,
)
from improvement_api.service_reviews.rules import (
    ActionState,
    ReviewState,
    check_approver,
    hash_of,
)
from improvement_api.service_reviews.schemas import (
    DecisionNote,
    MinutesCreate,
    ReviewActionCreate,
    ReviewActionEnd,
    ReviewActionPatch,
)
from improvement_api.service_reviews.tables import (
    ReviewAction,
    ReviewDecision,
    ReviewMinutes,
    ReviewMinutesApproval,
    ServiceReview,
)
from shared.errors import Conflict
from shared.kit.audit import record
from shared.kit.auth import Principal
from shared.kit.clock import now
from shared.kit.database import Session
from shared.kit.etag import check_version
from shared.kit.patches import named
from shared.kit.states import check_state

_HELD = [ReviewState.HELD]


async def write_minutes(
    session: Session, review_id: UUID, body: MinutesCreate, caller: Principal
) -> int:
    """The next version of the minutes; 409 once they are approved."""
    await _held(session, review_id, "given minutes")
    await _check_not_approved(session, review_id)
    minutes = ReviewMinutes(
        review_id=review_id,
        number=await newest_minutes(session, review_id) + 1,
        text=body.text,
        text_hash=hash_of(body.text),
        written_at=now(),
        written_by=caller.person,
    )
    await insert_row(session, minutes)
    after = {"minutes": minutes.number, "text_hash": minutes.text_hash}
    subject = ("service_review", str(review_id))
    await record(session, caller, "wrote_minutes", subject, None, after)
    return minutes.number


async def approve_minutes(
    session: Session, review_id: UUID, number: int, seen: str, caller: Principal
) -> None:
    """The chair's approval of the newest version, which freezes the minutes for good."""
    review = await _held(session, review_id, "given approved minutes")
    await _check_not_approved(session, review_id)
    minutes = (await get_minutes(session, review_id, number)).ReviewMinutes
    if number != await newest_minutes(session, review_id):
        raise Conflict("There is a newer version of the minutes", code="minutes_changed")
    check_approver(
        subject=caller.subject,
        kind=caller.kind,
        acting_for=caller.on_behalf_of,
        chair=review.chair,
        seen=seen,
        text_hash=minutes.text_hash,
    )
    approval = ReviewMinutesApproval(
        review_id=review_id,
        number=number,
        text_hash=minutes.text_hash,
        approved_at=now(),
        approved_by=caller.subject,
    )
    await insert_row(session, approval)
    after = {"minutes": number, "text_hash": minutes.text_hash}
    subject = ("service_review", str(review_id))
    await record(session, caller, "approved_minutes", subject, None, after)


async def _check_not_approved(session: Session, review_id: UUID) -> None:
    if await find_approval(session, review_id) is not None:
        raise Conflict("The minutes are approved and stay as they are", code="minutes_approved")


async def note_decision(
    session: Session, review_id: UUID, body: DecisionNote, caller: Principal
) -> ReviewDecision:
    """What was decided; it stays as it is: another decision may say otherwise."""
    await _held(session, review_id, "given decisions")
    decision = ReviewDecision(
        id=uuid4(),
        review_id=review_id,
        text=body.text,
        decided_by=body.decided_by,
        recorded_at=now(),
        recorded_by=caller.person,
    )
    await insert_row(session, decision)
    after = {"review": review_id, **body.model_dump()}
    subject = ("review_decision", str(decision.id))
    await record(session, caller, "created", subject, None, after)
    return decision


async def add_action(
    session: Session, review_id: UUID, body: ReviewActionCreate, caller: Principal
) -> ReviewAction:
    await _held(session, review_id, "given actions")
    at = now()
    action = ReviewAction(
        id=uuid4(),
        review_id=review_id,
        **body.model_dump(),
        state=ActionState.OPEN,
        evidence=None,
        done_at=None,
        done_by=None,
        version=1,
        created_at=at,
        created_by=caller.person,
        updated_at=at,
    )
    await insert_row(session, action)
    await record(session, caller, "created", _subject(action), None, _facts(action))
    return action


async def change_action(
    session: Session, action_id: UUID, patch: ReviewActionPatch, expected: int, caller: Principal
) -> ReviewAction:
    """Change an open action, also of a closed review: dates move, people leave."""
    action = await _open_action(session, action_id, expected, "changed")
    before = _facts(action)
    for name, value in named(patch).items():
        setattr(action, name, value)
    await _changed(session, action, before, "changed", caller)
    return action


async def end_action(
    session: Session, action_id: UUID, body: ReviewActionEnd, expected: int, caller: Principal
) -> ReviewAction:
    """An action is done, with what shows it, or it is not done any more, with why."""
    action = await _open_action(session, action_id, expected, "ended")
    before = _facts(action)
    action.state, action.evidence = body.state, body.evidence
    if body.state is ActionState.DONE:
        action.done_at, action.done_by = now(), caller.person
    await _changed(session, action, before, "ended", caller)
    return action


async def _open_action(session: Session, action_id: UUID, expected: int, act: str) -> ReviewAction:
    action = await get_action(session, action_id, lock=True)
    check_version(expected, action.version)
    check_state("review action", action.state, [ActionState.OPEN], act)
    return action


async def _held(session: Session, review_id: UUID, act: str) -> ServiceReview:
    """The review, locked: what closes it and what is added to it wait for each other."""
    review = await get_review(session, review_id, lock=True)
    check_state("review", review.state, _HELD, act)
    return review


async def _changed(
    session: Session, action: ReviewAction, before: dict[str, Any], act: str, caller: Principal
) -> None:
    action.version += 1
    action.updated_at = now()
    await record(session, caller, act, _subject(action), before, _facts(action))


def _subject(action: ReviewAction) -> tuple[str, str]:
    return "review_action", str(action.id)


def _facts(action: ReviewAction) -> dict[str, Any]:
    names = ("review_id", "text", "owner", "due_on", "state", "evidence")
    return {name: getattr(action, name) for name in names}
