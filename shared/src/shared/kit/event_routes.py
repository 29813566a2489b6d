"""/v1/subscriptions, /v1/events, /v1/deliveries: who hears of what, and what came of it."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Path, Query, Request, Response
from pydantic import Field, StringConstraints

from shared.errors import Conflict, Invalid, NotFound
from shared.kit import audit, event_queries
from shared.kit.auth import Principal, requires
from shared.kit.database import Session
from shared.kit.event_queries import DeliveryFilter, EventFilter
from shared.kit.events import enqueue_delivery, new_subscription
from shared.kit.idempotency import Idempotent
from shared.kit.pagination import PageQuery, page_of
from shared.kit.problems import problem_responses
from shared.kit.routing import Router
from shared.kit.webhook_targets import RefusedTarget, UnresolvedTarget, resolve_target
from shared.schemas.common import Key, Out, Page, ShortText, Wire

router = Router(prefix="/v1")

SubscriptionsRead = Annotated[Principal, requires("subscriptions:read")]
SubscriptionsWrite = Annotated[Principal, requires("subscriptions:write")]
EventType = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z_]+(\.[a-z_]+)+$", max_length=100),
    Field(examples=["service.stage_changed"]),
]
WantedType = Annotated[
    str,
    StringConstraints(pattern=r"^([a-z_]+(\.[a-z_]+)+|[a-z_]+\.\*)$", max_length=100),
    Field(
        description="a type, or with `.*` every type of a resource",
        examples=["service.stage_changed", "agreement.*"],
    ),
]
Sequence = Annotated[int, Field(ge=1, le=2**62)]
SubscriptionId = Annotated[UUID, Path(description="id of the subscription")]
MAX_TYPES = 50


class SubscriptionCreate(Wire):
    """Who wants to hear of what; without `from_sequence` of events from now on."""

    name: Key
    url: Annotated[
        ShortText, Field(description="http or https", examples=["https://itsm.example/hooks"])
    ]
    types: Annotated[
        tuple[WantedType, ...], Field(max_length=MAX_TYPES, description="empty means every type")
    ] = ()
    from_sequence: Sequence | None = None


class SubscriptionOut(Out):
    """`cursor` is the sequence of the last event delivered or skipped over."""

    id: UUID
    name: str
    url: str
    types: list[str]
    state: str = Field(description="active or disabled")
    disabled_reason: str | None
    built_in: bool = Field(description="another of our services, from the settings")
    cursor: int
    failures: int = Field(description="failed attempts in a row")
    failing_since: datetime | None
    retry_at: datetime | None
    delivered_at: datetime | None = Field(description="when it last took an event")
    created_at: datetime
    created_by: str


class SubscriptionCreated(SubscriptionOut):
    secret: str = Field(description="signing secret (Standard Webhooks); shown this once")


class ReplayRequest(Wire):
    from_sequence: Annotated[Sequence, Field(description="first sequence to send again")]


class EventOut(Out):
    id: UUID
    sequence: int
    type: str = Field(description="what happened: thing.action")
    subject: str = Field(description="what it concerns; events of one subject come in order")
    data: dict[str, Any] = Field(
        description="as subscribers get it: its fields depend on `type`, clients pass over others"
    )
    occurred_at: datetime


class DeliveryOut(Out):
    """`status` is the HTTP status of the last attempt, null when no answer came."""

    id: UUID
    subscription_id: UUID
    event_id: UUID
    sequence: int
    state: str = Field(description="delivered or failing")
    attempts: int
    status: int | None
    error: str | None
    first_attempt_at: datetime
    last_attempt_at: datetime
    next_attempt_at: datetime | None


@router.post(
    "/subscriptions",
    status_code=201,
    operation_id="create_subscription",
    tags=["events"],
    responses=problem_responses(409, 422),
)
async def create_subscription(
    body: SubscriptionCreate,
    request: Request,
    response: Response,
    session: Session,
    caller: SubscriptionsWrite,
    _: Idempotent,
) -> SubscriptionCreated:
    """Subscribe a URL to events; its deliveries are signed with the secret in the reply."""
    await _check_url(request, body.url)
    values = new_subscription(body.name, body.url, body.types, caller.person)
    if body.from_sequence is None:
        values["cursor"] = await event_queries.last_sequence(session)
    else:
        values["cursor"] = body.from_sequence - 1
    row = await event_queries.insert_subscription(session, values)
    if row is None:
        raise Conflict("There is a subscription of that name", code="name_taken", pointer="/name")
    created = SubscriptionCreated.model_validate(row)
    await _record(session, caller, "subscription.created", after=created)
    await enqueue_delivery(session, row)
    response.headers["Location"] = f"/v1/subscriptions/{row.id}"
    return created


@router.get("/subscriptions", operation_id="list_subscriptions", tags=["events"])
async def list_subscriptions(
    session: Session, _: SubscriptionsRead, page: PageQuery
) -> Page[SubscriptionOut]:
    """Subscriptions by name."""
    rows = await event_queries.list_subscriptions(session, page)
    return Page[SubscriptionOut].model_validate(page_of(rows, page, lambda row: (row.name,)))


@router.get(
    "/subscriptions/{subscription}",
    operation_id="get_subscription",
    tags=["events"],
    responses=problem_responses(404),
)
async def get_subscription(
    subscription: SubscriptionId, session: Session, _: SubscriptionsRead
) -> SubscriptionOut:
    """A subscription: how far it has come, and since when it fails."""
    row = await event_queries.find_subscription(session, subscription)
    if row is None:
        raise _unknown()
    return SubscriptionOut.model_validate(row)


@router.delete(
    "/subscriptions/{subscription}",
    status_code=204,
    operation_id="delete_subscription",
    tags=["events"],
    responses=problem_responses(404, 409),
)
async def delete_subscription(
    subscription: SubscriptionId, session: Session, caller: SubscriptionsWrite
) -> Response:
    """End a subscription and forget its deliveries; 409 for one of our own services."""
    row = await event_queries.find_subscription(session, subscription)
    if row is None:
        raise _unknown()
    if row.built_in:
        raise Conflict(
            f"{row.name} is one of our own services: only the operator's settings end it",
            code="built_in_subscription",
        )
    await event_queries.delete_subscription(session, subscription)
    await _record(
        session, caller, "subscription.deleted", before=SubscriptionOut.model_validate(row)
    )
    return Response(status_code=204)


@router.post(
    "/subscriptions/{subscription}/replay",
    status_code=202,
    operation_id="replay_subscription",
    tags=["events"],
    responses=problem_responses(404, 409, 422),
)
async def replay_subscription(
    subscription: SubscriptionId,
    body: ReplayRequest,
    session: Session,
    caller: SubscriptionsWrite,
) -> SubscriptionOut:
    """Send everything from a sequence on again, now; also revives a disabled subscription.

    Events keep their ids, so that a receiver knows what it has had already. 409 where one of our
    own services would miss events that it has not had yet.
    """
    before = await event_queries.find_subscription(session, subscription)
    if before is not None and before.built_in and body.from_sequence > before.cursor + 1:
        raise Conflict(
            f"{before.name} is one of our own services and has had events up to {before.cursor}:"
            " it misses none",
            code="built_in_subscription",
            pointer="/from_sequence",
        )
    changed = await event_queries.change_subscription(
        session,
        subscription,
        {
            "cursor": body.from_sequence - 1,
            "state": "active",
            "disabled_reason": None,
            "failures": 0,
            "failing_since": None,
            "retry_at": None,
        },
    )
    if before is None or changed is None:
        raise _unknown()
    after = SubscriptionOut.model_validate(changed)
    await _record(
        session, caller, "subscription.replayed", SubscriptionOut.model_validate(before), after
    )
    await enqueue_delivery(session, changed)
    return after


@router.get("/events", operation_id="list_events", tags=["events"])
async def list_events(
    session: Session,
    _: SubscriptionsRead,
    page: PageQuery,
    type: Annotated[EventType | None, Query(description="only this type")] = None,  # noqa: A002
    subject: Annotated[
        ShortText | None,
        Query(description="only this subject", examples=["agreement:erp-for-finance"]),
    ] = None,
) -> Page[EventOut]:
    """Events of the last 30 days, oldest first."""
    rows = await event_queries.list_events(session, EventFilter(type, subject), page)
    return Page[EventOut].model_validate(page_of(rows, page, lambda row: (row.sequence,)))


@router.get("/deliveries", operation_id="list_deliveries", tags=["events"])
async def list_deliveries(
    session: Session,
    _: SubscriptionsRead,
    page: PageQuery,
    subscription: Annotated[UUID | None, Query(description="only to this subscription")] = None,
    state: Annotated[
        Literal["delivered", "failing"] | None, Query(description="only in this state")
    ] = None,
) -> Page[DeliveryOut]:
    """What was sent to whom and what came of it, newest event first."""
    rows = await event_queries.list_deliveries(session, DeliveryFilter(subscription, state), page)
    return Page[DeliveryOut].model_validate(page_of(rows, page, lambda row: (row.sequence, row.id)))


async def _check_url(request: Request, url: str) -> None:
    """A name that has no address yet may get one; what it then is, is checked at each sending."""
    allow_private = request.app.state.settings.allow_private_subscribers
    try:
        await resolve_target(url, allow_private=allow_private)
    except UnresolvedTarget:
        return
    except RefusedTarget as refusal:
        raise Invalid(f"The URL is refused: {refusal}", code="bad_url", pointer="/url") from None


async def _record(
    session: Session,
    caller: Principal,
    action: str,
    before: SubscriptionOut | None = None,
    after: SubscriptionOut | None = None,
) -> None:
    subject = after or before
    assert subject is not None
    await audit.record(
        session,
        caller,
        action,
        ("subscription", str(subject.id)),
        before.model_dump(exclude={"secret"}) if before else None,
        after.model_dump(exclude={"secret"}) if after else None,
    )


def _unknown() -> NotFound:
    return NotFound("There is no such subscription")
