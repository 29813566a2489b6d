"""HTTP of Prometheus servers."""

from typing import Annotated, Any

from fastapi import Response

from metrics_api.prometheus import actions, queries
from metrics_api.prometheus.schemas import QueryOut, ServerCreate, ServerOut, ServerPatch
from metrics_api.slis.schemas import ObjectKey
from shared.kit.auth import Principal, requires
from shared.kit.database import Session
from shared.kit.etag import IfMatch, set_etag
from shared.kit.idempotency import Idempotent
from shared.kit.pagination import PageQuery, page_of
from shared.kit.problems import problem_responses
from shared.kit.routing import Router
from shared.schemas.common import Page

router = Router(prefix="/v1", tags=["prometheus"])

MetricsRead = Annotated[Principal, requires("metrics:read")]
SlosWrite = Annotated[Principal, requires("slos:write")]


@router.post(
    "/prometheus-servers",
    status_code=201,
    operation_id="create_prometheus_server",
    responses=problem_responses(409),
)
async def create_prometheus_server(
    body: ServerCreate, session: Session, caller: SlosWrite, response: Response, _: Idempotent
) -> ServerOut:
    """Say where a Prometheus server is; SLIs with a feed of its key are asked for each minute."""
    server = await actions.create_server(session, caller, body)
    response.headers["Location"] = f"/v1/prometheus-servers/{server.key}"
    return _tagged(server, response)


@router.get(
    "/prometheus-servers",
    operation_id="list_prometheus_servers",
    response_model=Page[ServerOut],
)
async def list_prometheus_servers(session: Session, caller: MetricsRead, page: PageQuery) -> Any:
    """Servers by key, without their tokens."""
    rows = await queries.list_servers(session, page)
    found = page_of(rows, page, key=lambda row: (row.key,))
    return {**found, "items": [_out(row) for row in found["items"]]}


@router.get(
    "/prometheus-servers/{key}",
    operation_id="get_prometheus_server",
    responses=problem_responses(404),
)
async def get_prometheus_server(
    key: ObjectKey, session: Session, caller: MetricsRead, response: Response
) -> ServerOut:
    """One server, without its token."""
    return _tagged(await queries.get_server(session, key), response)


@router.patch(
    "/prometheus-servers/{key}",
    operation_id="change_prometheus_server",
    responses=problem_responses(404, 412, 428),
)
async def change_prometheus_server(
    key: ObjectKey,
    body: ServerPatch,
    session: Session,
    caller: SlosWrite,
    expected: IfMatch,
    response: Response,
) -> ServerOut:
    """Change the fields that are named; `active: false` asks it no more."""
    return _tagged(await actions.change_server(session, caller, key, body, expected), response)


@router.get(
    "/prometheus-queries", operation_id="list_prometheus_queries", response_model=Page[QueryOut]
)
async def list_prometheus_queries(session: Session, caller: MetricsRead, page: PageQuery) -> Any:
    """How the queries of each SLI fare: how far they are, and what went wrong last."""
    rows = await queries.list_query_states(session, page)
    return page_of(rows, page, key=lambda row: (row.sli,))


def _out(server: Any) -> ServerOut:
    return ServerOut.model_validate({**server._mapping, "has_token": server.token is not None})


def _tagged(server: Any, response: Response) -> ServerOut:
    set_etag(response, server.version)
    return _out(server)
