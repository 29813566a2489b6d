"""Making packs: our own part is read, the others are asked, the bytes are kept."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from improvement_api.plans.queries import initiatives_for
from improvement_api.providers import Providers, providers_for
from improvement_api.service_reviews.actions import MAKE, RESOURCE, pending_order
from improvement_api.service_reviews.gathering import (
    MOST_ITEMS,
    Asked,
    covered_services,
    gather_customer,
    gather_service,
    kpi_names,
)
from improvement_api.service_reviews.packs import Bytes, pack_of
from improvement_api.service_reviews.periods import periods_until, zone_of
from improvement_api.service_reviews.queries import get_review, insert_row
from improvement_api.service_reviews.record_queries import open_actions_before
from improvement_api.service_reviews.rules import PackState, is_overdue
from improvement_api.service_reviews.schemas import MOST_SERVICES
from improvement_api.service_reviews.tables import ReviewPack, ReviewPackOrder, ServiceReview
from improvement_api.settings import Settings
from shared.errors import ApiError, Unavailable
from shared.kit.audit import record
from shared.kit.auth import Principal
from shared.kit.clock import now
from shared.kit.database import transaction
from shared.kit.jobs import Job, JobContext, RetryPolicy

FOR_DAYS = RetryPolicy(
    attempts=None, first_wait=timedelta(seconds=2), longest_wait=timedelta(minutes=15)
)
Inputs = dict[str, Any]


async def make_review_pack(context: JobContext, payload: Mapping[str, Any]) -> None:
    """Make a pack that was ordered, unless its review was held meanwhile.

    An owner that is away is waited for; what an owner refuses for what it is ends the order.
    """
    review_id, number = UUID(payload["review"]), int(payload["number"])
    settings = context.settings
    assert isinstance(settings, Settings)
    async with transaction(context.engine) as session:
        order = await pending_order(session, review_id, number)
        review = None if order is None else await get_review(session, review_id)
    if order is None or review is None:
        return
    try:
        inputs = await _inputs(context, providers_for(context, settings), review, order.as_of)
    except ApiError as failure:
        waits = isinstance(failure, Unavailable)
        state = PackState.PENDING if waits else PackState.FAILED
        await _note(context, order, state, f"{failure.code}: {failure.detail}")
        if waits:
            raise
        return
    made = await asyncio.to_thread(pack_of, inputs)
    await _keep(context, order, inputs, made)


async def _inputs(
    context: JobContext, providers: Providers, review: ServiceReview, as_of: datetime
) -> Inputs:
    """All that the pack is made of, but for when and by whom: made again, it is the same."""
    on = review.scheduled_at.astimezone(zone_of(review.timezone)).date()
    services = await covered_services(providers, review.services, review.customer, on)
    customer = None
    if review.customer is not None:
        asked = Asked(review.customer, review.period, review.timezone, as_of)
        customer = await gather_customer(providers, review.customer, asked)
    told = []
    for service in services[:MOST_SERVICES]:
        asked = Asked(service, review.period, review.timezone, as_of)
        told.append(await gather_service(providers, asked))
    async with transaction(context.engine) as session:
        actions = await open_actions_before(session, review, MOST_ITEMS)
        initiatives = {one: await initiatives_for(session, one, MOST_ITEMS) for one in services}
    return {
        "review": {
            "id": str(review.id),
            "title": review.title,
            "period": review.period,
            "timezone": review.timezone,
            "scheduled_at": _stamp(review.scheduled_at),
            "chair": review.chair,
            "agenda": review.agenda,
        },
        "as_of": _stamp(as_of),
        "periods": periods_until(review.period),
        "kpi_names": await kpi_names(providers.metrics),
        "customer": customer,
        "services_left_out": services[MOST_SERVICES:],
        "services": [
            {**one, "initiatives": [_initiative(row) for row in initiatives[one["key"]]]}
            for one in told
        ],
        "actions": [
            {
                "review": str(one.review_id),
                "text": one.text,
                "owner": one.owner,
                "due_on": None if one.due_on is None else one.due_on.isoformat(),
                "overdue": is_overdue(one.state, one.due_on, as_of.astimezone(UTC).date()),
            }
            for one in actions
        ],
    }


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()


def _initiative(row: Any) -> dict[str, Any]:
    one, plan = row.Initiative, row.Plan
    return {
        "title": one.title,
        "kpi": one.kpi,
        "state": one.state.value,
        "start": one.start.isoformat(),
        "end": None if one.end is None else one.end.isoformat(),
        "plan": plan.title,
        "plan_state": plan.state.value,
    }


def _review_dates(inputs: Inputs) -> list[date]:
    """Review dates of the active agreements."""
    return sorted(
        {
            date.fromisoformat(agreement["review_date"])
            for service in inputs["services"]
            if isinstance(service["agreements"], list)
            for agreement in service["agreements"]
        }
    )


async def _keep(context: JobContext, order: ReviewPackOrder, inputs: Inputs, made: Bytes) -> None:
    customer = inputs["customer"]
    async with transaction(context.engine) as session:
        pending = await pending_order(session, order.review_id, order.number, lock=True)
        if pending is None:
            return
        pack = ReviewPack(
            review_id=order.review_id,
            number=order.number,
            services=[service["key"] for service in inputs["services"]],
            cadence_days=None if customer is None else customer["review_cadence_days"],
            review_dates=_review_dates(inputs),
            inputs=made.inputs,
            inputs_sha256=made.inputs_sha256,
            figures_sha256=made.figures_sha256,
            page=made.page,
            page_sha256=made.page_sha256,
            made_at=now(),
        )
        await insert_row(session, pack)
        pending.state, pending.failure = PackState.MADE, None
        pending.attempts += 1
        who = Principal(
            subject=context.settings.service_name,
            kind="service",
            scopes=frozenset(),
            on_behalf_of=order.ordered_by,
        )
        after = {"pack": order.number, "as_of": order.as_of, "page_sha256": made.page_sha256}
        await record(session, who, "made_pack", (RESOURCE, str(order.review_id)), None, after)


async def _note(
    context: JobContext, order: ReviewPackOrder, state: PackState, failure: str
) -> None:
    async with transaction(context.engine) as session:
        pending = await pending_order(session, order.review_id, order.number, lock=True)
        if pending is not None:
            pending.state, pending.failure = state, failure
            pending.attempts += 1


JOBS: tuple[Job, ...] = (Job(MAKE, make_review_pack, retry=FOR_DAYS),)
