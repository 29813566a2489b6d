"""Statements over what a review leaves: minutes, decisions and actions."""

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from improvement_api.service_reviews.rules import ActionState
from improvement_api.service_reviews.tables import (
    ReviewAction,
    ReviewDecision,
    ReviewMinutes,
    ReviewMinutesApproval,
    ServiceReview,
)
from shared.errors import NotFound
from shared.kit.pagination import PageParams, keyset


@dataclass(frozen=True)
class ActionFilter:
    """None means any; `overdue_on` is the day on which those overdue are asked for."""

    review: UUID | None = None
    state: ActionState | None = None
    owner: str | None = None
    service: str | None = None
    overdue_on: date | None = None


async def list_minutes(session: AsyncSession, review_id: UUID, page: PageParams) -> list[Any]:
    """Versions of the minutes with the approval of the one that has it, newest first."""
    statement = _minutes().where(ReviewMinutes.review_id == review_id)
    order: list[Any] = [ReviewMinutes.number.desc()]
    return list((await session.execute(keyset(statement, order, page))).all())


async def get_minutes(session: AsyncSession, review_id: UUID, number: int) -> Any:
    """A version of the minutes with its approval; raises NotFound."""
    statement = _minutes().where(
        ReviewMinutes.review_id == review_id, ReviewMinutes.number == number
    )
    found = (await session.execute(statement)).first()
    if found is None:
        raise NotFound(f"There are no minutes {number} of this review")
    return found


def _minutes() -> Any:
    approval = ReviewMinutesApproval
    same = (approval.review_id == ReviewMinutes.review_id) & (
        approval.number == ReviewMinutes.number
    )
    columns = (approval.approved_at, approval.approved_by)
    return select(ReviewMinutes, *columns).outerjoin(approval, same)


async def newest_minutes(session: AsyncSession, review_id: UUID) -> int:
    """Number of the newest version of the minutes, 0 without any."""
    statement = select(func.max(ReviewMinutes.number)).where(ReviewMinutes.review_id == review_id)
    return await session.scalar(statement) or 0


async def find_approval(session: AsyncSession, review_id: UUID) -> ReviewMinutesApproval | None:
    return await session.get(ReviewMinutesApproval, review_id)


async def list_decisions_of(
    session: AsyncSession, review_id: UUID, page: PageParams
) -> list[ReviewDecision]:
    """Decisions of a review in their order, one more than the page holds."""
    statement = select(ReviewDecision).where(ReviewDecision.review_id == review_id)
    order: list[Any] = [ReviewDecision.recorded_at, ReviewDecision.id]
    return list(await session.scalars(keyset(statement, order, page)))


async def get_action(session: AsyncSession, action_id: UUID, *, lock: bool = False) -> ReviewAction:
    action = await session.get(ReviewAction, action_id, with_for_update=lock or None)
    if action is None:
        raise NotFound(f"There is no review action {action_id}")
    return action


async def list_actions(
    session: AsyncSession, wanted: ActionFilter, page: PageParams
) -> list[ReviewAction]:
    """Actions in the order they were agreed, one more than the page holds."""
    table = ReviewAction
    statement = select(table)
    for column, value in (
        (table.review_id, wanted.review),
        (table.state, wanted.state),
        (table.owner, wanted.owner),
    ):
        if value is not None:
            statement = statement.where(column == value)
    if wanted.overdue_on is not None:
        statement = statement.where(
            table.state == ActionState.OPEN, table.due_on < wanted.overdue_on
        )
    if wanted.service is not None:
        statement = statement.where(table.review_id.in_(_reviews_of([wanted.service], None)))
    order: list[Any] = [table.created_at, table.id]
    return list(await session.scalars(keyset(statement, order, page)))


async def uncancelled_actions(session: AsyncSession, review_id: UUID) -> list[ReviewAction]:
    statement = select(ReviewAction).where(
        ReviewAction.review_id == review_id, ReviewAction.state != ActionState.CANCELLED
    )
    return list(await session.scalars(statement.order_by(ReviewAction.created_at)))


async def open_actions_before(
    session: AsyncSession, review: ServiceReview, most: int
) -> list[ReviewAction]:
    """Open actions of earlier reviews of the same services or customer, the first due first."""
    earlier = (
        _reviews_of(review.services, review.customer)
        .where(ServiceReview.id != review.id)
        .where(ServiceReview.scheduled_at <= review.scheduled_at)
    )
    statement = (
        select(ReviewAction)
        .where(ReviewAction.review_id.in_(earlier), ReviewAction.state == ActionState.OPEN)
        .order_by(ReviewAction.due_on.asc().nulls_last(), ReviewAction.created_at, ReviewAction.id)
        .limit(most)
    )
    return list(await session.scalars(statement))


def _reviews_of(services: list[str], customer: str | None) -> Any:
    same = [ServiceReview.services.overlap(services), ServiceReview.covered.overlap(services)]
    if customer is not None:
        same = [ServiceReview.customer == customer]
    return select(ServiceReview.id).where(or_(*same))
