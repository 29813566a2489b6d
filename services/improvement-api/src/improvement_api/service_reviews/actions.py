"""Scheduling reviews, ordering their packs, holding and closing them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from improvement_api.service_reviews.periods import days_of, zone_of
from improvement_api.service_reviews.queries import (
    fail_pending,
    find_order,
    get_review,
    insert_row,
    newest_made,
    newest_number,
)
from improvement_api.service_reviews.record_queries import find_approval, uncancelled_actions
from improvement_api.service_reviews.rules import (
    MOVES,
    PackState,
    Planned,
    ReviewState,
    check_may_close,
    next_due,
)
from improvement_api.service_reviews.schemas import (
    PackOrderCreate,
    ServiceReviewCreate,
    ServiceReviewMove,
    ServiceReviewPatch,
)
from improvement_api.service_reviews.tables import ReviewPackOrder, ServiceReview
from shared.errors import Conflict, Invalid
from shared.kit.audit import record
from shared.kit.auth import Principal
from shared.kit.clock import now
from shared.kit.database import Session
from shared.kit.etag import check_version
from shared.kit.jobs import enqueue
from shared.kit.patches import named
from shared.kit.states import check_move, check_state

MAKE = "make_review_pack"
RESOURCE = "service_review"
_FACTS = (
    "title",
    "services",
    "customer",
    "period",
    "timezone",
    "scheduled_at",
    "chair",
    "attendees",
    "agenda",
    "state",
)


async def schedule_review(
    session: Session, body: ServiceReviewCreate, caller: Principal
) -> ServiceReview:
    """A review to be held; 422 on a period or time zone that is none."""
    days_of(body.period)
    zone_of(body.timezone)
    at = now()
    fields = body.model_dump()
    review = ServiceReview(
        id=uuid4(),
        **fields,
        state=ReviewState.SCHEDULED,
        held_at=None,
        pack=None,
        covered=[],
        next_due_on=None,
        closed_at=None,
        version=1,
        created_at=at,
        created_by=caller.person,
        updated_at=at,
    )
    await insert_row(session, review)
    await record(session, caller, "created", (RESOURCE, str(review.id)), None, _facts(review))
    return review


async def change_review(
    session: Session, review_id: UUID, patch: ServiceReviewPatch, expected: int, caller: Principal
) -> ServiceReview:
    """Change what is planned; of a held review only who was there can be put right."""
    review = await get_review(session, review_id, lock=True)
    check_version(expected, review.version)
    changes = named(patch)
    if "period" in changes:
        days_of(changes["period"])
    needed = [ReviewState.SCHEDULED]
    if changes.keys() <= {"attendees"}:
        needed.append(ReviewState.HELD)
    check_state("review", review.state, needed, "changed")
    before = _facts(review)
    for name, value in changes.items():
        setattr(review, name, value)
    await _changed(session, review, before, "changed", caller)
    return review


async def move_review(
    session: Session, review_id: UUID, body: ServiceReviewMove, caller: Principal
) -> ServiceReview:
    """Hold or close a review; 409 names what it lacks."""
    review = await get_review(session, review_id, lock=True)
    check_move("review", MOVES, review.state, body.to)
    before = _facts(review)
    if body.to is ReviewState.HELD:
        await _hold(session, review, body.held_at)
    else:
        actions = await uncancelled_actions(session, review_id)
        planned = [Planned(str(one.id), one.owner, one.due_on) for one in actions]
        check_may_close(await find_approval(session, review_id) is not None, planned)
        review.closed_at = now()
    review.state = body.to
    await _changed(session, review, before, "moved", caller, comment=body.comment)
    return review


async def _hold(session: Session, review: ServiceReview, held_at: datetime | None) -> None:
    """Freeze the pack that was looked at, and reckon from it when the next review is due."""
    at = now()
    if held_at is not None and held_at > at:
        raise Invalid("held_at lies ahead", code="not_held_yet", pointer="/held_at")
    pack = await newest_made(session, review.id)
    if pack is None:
        raise Conflict(
            "A review is held over a pack, and none is made: order one and wait until it is",
            code="pack_missing",
        )
    await fail_pending(session, review.id, "The review was held over an earlier pack")
    review.held_at = held_at or at
    review.pack, review.covered = pack.number, pack.services
    held_on = review.held_at.astimezone(zone_of(review.timezone)).date()
    review.next_due_on = next_due(held_on, pack.cadence_days, pack.review_dates)


async def order_pack(
    session: Session, review_id: UUID, body: PackOrderCreate, caller: Principal
) -> int:
    """Have a pack made by a job; the number it will have. 409 once the review was held."""
    review = await get_review(session, review_id, lock=True)
    check_state("review", review.state, [ReviewState.SCHEDULED], "given another pack")
    at = now()
    if body.as_of is not None and body.as_of > at:
        raise Invalid("as_of lies ahead", code="as_of_ahead", pointer="/as_of")
    order = ReviewPackOrder(
        review_id=review_id,
        number=await newest_number(session, review_id) + 1,
        as_of=body.as_of or min(at, review.scheduled_at),
        state=PackState.PENDING,
        attempts=0,
        failure=None,
        ordered_at=at,
        ordered_by=caller.person,
    )
    await insert_row(session, order)
    after = {"pack": order.number, "as_of": order.as_of}
    await record(session, caller, "ordered_pack", (RESOURCE, str(review_id)), None, after)
    payload = {"review": str(review_id), "number": order.number}
    await enqueue(session, MAKE, payload, lock=f"review:{review_id}")
    return order.number


async def pending_order(
    session: Session, review_id: UUID, number: int, *, lock: bool = False
) -> ReviewPackOrder | None:
    """The order, if the pack is still to be made."""
    order = await find_order(session, review_id, number, lock=lock)
    return order if order is not None and order.state is PackState.PENDING else None


async def _changed(
    session: Session,
    review: ServiceReview,
    before: Mapping[str, Any],
    action: str,
    caller: Principal,
    **said: str,
) -> None:
    review.version += 1
    review.updated_at = now()
    after = _facts(review) | said
    await record(session, caller, action, (RESOURCE, str(review.id)), before, after)


def _facts(review: ServiceReview) -> dict[str, Any]:
    names = (*_FACTS, "held_at", "pack", "next_due_on")
    return {name: getattr(review, name) for name in names}
