"""HTTP of signals: metrics-api's events come in, whoever acts on them reads on."""

from typing import Annotated

from fastapi import Query, Request

from improvement_api.settings import Settings
from improvement_api.signals import queries
from improvement_api.signals.actions import take_events
from improvement_api.signals.queries import SignalFilter
from improvement_api.signals.schemas import EventReply, MetricsEvent, SignalOut
from shared.kit.auth import Principal, requires
from shared.kit.database import Session
from shared.kit.pagination import PageQuery, page_of
from shared.kit.problems import problem_responses
from shared.kit.received_events import EVENTS_BODY, read_events
from shared.kit.routing import Router
from shared.schemas.common import Key, Page, ShortText, Timestamp

SignalsRead = Annotated[Principal, requires("plans:read")]
LAST_SEQUENCE = 2**63 - 1

router = Router(prefix="/v1", tags=["signals"])


@router.post(
    "/events/metrics",
    operation_id="receive_metrics_event",
    responses=problem_responses(403, 413),
    openapi_extra=EVENTS_BODY,
)
async def receive_metrics_event(request: Request, session: Session) -> EventReply:
    """Keep an event of metrics-api, or a batch of them whole, signed as Standard Webhooks has it.

    Repeats are harmless.
    """
    settings: Settings = request.app.state.settings
    secrets = (settings.metrics_event_secret, settings.metrics_event_secret_before)
    events = await read_events(request, secrets, MetricsEvent)
    return EventReply(taken=await take_events(session, [*events.values()]) > 0)


@router.get("/signals", operation_id="list_signals", responses=problem_responses(400))
async def list_signals(
    session: Session,
    _: SignalsRead,
    page: PageQuery,
    type: Annotated[  # noqa: A002 - the name of the parameter
        ShortText | None, Query(description="such as clock.breached")
    ] = None,
    service: Annotated[Key | None, Query()] = None,
    since: Annotated[Timestamp | None, Query(description="received then or later")] = None,
    after: Annotated[
        int | None, Query(ge=0, le=LAST_SEQUENCE, description="of a higher sequence only")
    ] = None,
) -> Page[SignalOut]:
    """What metrics-api told, in the order of receipt: of one service, the order it happened in.

    To read on later, ask for what comes `after` the last sequence seen: none is stepped over.
    """
    rows = await queries.list_signals(session, SignalFilter(type, service, since, after), page)
    return Page[SignalOut].model_validate(page_of(rows, page, key=lambda row: (row.sequence,)))
