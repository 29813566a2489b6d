"""Objectives, their links, the cascade and the alignment report over HTTP."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Query, Response

from catalog_api.objectives import actions, cascade_queries, queries, rules
from catalog_api.objectives.queries import ObjectiveFilters
from catalog_api.objectives.rules import Layer, LinkKind, ObjectiveState
from catalog_api.objectives.schemas import (
    AlignmentReport,
    CascadeNodeOut,
    ObjectiveCreate,
    ObjectiveLinkCreate,
    ObjectiveLinkOut,
    ObjectiveMove,
    ObjectiveOut,
    ObjectivePatch,
    ServedObjectiveOut,
    UnalignedServiceOut,
    UnservedObjectiveOut,
)
from catalog_api.registry.queries import require_service
from shared.kit.auth import Principal, requires
from shared.kit.database import Session
from shared.kit.etag import IfMatch, set_etag
from shared.kit.idempotency import Idempotent
from shared.kit.pagination import PageParams, PageQuery, page_of
from shared.kit.problems import problem_responses
from shared.kit.routing import Router
from shared.schemas.common import Key, Page, ShortText

router = Router(prefix="/v1", tags=["objectives"])

CatalogRead = Annotated[Principal, requires("catalog:read")]
CatalogWrite = Annotated[Principal, requires("catalog:write")]


async def objective_filters(
    layer: Layer | None = None,
    state: ObjectiveState | None = None,
    parent: Annotated[Key | None, Query(description="contributes to this objective")] = None,
    owner: ShortText | None = None,
) -> ObjectiveFilters:
    return ObjectiveFilters(layer, state, parent, owner)


Filters = Annotated[ObjectiveFilters, Depends(objective_filters)]


@router.post(
    "/objectives",
    status_code=201,
    operation_id="create_objective",
    response_model=ObjectiveOut,
    responses=problem_responses(409),
)
async def create_objective(
    body: ObjectiveCreate, session: Session, caller: CatalogWrite, response: Response, _: Idempotent
) -> Any:
    """Create an active objective below an active one of the layer above."""
    objective = await actions.create_objective(session, caller, body)
    response.headers["Location"] = f"/v1/objectives/{objective.key}"
    return _tagged(objective, response)


@router.get("/objectives", operation_id="list_objectives", response_model=Page[ObjectiveOut])
async def list_objectives(
    session: Session, caller: CatalogRead, filters: Filters, page: PageQuery
) -> Any:
    """Objectives by key."""
    return _by_key(await queries.list_objectives(session, filters, page), page)


@router.get(
    "/objectives/{key}",
    operation_id="get_objective",
    response_model=ObjectiveOut,
    responses=problem_responses(404),
)
async def get_objective(key: Key, session: Session, caller: CatalogRead, response: Response) -> Any:
    """An objective with its state and since when it has it."""
    return _tagged(await queries.get_objective(session, key), response)


@router.patch(
    "/objectives/{key}",
    operation_id="change_objective",
    response_model=ObjectiveOut,
    responses=problem_responses(404, 409, 412, 428),
)
async def change_objective(
    key: Key,
    body: ObjectivePatch,
    session: Session,
    caller: CatalogWrite,
    expected: IfMatch,
    response: Response,
) -> Any:
    """Change the fields that are named; a new parent stands on the layer above as well."""
    return _tagged(await actions.change_objective(session, caller, key, body, expected), response)


@router.post(
    "/objectives/{key}/state",
    operation_id="move_objective",
    response_model=ObjectiveOut,
    responses=problem_responses(404, 409, 412, 428),
)
async def move_objective(
    key: Key,
    body: ObjectiveMove,
    session: Session,
    caller: CatalogWrite,
    expected: IfMatch,
    response: Response,
) -> Any:
    """Achieve, drop or take up again; refused while active objectives still contribute to it."""
    return _tagged(await actions.move_objective(session, caller, key, body, expected), response)


@router.get(
    "/objectives/{key}/cascade",
    operation_id="get_objective_cascade",
    response_model=Page[CascadeNodeOut],
    responses=problem_responses(404),
)
async def get_objective_cascade(
    key: Key, session: Session, caller: CatalogRead, page: PageQuery
) -> Any:
    """The objective and the tree below it, each node followed by those below it."""
    if page.after is None:
        await queries.get_objective(session, key)
    found = page_of(
        await cascade_queries.list_cascade(session, key, page), page, key=lambda row: (row.path,)
    )
    nodes = [{**row._asdict(), "path": row.path.split()} for row in found["items"]]
    return {**found, "items": nodes}


@router.post(
    "/objectives/{key}/links",
    status_code=201,
    operation_id="link_objective",
    response_model=ObjectiveLinkOut,
    responses=problem_responses(404, 409),
)
async def link_objective(
    key: Key,
    body: ObjectiveLinkCreate,
    session: Session,
    caller: CatalogWrite,
    response: Response,
    _: Idempotent,
) -> Any:
    """Say that a service, a KRA or an improvement objective serves this active objective."""
    link = await actions.link_objective(session, caller, key, body)
    response.headers["Location"] = f"/v1/objectives/{key}/links/{link.id}"
    return link


@router.get(
    "/objectives/{key}/links",
    operation_id="list_objective_links",
    response_model=Page[ObjectiveLinkOut],
    responses=problem_responses(404),
)
async def list_objective_links(
    key: Key,
    session: Session,
    caller: CatalogRead,
    page: PageQuery,
    kind: LinkKind | None = None,
) -> Any:
    """What serves the objective itself, the oldest link first."""
    await queries.get_objective(session, key)
    rows = await queries.list_links(session, key, kind, page)
    return page_of(rows, page, key=lambda row: (row.linked_at, row.id))


@router.get(
    "/objectives/{key}/links/{link_id}",
    operation_id="get_objective_link",
    response_model=ObjectiveLinkOut,
    responses=problem_responses(404),
)
async def get_objective_link(key: Key, link_id: UUID, session: Session, caller: CatalogRead) -> Any:
    """One link of the objective."""
    return await queries.get_link(session, key, link_id)


@router.delete(
    "/objectives/{key}/links/{link_id}",
    status_code=204,
    operation_id="unlink_objective",
    responses=problem_responses(404),
)
async def unlink_objective(key: Key, link_id: UUID, session: Session, caller: CatalogWrite) -> None:
    """Take the link away; the audit trail keeps that it was there."""
    await actions.unlink_objective(session, caller, key, link_id)


@router.get(
    "/services/{key}/objectives",
    operation_id="list_served_objectives",
    response_model=Page[ServedObjectiveOut],
    responses=problem_responses(404),
)
async def list_served_objectives(
    key: Key,
    session: Session,
    caller: CatalogRead,
    page: PageQuery,
    state: ObjectiveState | None = None,
) -> Any:
    """The objectives that a service serves directly, by key."""
    await require_service(session, key)
    return _by_key(await queries.list_served(session, key, state, page), page)


@router.get("/reports/alignment", operation_id="get_alignment_report")
async def get_alignment_report(
    session: Session,
    caller: CatalogRead,
    limit: Annotated[int, Query(ge=1, le=500, description="items of each list")] = 100,
) -> AlignmentReport:
    """Objectives that nothing serves and services that serve none, counted and listed."""
    first = PageParams(limit, None)
    unserved = await cascade_queries.list_unserved(session, None, first)
    unaligned = await cascade_queries.list_unaligned(session, None, first)
    service_count, unaligned_count = await cascade_queries.count_services(session)
    layers = rules.by_layer(await cascade_queries.count_objectives(session))
    return AlignmentReport.model_validate(
        {
            "layers": layers,
            "active_objective_count": sum(layer.active for layer in layers),
            "unserved_objective_count": sum(layer.unserved for layer in layers),
            "service_count": service_count,
            "unaligned_service_count": unaligned_count,
            "unserved_objectives": _by_key(unserved, first),
            "unaligned_services": _by_key(unaligned, first),
        }
    )


@router.get(
    "/reports/alignment/unserved-objectives",
    operation_id="list_unserved_objectives",
    response_model=Page[UnservedObjectiveOut],
)
async def list_unserved_objectives(
    session: Session, caller: CatalogRead, page: PageQuery, layer: Layer | None = None
) -> Any:
    """Active objectives that nothing serves, neither directly nor through those below, by key."""
    return _by_key(await cascade_queries.list_unserved(session, layer, page), page)


@router.get(
    "/reports/alignment/unaligned-services",
    operation_id="list_unaligned_services",
    response_model=Page[UnalignedServiceOut],
)
async def list_unaligned_services(
    session: Session,
    caller: CatalogRead,
    page: PageQuery,
    portfolio: Annotated[Key | None, Query(description="key of a portfolio")] = None,
) -> Any:
    """Services, not retired, that serve no active objective, by key."""
    return _by_key(await cascade_queries.list_unaligned(session, portfolio, page), page)


def _by_key(rows: Any, page: PageParams) -> Any:
    return page_of(rows, page, key=lambda row: (row.key,))


def _tagged(objective: Any, response: Response) -> Any:
    set_etag(response, objective.revision)
    return objective
