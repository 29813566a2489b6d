"""Statements over reviews and their packs."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Text, cast, func, or_, select, update
from sqlalchemy.dialects.postgresql import ARRAY, array
from sqlalchemy.ext.asyncio import AsyncSession

from improvement_api.fact_sheets import SERVICE, TODAY
from improvement_api.service_reviews.rules import ActionState, PackState, ReviewState
from improvement_api.service_reviews.tables import (
    ReviewAction,
    ReviewPack,
    ReviewPackOrder,
    ServiceReview,
)
from shared.errors import NotFound
from shared.kit.pagination import PageParams, keyset


@dataclass(frozen=True)
class ReviewFilter:
    """None means any; `service` is reviewed, or was covered by the pack of a held one."""

    state: ReviewState | None = None
    service: str | None = None
    customer: str | None = None
    chair: str | None = None
    scheduled_from: datetime | None = None
    scheduled_to: datetime | None = None


async def insert_row(session: AsyncSession, row: Any) -> None:
    session.add(row)
    await session.flush()


async def list_reviews(
    session: AsyncSession, wanted: ReviewFilter, page: PageParams
) -> list[ServiceReview]:
    """Reviews, the latest first, one more than the page holds."""
    table = ServiceReview
    statement = select(table)
    for column, value in (
        (table.state, wanted.state),
        (table.customer, wanted.customer),
        (table.chair, wanted.chair),
    ):
        if value is not None:
            statement = statement.where(column == value)
    if wanted.service is not None:
        of_it = (column.contains([wanted.service]) for column in (table.services, table.covered))
        statement = statement.where(or_(*of_it))
    if wanted.scheduled_from is not None:
        statement = statement.where(table.scheduled_at >= wanted.scheduled_from)
    if wanted.scheduled_to is not None:
        statement = statement.where(table.scheduled_at < wanted.scheduled_to)
    order: list[Any] = [table.scheduled_at.desc(), table.id.desc()]
    return list(await session.scalars(keyset(statement, order, page)))


async def get_review(
    session: AsyncSession, review_id: UUID, *, lock: bool = False
) -> ServiceReview:
    review = await session.get(ServiceReview, review_id, with_for_update=lock or None)
    if review is None:
        raise NotFound(f"There is no service review {review_id}")
    return review


async def find_order(
    session: AsyncSession, review_id: UUID, number: int, *, lock: bool = False
) -> ReviewPackOrder | None:
    return await session.get(ReviewPackOrder, (review_id, number), with_for_update=lock or None)


async def list_packs(session: AsyncSession, review_id: UUID, page: PageParams) -> list[Any]:
    """Orders of a review with the packs made of them but for their bytes, newest first."""
    statement = _packs().where(ReviewPackOrder.review_id == review_id)
    order: list[Any] = [ReviewPackOrder.number.desc()]
    return list((await session.execute(keyset(statement, order, page))).all())


async def get_pack(session: AsyncSession, review_id: UUID, number: int) -> Any:
    """An order with what was made of it, but for the bytes; raises NotFound."""
    statement = _packs().where(
        ReviewPackOrder.review_id == review_id, ReviewPackOrder.number == number
    )
    found = (await session.execute(statement)).first()
    if found is None:
        raise NotFound(f"There is no pack {number} of this review")
    return found


def _packs() -> Any:
    made = ReviewPack
    columns = (
        made.made_at,
        made.services,
        made.inputs_sha256,
        made.figures_sha256,
        made.page_sha256,
    )
    same = (made.review_id == ReviewPackOrder.review_id, made.number == ReviewPackOrder.number)
    return select(ReviewPackOrder, *columns).outerjoin(made, same[0] & same[1])


async def get_made(session: AsyncSession, review_id: UUID, number: int) -> ReviewPack:
    """A pack with its bytes; raises NotFound also while it is not made."""
    pack = await session.get(ReviewPack, (review_id, number))
    if pack is None:
        raise NotFound(f"The pack {number} of this review is not made")
    return pack


async def newest_made(session: AsyncSession, review_id: UUID) -> ReviewPack | None:
    statement = (
        select(ReviewPack)
        .where(ReviewPack.review_id == review_id)
        .order_by(ReviewPack.number.desc())
        .limit(1)
    )
    return await session.scalar(statement)


async def newest_number(session: AsyncSession, review_id: UUID) -> int:
    """Number of the newest order, 0 without any."""
    statement = select(func.max(ReviewPackOrder.number)).where(
        ReviewPackOrder.review_id == review_id
    )
    return await session.scalar(statement) or 0


async def fail_pending(session: AsyncSession, review_id: UUID, failure: str) -> None:
    """No pack of a review is made any more."""
    await session.execute(
        update(ReviewPackOrder)
        .where(ReviewPackOrder.review_id == review_id, ReviewPackOrder.state == PackState.PENDING)
        .values(state=PackState.FAILED, failure=failure)
    )


_OVERDUE: Final = (ReviewAction.state == ActionState.OPEN) & (ReviewAction.due_on < TODAY)
FACTS: Final = (
    select(func.max(ServiceReview.held_at), func.count(ReviewAction.id))
    .select_from(ServiceReview)
    .outerjoin(ReviewAction, (ReviewAction.review_id == ServiceReview.id) & _OVERDUE)
    .where(ServiceReview.covered.contains(cast(array([SERVICE]), ARRAY(Text))))
)
"""When a review that covered a service was last held (null: never), and how many actions of such
reviews are open past their date."""
