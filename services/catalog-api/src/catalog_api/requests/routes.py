"""Requests over HTTP: made, found, walked step by step."""

from typing import Annotated, Any

from fastapi import Depends, Path, Query, Response

from catalog_api.requests import actions, queries, rules
from catalog_api.requests.queries import RequestFilters
from catalog_api.requests.schemas import Reason, RequestCreate, RequestOut, RequestSummary
from shared.kit.auth import Principal, requires
from shared.kit.clock import now
from shared.kit.database import Session
from shared.kit.etag import set_etag, tells_etag
from shared.kit.idempotency import Idempotent
from shared.kit.pagination import PageQuery, page_of
from shared.kit.problems import problem_responses
from shared.kit.routing import Router
from shared.schemas.catalog import RequestState, Role
from shared.schemas.common import Key, Page, ShortText

router = Router(prefix="/v1", tags=["requests"])

CatalogRead = Annotated[Principal, requires("catalog:read")]
RequestsWrite = Annotated[Principal, requires("requests:write")]
_HEX = "[0-9a-fA-F]"
RequestName = Annotated[
    str,
    Path(
        description="number or id of the request",
        pattern=f"^(REQ-[0-9]{{1,12}}|{_HEX}{{8}}(-{_HEX}{{4}}){{3}}-{_HEX}{{12}})$",
        examples=["REQ-000123"],
    ),
]


async def request_filters(
    *,
    offering: Annotated[Key | None, Query()] = None,
    service: Annotated[Key | None, Query()] = None,
    state: RequestState | None = None,
    requester: Annotated[ShortText | None, Query(description="who made it")] = None,
    requested_for: Annotated[ShortText | None, Query()] = None,
    customer: Annotated[Key | None, Query()] = None,
    waiting_for: Annotated[Role | None, Query(description="role that owns the next step")] = None,
    overdue: Annotated[bool | None, Query(description="not ended, and due before now")] = None,
) -> RequestFilters:
    return RequestFilters(
        now(), offering, service, state, requester, requested_for, customer, waiting_for, overdue
    )


@router.post(
    "/offerings/{key}/requests",
    status_code=201,
    operation_id="submit_request",
    response_model=RequestOut,
    responses=problem_responses(403, 404, 409),
)
async def submit_request(
    key: Key,
    body: RequestCreate,
    session: Session,
    caller: RequestsWrite,
    response: Response,
    _: Idempotent,
) -> Any:
    """Ask for what an offering offers. Each answer that does not fit its form is pointed at."""
    request = await actions.submit_request(session, caller, key, body)
    response.headers["Location"] = f"/v1/requests/{request.number}"
    return _tagged(request, response)


@router.get("/requests", operation_id="list_requests", response_model=Page[RequestSummary])
async def list_requests(
    session: Session,
    caller: CatalogRead,
    filters: Annotated[RequestFilters, Depends(request_filters)],
    page: PageQuery,
) -> Any:
    """Requests, the newest first. `waiting_for` makes it the work list of a role."""
    rows = await queries.list_requests(session, filters, page)
    found = page_of(rows, page, key=lambda row: (row.number,))
    items = [
        {
            **row._mapping,
            "number": rules.number_of(row.number),
            "overdue": rules.is_overdue(row.state, row.due_at, filters.now),
        }
        for row in found["items"]
    ]
    return {**found, "items": items}


@router.get(
    "/requests/{request}",
    operation_id="get_request",
    response_model=RequestOut,
    responses={**tells_etag(), **problem_responses(404)},
)
async def get_request(
    request: RequestName, session: Session, caller: CatalogRead, response: Response
) -> Any:
    """A request with its answers and the timings of its steps."""
    return _tagged(await actions.read_request(session, request), response)


@router.post(
    "/requests/{request}/steps/{step}/start",
    operation_id="start_request_step",
    response_model=RequestOut,
    responses=problem_responses(403, 404, 409),
)
async def start_request_step(
    request: RequestName, step: Key, session: Session, caller: RequestsWrite, response: Response
) -> Any:
    """Start the next step, as a holder of the role that owns it."""
    return _tagged(await actions.start_step(session, caller, request, step), response)


@router.post(
    "/requests/{request}/steps/{step}/complete",
    operation_id="complete_request_step",
    response_model=RequestOut,
    responses=problem_responses(403, 404, 409),
)
async def complete_request_step(
    request: RequestName, step: Key, session: Session, caller: RequestsWrite, response: Response
) -> Any:
    """Complete the step under way, as a holder of its role; the last one fulfils the request."""
    return _tagged(await actions.complete_step(session, caller, request, step), response)


@router.post(
    "/requests/{request}/cancel",
    operation_id="cancel_request",
    response_model=RequestOut,
    responses=problem_responses(403, 404, 409),
)
async def cancel_request(
    request: RequestName, body: Reason, session: Session, caller: RequestsWrite, response: Response
) -> Any:
    """Give up a request of one's own; the service's owner may cancel any."""
    return _tagged(await actions.cancel_request(session, caller, request, body.reason), response)


@router.post(
    "/requests/{request}/reject",
    operation_id="reject_request",
    response_model=RequestOut,
    responses=problem_responses(403, 404, 409),
)
async def reject_request(
    request: RequestName, body: Reason, session: Session, caller: RequestsWrite, response: Response
) -> Any:
    """Turn a request down, as a holder of the next step's role or as the service's owner."""
    return _tagged(await actions.reject_request(session, caller, request, body.reason), response)


def _tagged(request: RequestOut, response: Response) -> RequestOut:
    set_etag(response, request.revision)
    return request
