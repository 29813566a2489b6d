"""HTTP of the seven tiers."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Request, Response
from starlette.concurrency import run_in_threadpool

from metrics_api.as_of.knowing import known
from metrics_api.tiers import actions, dangers, queries, reading
from metrics_api.tiers.asking import Asked
from metrics_api.tiers.parameters import TreeQuery
from metrics_api.tiers.picture import as_page, as_svg
from metrics_api.tiers.queries import LinkFilter
from metrics_api.tiers.rules import LinkKind
from metrics_api.tiers.schemas import (
    BrokenLink,
    EventDangers,
    IncidentDangers,
    KraCreate,
    KraOut,
    KraPatch,
    LinkCreate,
    LinkOut,
    Tree,
)
from metrics_api.versioned.actions import versions_page
from shared.kit.auth import Principal, requires
from shared.kit.clock import now
from shared.kit.database import Session
from shared.kit.etag import IfMatch, set_etag
from shared.kit.idempotency import Idempotent
from shared.kit.page_form import NOTHING_FETCHED
from shared.kit.pagination import PageQuery, page_of
from shared.kit.problems import problem_responses
from shared.kit.routing import Router
from shared.schemas.common import Key, Page, ShortText

router = Router(prefix="/v1", tags=["tiers"])

MetricsRead = Annotated[Principal, requires("metrics:read")]
TiersWrite = Annotated[Principal, requires("tiers:write")]
_PICTURE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The tree, drawn: it needs nothing but itself",
        "content": {
            "text/html": {"schema": {"type": "string"}},
            "image/svg+xml": {"schema": {"type": "string"}},
        },
    }
}


@router.post("/kras", status_code=201, operation_id="create_kra", responses=problem_responses(409))
async def create_kra(
    body: KraCreate, session: Session, caller: TiersWrite, response: Response, _: Idempotent
) -> KraOut:
    """Define a key result area and the KPIs that measure it."""
    kra = await actions.create_kra(session, caller, body)
    response.headers["Location"] = f"/v1/kras/{kra.key}"
    return _tagged(kra, response)


@router.get("/kras", operation_id="list_kras", response_model=Page[KraOut])
async def list_kras(
    session: Session,
    caller: MetricsRead,
    page: PageQuery,
    active: bool | None = None,
    objective: Key | None = None,
) -> Any:
    """Key result areas by key."""
    rows = await queries.list_kras(session, active=active, objective=objective, page=page)
    return page_of(rows, page, key=lambda row: (row.key,))


@router.get("/kras/{key}", operation_id="get_kra", responses=problem_responses(404))
async def get_kra(key: Key, session: Session, caller: MetricsRead, response: Response) -> KraOut:
    """One key result area."""
    return _tagged(await queries.get_kra(session, key), response)


@router.get(
    "/kras/{key}/versions",
    operation_id="list_kra_versions",
    response_model=Page[KraOut],
    responses=problem_responses(404),
)
async def list_kra_versions(
    key: Key, session: Session, caller: MetricsRead, page: PageQuery
) -> Any:
    """Every version of a key result area that was kept, newest first."""
    await queries.get_kra(session, key)
    return await versions_page(session, queries.KRAS, key, page)


@router.patch("/kras/{key}", operation_id="change_kra", responses=problem_responses(404, 412, 428))
async def change_kra(
    key: Key,
    body: KraPatch,
    session: Session,
    caller: TiersWrite,
    expected: IfMatch,
    response: Response,
) -> KraOut:
    """Change the fields that are named; give it up by `active: false`."""
    return _tagged(await actions.change_kra(session, caller, key, body, expected), response)


@router.get("/kras/{key}/tree", operation_id="get_kra_tree", responses=problem_responses(404))
async def get_kra_tree(
    key: Key, request: Request, session: Session, caller: MetricsRead, asked: TreeQuery
) -> Tree:
    """The whole tree in one call: every node's status, what made it red, what is broken."""
    return await _tree(request, session, key, asked)


@router.get(
    "/kras/{key}/tree/page",
    operation_id="get_kra_tree_page",
    response_class=Response,
    responses={**_PICTURE, **problem_responses(404)},
)
async def get_kra_tree_page(
    key: Key,
    request: Request,
    session: Session,
    caller: MetricsRead,
    asked: TreeQuery,
    picture: Annotated[bool, Query(description="the picture alone, as SVG")] = False,
) -> Response:
    """The tree to look at and to print: an HTML page, or the picture alone."""
    tree = await _tree(request, session, key, asked)
    body = await run_in_threadpool(as_svg if picture else as_page, tree)
    media_type = "image/svg+xml" if picture else "text/html; charset=utf-8"
    return Response(body, media_type=media_type, headers=NOTHING_FETCHED)


@router.post(
    "/tier-links",
    status_code=201,
    operation_id="create_tier_link",
    responses={200: {"model": LinkOut, "description": "The link was there"}},
)
async def create_tier_link(
    body: LinkCreate, session: Session, caller: TiersWrite, response: Response
) -> LinkOut:
    """Join two tiers; repeating it is harmless."""
    link, made = await actions.create_link(session, caller, body)
    response.headers["Location"] = f"/v1/tier-links/{link.id}"
    if not made:
        response.status_code = 200
    return LinkOut.model_validate(link)


@router.get("/tier-links", operation_id="list_tier_links", response_model=Page[LinkOut])
async def list_tier_links(
    session: Session,
    caller: MetricsRead,
    page: PageQuery,
    kind: LinkKind | None = None,
    upper: Annotated[ShortText | None, Query()] = None,
    lower: Annotated[ShortText | None, Query()] = None,
) -> Any:
    """Links by kind and ends."""
    rows = await queries.list_links(session, LinkFilter(kind, upper, lower), page)
    return page_of(rows, page, key=lambda row: (row.kind, row.upper, row.lower))


@router.delete(
    "/tier-links/{link}",
    status_code=204,
    operation_id="remove_tier_link",
    responses=problem_responses(404),
)
async def remove_tier_link(link: UUID, session: Session, caller: TiersWrite) -> None:
    """Undraw a link; it is kept for what was known before, and in the audit trail."""
    await actions.remove_link(session, caller, link)


@router.get(
    "/tier-links/broken",
    operation_id="list_broken_links",
    response_model=Page[BrokenLink],
    responses=problem_responses(400),
)
async def list_broken_links(session: Session, caller: MetricsRead, page: PageQuery) -> Any:
    """Links whose end is gone, and definitions that nothing measures, by where they hang."""
    rows = await queries.list_broken(session, now().date(), page)
    found = page_of(rows, page, key=lambda row: (row.tier, row.key, row.code, row.below))
    return {**found, "items": [reading.broken_row(row) for row in found["items"]]}


@router.get(
    "/incidents/{source}/{external_id}/endangers",
    operation_id="get_incident_dangers",
    responses=problem_responses(404),
)
async def get_incident_dangers(
    source: Key, external_id: ShortText, session: Session, caller: MetricsRead
) -> IncidentDangers:
    """Which vital activities and which guarantees of agreements an incident endangers."""
    return await dangers.of_incident(session, source, external_id)


@router.get(
    "/infrastructure-events/{source}/{external_id}/touches",
    operation_id="get_infrastructure_event_touches",
    responses=problem_responses(404),
)
async def get_infrastructure_event_touches(
    source: Key, external_id: ShortText, session: Session, caller: MetricsRead
) -> EventDangers:
    """Which vital activities an infrastructure event touches, by its component and service."""
    return await dangers.of_event(session, source, external_id)


async def _tree(request: Request, session: Session, key: str, asked: Asked) -> Tree:
    async with known(session, request.app.state.engine, asked.as_of) as seen:
        return await reading.read_tree(seen, key, asked)


def _tagged(kra: Any, response: Response) -> KraOut:
    set_etag(response, kra.version)
    return KraOut.model_validate(kra)
