"""What a review leaves, over HTTP: minutes, decisions and actions."""

from datetime import UTC
from typing import Annotated
from uuid import UUID

from fastapi import Path, Query, Response

from improvement_api.service_reviews.queries import get_review
from improvement_api.service_reviews.record_actions import (
    add_action,
    approve_minutes,
    change_action,
    end_action,
    note_decision,
    write_minutes,
)
from improvement_api.service_reviews.record_queries import (
    ActionFilter,
    get_action,
    get_minutes,
    list_actions,
    list_decisions_of,
    list_minutes,
)
from improvement_api.service_reviews.rules import ActionState
from improvement_api.service_reviews.schemas import (
    DecisionNote,
    MinutesApprove,
    MinutesCreate,
    MinutesOut,
    ReviewActionCreate,
    ReviewActionEnd,
    ReviewActionOut,
    ReviewActionPatch,
    ReviewDecisionOut,
)
from improvement_api.service_reviews.shapes import action_out, decision_out, minutes_out
from shared.kit.auth import Principal, requires
from shared.kit.clock import now
from shared.kit.database import Session
from shared.kit.etag import IfMatch
from shared.kit.idempotency import Idempotent
from shared.kit.pagination import PageQuery, page_of
from shared.kit.problems import problem_responses
from shared.kit.routing import Router
from shared.schemas.common import Key, Page, ShortText

router = Router(prefix="/v1", tags=["service reviews"])

ReviewsRead = Annotated[Principal, requires("plans:read")]
ReviewsWrite = Annotated[Principal, requires("reviews:write")]
Number = Annotated[int, Path(ge=1, lt=2**31)]


@router.post(
    "/service-reviews/{review_id}/minutes",
    status_code=201,
    operation_id="write_review_minutes",
    responses=problem_responses(404, 409),
)
async def write(
    review_id: UUID,
    body: MinutesCreate,
    caller: ReviewsWrite,
    session: Session,
    response: Response,
    _: Idempotent,
) -> MinutesOut:
    """Write the next version of the minutes of a held review, until one is approved."""
    number = await write_minutes(session, review_id, body, caller)
    response.headers["Location"] = f"/v1/service-reviews/{review_id}/minutes/{number}"
    return minutes_out(await get_minutes(session, review_id, number))


@router.get(
    "/service-reviews/{review_id}/minutes",
    operation_id="list_review_minutes",
    responses=problem_responses(404),
)
async def list_of_minutes(
    review_id: UUID, caller: ReviewsRead, session: Session, page: PageQuery
) -> Page[MinutesOut]:
    """Every version of the minutes, newest first."""
    await get_review(session, review_id)
    rows = await list_minutes(session, review_id, page)
    shown = page_of(rows, page, key=lambda row: (row.ReviewMinutes.number,))
    items = [minutes_out(row) for row in shown["items"]]
    return Page[MinutesOut](items=items, next_cursor=shown["next_cursor"])


@router.get(
    "/service-reviews/{review_id}/minutes/{number}",
    operation_id="get_review_minutes",
    responses=problem_responses(404),
)
async def get_one_minutes(
    review_id: UUID, number: Number, caller: ReviewsRead, session: Session
) -> MinutesOut:
    """One version of the minutes; it never changes."""
    return minutes_out(await get_minutes(session, review_id, number))


@router.post(
    "/service-reviews/{review_id}/minutes/{number}/approvals",
    status_code=201,
    operation_id="approve_review_minutes",
    responses=problem_responses(404, 409),
)
async def approve(
    review_id: UUID,
    number: Number,
    body: MinutesApprove,
    caller: ReviewsWrite,
    session: Session,
    _: Idempotent,
) -> MinutesOut:
    """Approve the newest minutes as the chair, by the hash of what was read; for good."""
    await approve_minutes(session, review_id, number, body.text_hash, caller)
    return minutes_out(await get_minutes(session, review_id, number))


@router.post(
    "/service-reviews/{review_id}/decisions",
    status_code=201,
    operation_id="note_review_decision",
    responses=problem_responses(404, 409),
)
async def note(
    review_id: UUID,
    body: DecisionNote,
    caller: ReviewsWrite,
    session: Session,
    _: Idempotent,
) -> ReviewDecisionOut:
    """Note what was decided in a held review."""
    return decision_out(await note_decision(session, review_id, body, caller))


@router.get(
    "/service-reviews/{review_id}/decisions",
    operation_id="list_review_decisions",
    responses=problem_responses(404),
)
async def list_of_decisions(
    review_id: UUID, caller: ReviewsRead, session: Session, page: PageQuery
) -> Page[ReviewDecisionOut]:
    """Decisions of a review in the order they were noted."""
    await get_review(session, review_id)
    rows = await list_decisions_of(session, review_id, page)
    shown = page_of(rows, page, key=lambda row: (row.recorded_at, row.id))
    items = [decision_out(row) for row in shown["items"]]
    return Page[ReviewDecisionOut](items=items, next_cursor=shown["next_cursor"])


@router.post(
    "/service-reviews/{review_id}/actions",
    status_code=201,
    operation_id="add_review_action",
    responses=problem_responses(404, 409),
)
async def add(
    review_id: UUID,
    body: ReviewActionCreate,
    caller: ReviewsWrite,
    session: Session,
    response: Response,
    _: Idempotent,
) -> ReviewActionOut:
    """Agree in a held review that something is to be done."""
    action = await add_action(session, review_id, body, caller)
    response.headers["Location"] = f"/v1/review-actions/{action.id}"
    return action_out(action, response)


@router.get("/review-actions", operation_id="list_review_actions")
async def list_all_actions(
    caller: ReviewsRead,
    session: Session,
    page: PageQuery,
    review: Annotated[UUID | None, Query(description="of this review only")] = None,
    state: Annotated[ActionState | None, Query(description="in this state only")] = None,
    owner: Annotated[ShortText | None, Query(description="of this subject")] = None,
    service: Annotated[Key | None, Query(description="of reviews that covered it")] = None,
    overdue: Annotated[bool, Query(description="only open ones past their date (UTC)")] = False,
) -> Page[ReviewActionOut]:
    """Actions of all reviews, in the order they were agreed."""
    today = now().astimezone(UTC).date() if overdue else None
    rows = await list_actions(session, ActionFilter(review, state, owner, service, today), page)
    shown = page_of(rows, page, key=lambda row: (row.created_at, row.id))
    items = [action_out(row) for row in shown["items"]]
    return Page[ReviewActionOut](items=items, next_cursor=shown["next_cursor"])


@router.get(
    "/review-actions/{action_id}",
    operation_id="get_review_action",
    responses=problem_responses(404),
)
async def get_one_action(
    action_id: UUID, caller: ReviewsRead, session: Session, response: Response
) -> ReviewActionOut:
    """One action."""
    return action_out(await get_action(session, action_id), response)


@router.patch(
    "/review-actions/{action_id}",
    operation_id="change_review_action",
    responses=problem_responses(404, 409, 412, 428),
)
async def change(
    action_id: UUID,
    body: ReviewActionPatch,
    caller: ReviewsWrite,
    expected: IfMatch,
    session: Session,
    response: Response,
) -> ReviewActionOut:
    """Change an open action, also after its review was closed."""
    return action_out(await change_action(session, action_id, body, expected, caller), response)


@router.post(
    "/review-actions/{action_id}/completion",
    operation_id="end_review_action",
    responses=problem_responses(404, 409, 412, 428),
)
async def end(
    action_id: UUID,
    body: ReviewActionEnd,
    caller: ReviewsWrite,
    expected: IfMatch,
    session: Session,
    response: Response,
) -> ReviewActionOut:
    """Say that an action is done, with what shows it; or that it is not done any more, and why."""
    return action_out(await end_action(session, action_id, body, expected, caller), response)
