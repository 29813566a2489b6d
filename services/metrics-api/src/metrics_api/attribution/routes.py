"""HTTP of attribution: what is unattributed, how it gets attributed, the catalog's events."""

from typing import Annotated, Any

from fastapi import Query, Request

from metrics_api.attribution import actions, catalog_events, queries
from metrics_api.attribution.queries import Unattributed
from metrics_api.attribution.schemas import (
    AttributionCreate,
    AttributionOut,
    CatalogEvent,
    EventReply,
    RefreshOut,
    UnattributedOut,
    UnattributedRecordOut,
)
from metrics_api.settings import Settings
from shared.kit import clock
from shared.kit.auth import Principal, requires
from shared.kit.database import Session, transaction
from shared.kit.pagination import PageQuery, page_of
from shared.kit.problems import problem_responses
from shared.kit.received_events import EVENTS_BODY, read_events
from shared.kit.routing import Router
from shared.schemas.common import Key, Page, Storable
from shared.schemas.metrics import RecordKind

AttributionRead = Annotated[Principal, requires("metrics:read")]
AttributionWrite = Annotated[Principal, requires("attribution:write")]
KindFilter = Annotated[RecordKind | None, Query(description="absent: all kinds")]
SourceFilter = Annotated[Key | None, Query()]
NameFilter = Annotated[
    str | None,
    Query(max_length=200, description="the tool's words; empty: records that name no service"),
    Storable,
]

router = Router(prefix="/v1", tags=["attribution"])


@router.get("/unattributed", operation_id="list_unattributed", responses=problem_responses(400))
async def list_unattributed(
    session: Session,
    _: AttributionRead,
    page: PageQuery,
    kind: KindFilter = None,
    source: SourceFilter = None,
) -> Page[UnattributedOut]:
    """Names under which records came that belong to no service, with how many."""
    rows = await queries.list_unattributed(session, Unattributed(kind, source), page)
    paged: dict[str, Any] = page_of(rows, page, key=_group_key)
    paged["items"] = [{**row._mapping, "service_name": row.name or None} for row in paged["items"]]
    return Page[UnattributedOut].model_validate(paged)


@router.get(
    "/unattributed/records",
    operation_id="list_unattributed_records",
    responses=problem_responses(400),
)
async def list_unattributed_records(
    session: Session,
    _: AttributionRead,
    page: PageQuery,
    kind: KindFilter = None,
    source: SourceFilter = None,
    service_name: NameFilter = None,
) -> Page[UnattributedRecordOut]:
    """The records that belong to no service, by source, id and kind."""
    wanted = Unattributed(kind, source, service_name)
    rows = await queries.list_unattributed_records(session, wanted, page)
    return Page[UnattributedRecordOut].model_validate(page_of(rows, page, key=_record_key))


@router.post(
    "/attributions",
    status_code=201,
    operation_id="create_attribution",
    responses=problem_responses(403),
)
async def create_attribution(
    body: AttributionCreate, request: Request, caller: AttributionWrite
) -> AttributionOut:
    """Say which service a name means, from now on and for the records there are; or records.

    It stands above the catalog's references. Repeating it is harmless.
    """
    state = request.app.state
    moved, at = await actions.attribute(state.engine, state.memory, body, caller)
    return AttributionOut(service=body.service, attributed=moved, recorded_at=at)


@router.post(
    "/references/refresh", operation_id="refresh_references", responses=problem_responses(403)
)
async def refresh_references(request: Request, _: AttributionWrite) -> RefreshOut:
    """Copy services and references from the catalog now, and attribute what they explain."""
    state = request.app.state
    services, moved = await actions.refresh(state.engine, state.memory, state.catalog)
    async with transaction(state.engine) as session:
        left = await queries.count_unattributed(session)
    return RefreshOut(
        services=services, attributed=moved, unattributed=left, refreshed_at=clock.now()
    )


@router.post(
    "/events/catalog",
    status_code=200,
    operation_id="receive_catalog_event",
    responses=problem_responses(403, 413),
    openapi_extra=EVENTS_BODY,
)
async def receive_catalog_event(request: Request) -> EventReply:
    """Take in an event of the catalog or a batch, signed as Standard Webhooks has it.

    Repeats are harmless.
    """
    state = request.app.state
    settings: Settings = state.settings
    secrets = (settings.catalog_event_secret, settings.catalog_event_secret_before)
    events = await read_events(request, secrets, CatalogEvent)
    return EventReply(taken=await catalog_events.take_in(state.engine, state.memory, events))


def _group_key(row: Any) -> tuple[int, str, str]:
    return (row.source_id, row.name, row.kind)


def _record_key(row: Any) -> tuple[int, str, str]:
    return (row.source_id, row.external_id, row.kind)
