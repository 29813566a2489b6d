"""HTTP of request records; those of the catalog come in by its events."""

from typing import Annotated, Any

from fastapi import Depends, Query

from metrics_api.requests import queries
from metrics_api.requests.queries import RequestFilter
from metrics_api.requests.schemas import RequestOut, RequestVersionOut
from shared.kit.auth import Principal, requires
from shared.kit.database import Session
from shared.kit.pagination import PageQuery, page_of
from shared.kit.problems import problem_responses
from shared.kit.routing import Router
from shared.schemas.common import Key, Page, ShortText, Timestamp
from shared.schemas.metrics import IncidentState

RequestsRead = Annotated[Principal, requires("metrics:read")]

router = Router(prefix="/v1/requests", tags=["requests"])


def request_filter(
    *,
    source: Annotated[Key | None, Query()] = None,
    service: Annotated[Key | None, Query()] = None,
    offering: Annotated[Key | None, Query()] = None,
    customer: Annotated[Key | None, Query()] = None,
    state: Annotated[IncidentState | None, Query()] = None,
    opened_from: Annotated[Timestamp | None, Query()] = None,
    opened_to: Annotated[Timestamp | None, Query(description="not included")] = None,
    fulfilled_from: Annotated[Timestamp | None, Query()] = None,
    fulfilled_to: Annotated[Timestamp | None, Query(description="not included")] = None,
) -> RequestFilter:
    return RequestFilter(
        source=source,
        service=service,
        offering=offering,
        customer=customer,
        state=None if state is None else state.value,
        opened_from=opened_from,
        opened_to=opened_to,
        fulfilled_from=fulfilled_from,
        fulfilled_to=fulfilled_to,
    )


@router.get("", operation_id="list_requests", responses=problem_responses(400))
async def list_requests(
    session: Session,
    _: RequestsRead,
    wanted: Annotated[RequestFilter, Depends(request_filter)],
    page: PageQuery,
) -> Page[RequestOut]:
    """End states of requests, by source and id."""
    rows = await queries.list_requests(session, wanted, page)
    found = page_of(rows, page, key=lambda row: (row.source, row.external_id))
    return Page[RequestOut].model_validate(found)


@router.get("/{source}/{external_id}", operation_id="get_request", responses=problem_responses(404))
async def get_request(
    source: Key, external_id: ShortText, session: Session, _: RequestsRead
) -> RequestOut:
    """The end state of one request, with the timings of its steps."""
    return RequestOut.model_validate(await queries.get_request(session, source, external_id))


@router.get(
    "/{source}/{external_id}/versions",
    operation_id="list_request_versions",
    responses=problem_responses(400, 404),
)
async def list_request_versions(
    source: Key, external_id: ShortText, session: Session, _: RequestsRead, page: PageQuery
) -> Page[RequestVersionOut]:
    """Every update that is kept, in the order of receipt."""
    request = await queries.get_request(session, source, external_id)
    rows: list[Any] = list(await queries.list_versions(session, request, page))
    found = page_of(rows, page, key=lambda row: (row.received_at, row.digest))
    return Page[RequestVersionOut].model_validate(found)
