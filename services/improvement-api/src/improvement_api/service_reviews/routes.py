"""Service reviews over HTTP: the reviews and their packs."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import Path, Query, Response
from starlette.concurrency import run_in_threadpool

from improvement_api.providers import Remotes, check_customer, check_service
from improvement_api.service_reviews.actions import (
    change_review,
    move_review,
    order_pack,
    schedule_review,
)
from improvement_api.service_reviews.packs import page_of, sha256
from improvement_api.service_reviews.queries import (
    ReviewFilter,
    get_made,
    get_pack,
    get_review,
    list_packs,
    list_reviews,
)
from improvement_api.service_reviews.record_routes import router as record_router
from improvement_api.service_reviews.rules import ReviewState
from improvement_api.service_reviews.schemas import (
    DOCUMENT,
    PackOrderCreate,
    PackOut,
    PackVerification,
    ServiceReviewCreate,
    ServiceReviewMove,
    ServiceReviewOut,
    ServiceReviewPatch,
)
from improvement_api.service_reviews.shapes import pack_out, review_out
from improvement_api.service_reviews.tables import ReviewPack
from shared.kit.auth import Principal, requires
from shared.kit.database import Session
from shared.kit.etag import IfMatch
from shared.kit.forms import Form
from shared.kit.idempotency import Idempotent
from shared.kit.page_form import NOTHING_FETCHED
from shared.kit.pagination import PageQuery
from shared.kit.pagination import page_of as page_with
from shared.kit.problems import problem_responses
from shared.kit.routing import Router
from shared.schemas.common import Key, Page, ShortText, Timestamp

router = Router(prefix="/v1", tags=["service reviews"])

ReviewsRead = Annotated[Principal, requires("plans:read")]
ReviewsWrite = Annotated[Principal, requires("reviews:write")]
Number = Annotated[int, Path(ge=1, lt=2**31)]


@router.post("/service-reviews", status_code=201, operation_id="schedule_service_review")
async def schedule(
    body: ServiceReviewCreate,
    caller: ReviewsWrite,
    remotes: Remotes,
    session: Session,
    response: Response,
    _: Idempotent,
) -> ServiceReviewOut:
    """Schedule a review of services, or of a customer with all that it is engaged with."""
    for place, service in enumerate(body.services):
        await check_service(remotes, service, f"/services/{place}")
    if body.customer is not None:
        await check_customer(remotes, body.customer, "/customer")
    review = await schedule_review(session, body, caller)
    response.headers["Location"] = f"/v1/service-reviews/{review.id}"
    return review_out(review, response)


@router.get("/service-reviews", operation_id="list_service_reviews")
async def list_all(
    caller: ReviewsRead,
    session: Session,
    page: PageQuery,
    state: Annotated[ReviewState | None, Query(description="in this state only")] = None,
    service: Annotated[Key | None, Query(description="reviewed, or covered by the pack")] = None,
    customer: Annotated[Key | None, Query()] = None,
    chair: Annotated[ShortText | None, Query(description="chaired by this subject")] = None,
    scheduled_from: Annotated[Timestamp | None, Query()] = None,
    scheduled_to: Annotated[Timestamp | None, Query(description="not included")] = None,
) -> Page[ServiceReviewOut]:
    """Reviews, the latest first."""
    wanted = ReviewFilter(state, service, customer, chair, scheduled_from, scheduled_to)
    rows = await list_reviews(session, wanted, page)
    shown = page_with(rows, page, key=lambda row: (row.scheduled_at, row.id))
    items = [review_out(row) for row in shown["items"]]
    return Page[ServiceReviewOut](items=items, next_cursor=shown["next_cursor"])


@router.get(
    "/service-reviews/{review_id}",
    operation_id="get_service_review",
    responses=problem_responses(404),
)
async def get_one(
    review_id: UUID, caller: ReviewsRead, session: Session, response: Response
) -> ServiceReviewOut:
    """One review, with the states it can be moved to and when the next is due."""
    return review_out(await get_review(session, review_id), response)


@router.patch(
    "/service-reviews/{review_id}",
    operation_id="change_service_review",
    responses=problem_responses(404, 409, 412, 428),
)
async def change(
    review_id: UUID,
    body: ServiceReviewPatch,
    caller: ReviewsWrite,
    expected: IfMatch,
    session: Session,
    response: Response,
) -> ServiceReviewOut:
    """Change a scheduled review; of a held one only who was there can be put right."""
    return review_out(await change_review(session, review_id, body, expected, caller), response)


@router.post(
    "/service-reviews/{review_id}/transitions",
    status_code=201,
    operation_id="move_service_review",
    responses=problem_responses(404, 409),
)
async def move(
    review_id: UUID,
    body: ServiceReviewMove,
    caller: ReviewsWrite,
    session: Session,
    response: Response,
    _: Idempotent,
) -> ServiceReviewOut:
    """Hold a review over its newest pack, which is frozen thereby; or close it.

    It is closed with minutes that the chair approved, and an owner and a due date for every
    action: 409 says what is lacking.
    """
    return review_out(await move_review(session, review_id, body, caller), response)


@router.post(
    "/service-reviews/{review_id}/packs",
    status_code=202,
    operation_id="order_review_pack",
    responses=problem_responses(404, 409),
)
async def order(
    review_id: UUID,
    body: PackOrderCreate,
    caller: ReviewsWrite,
    session: Session,
    response: Response,
    _: Idempotent,
) -> PackOut:
    """Have a pack made of the figures as of the review's date; a job makes it, however long it
    takes. Any number of them, until the review is held."""
    number = await order_pack(session, review_id, body, caller)
    response.headers["Location"] = f"/v1/service-reviews/{review_id}/packs/{number}"
    return pack_out(await get_pack(session, review_id, number))


@router.get(
    "/service-reviews/{review_id}/packs",
    operation_id="list_review_packs",
    responses=problem_responses(404),
)
async def list_of_packs(
    review_id: UUID, caller: ReviewsRead, session: Session, page: PageQuery
) -> Page[PackOut]:
    """Packs of a review, newest first, with their hashes."""
    await get_review(session, review_id)
    rows = await list_packs(session, review_id, page)
    shown = page_with(rows, page, key=lambda row: (row.ReviewPackOrder.number,))
    items = [pack_out(row) for row in shown["items"]]
    return Page[PackOut](items=items, next_cursor=shown["next_cursor"])


@router.get(
    "/service-reviews/{review_id}/packs/{number}",
    operation_id="get_review_pack",
    responses=problem_responses(404),
)
async def get_one_pack(
    review_id: UUID, number: Number, caller: ReviewsRead, session: Session
) -> PackOut:
    """How far a pack is, and the hashes of what was made."""
    return pack_out(await get_pack(session, review_id, number))


@router.get(
    "/service-reviews/{review_id}/packs/{number}/document",
    operation_id="get_review_pack_document",
    response_class=Response,
    responses={**DOCUMENT, **problem_responses(404)},
)
async def get_document(
    review_id: UUID,
    number: Number,
    caller: ReviewsRead,
    session: Session,
    form: Annotated[Literal[Form.JSON, Form.HTML], Query(alias="format")] = Form.HTML,
) -> Response:
    """The bytes of a pack, the same for ever: the page for print, or all that it was made of."""
    pack = await get_made(session, review_id, number)
    if form is Form.HTML:
        body, digest, media_type = pack.page, pack.page_sha256, "text/html; charset=utf-8"
    else:
        body, digest, media_type = pack.inputs, pack.inputs_sha256, "application/json"
    headers = {"ETag": f'"{digest}"', **NOTHING_FETCHED}
    return Response(body, headers=headers, media_type=media_type)


@router.get(
    "/service-reviews/{review_id}/packs/{number}/verification",
    operation_id="verify_review_pack",
    responses=problem_responses(404),
)
async def verify(
    review_id: UUID, number: Number, caller: ReviewsRead, session: Session
) -> PackVerification:
    """Make the page again from the inputs that are kept, and compare the bytes."""
    pack = await get_made(session, review_id, number)
    return await run_in_threadpool(_made_again, pack)


def _made_again(pack: ReviewPack) -> PackVerification:
    page = page_of(pack.inputs)
    return PackVerification(
        number=pack.number,
        same=page == pack.page,
        page_sha256=pack.page_sha256,
        made_again_sha256=sha256(page),
        inputs_intact=sha256(pack.inputs) == pack.inputs_sha256,
    )


router.routes.extend(record_router.routes)
