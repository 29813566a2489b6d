"""Reviews and what belongs to them as the API shows them."""

from datetime import UTC
from typing import Any

from fastapi import Response

from improvement_api.service_reviews.rules import MOVES, is_overdue
from improvement_api.service_reviews.schemas import (
    MinutesOut,
    PackOut,
    ReviewActionOut,
    ReviewDecisionOut,
    ServiceReviewOut,
)
from improvement_api.service_reviews.tables import ReviewAction, ReviewDecision, ServiceReview
from shared.kit.clock import now
from shared.kit.etag import set_etag


def review_out(review: ServiceReview, response: Response | None = None) -> ServiceReviewOut:
    if response is not None:
        set_etag(response, review.version)
    names = ServiceReviewOut.model_fields.keys() - {"id", "moves"}
    return ServiceReviewOut.model_validate(
        {name: getattr(review, name) for name in names}
        | {"id": str(review.id), "moves": list(MOVES.get(review.state, ()))}
    )


def pack_out(row: Any) -> PackOut:
    order = row.ReviewPackOrder
    names = ("number", "as_of", "state", "attempts", "failure", "ordered_at", "ordered_by")
    hashes = ("inputs_sha256", "figures_sha256", "page_sha256")
    return PackOut(
        review=str(order.review_id),
        made_at=row.made_at,
        services=row.services or [],
        **{name: getattr(order, name) for name in names},
        **{name: getattr(row, name) for name in hashes},
    )


def minutes_out(row: Any) -> MinutesOut:
    minutes = row.ReviewMinutes
    names = ("number", "text", "text_hash", "written_at", "written_by")
    return MinutesOut(
        approved_at=row.approved_at,
        approved_by=row.approved_by,
        **{name: getattr(minutes, name) for name in names},
    )


def decision_out(decision: ReviewDecision) -> ReviewDecisionOut:
    names = ("text", "decided_by", "recorded_at", "recorded_by")
    shown = {name: getattr(decision, name) for name in names}
    return ReviewDecisionOut(id=str(decision.id), **shown)


def action_out(action: ReviewAction, response: Response | None = None) -> ReviewActionOut:
    if response is not None:
        set_etag(response, action.version)
    names = ReviewActionOut.model_fields.keys() - {"id", "review", "overdue"}
    today = now().astimezone(UTC).date()
    return ReviewActionOut(
        id=str(action.id),
        review=str(action.review_id),
        overdue=is_overdue(action.state, action.due_on, today),
        **{name: getattr(action, name) for name in names},
    )
